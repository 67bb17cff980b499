package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Claim is a process's right to load a window, as long as it renews the lease.
type Claim struct {
	Due
	Load int64  // wheelhouse.loads.id
	Hash []byte // of the answer of the newest load, if that load was of exactly this window and of one answer; else nil
	Err  error  // ErrBusy or ErrLoaded: the window was not claimed

	began time.Time // by this machine's clock
	clock time.Time // the same moment by the database's clock
}

// At converts a moment of this machine's clock, after the claim, to the database's clock.
func (c Claim) At(t time.Time) time.Time { return c.clock.Add(t.Sub(c.began)) }

// Claim claims the free ones among windows of one stream of one account. It returns a claim for each window, in the same order.
func (l *Ledger) Claim(ctx context.Context, run int64, due ...Due) (claims []Claim, err error) {
	known := make([]int64, len(due))
	for i, d := range due {
		known[i] = d.Known
	}
	args := spans(due, func(d Due) Window { return d.Window })
	args["run"], args["known"], args["lease"], args["idle"] = run, known, l.lease.Seconds(), l.IdleTimeout()
	tried := false
	err = l.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		if tried {
			// The try before may have committed although the acknowledgement was lost.
			claims, err = claim(ctx, tx, due, args, "lock_stream", "claimed")
			if err != nil || slices.ContainsFunc(claims, func(c Claim) bool { return c.Err == nil }) {
				return err
			}
		}
		tried = true
		claims, err = claim(ctx, tx, due, args, "lock_stream", "abandon", "claim")
		return err
	})
	for i := range claims {
		claims[i].began = time.Now()
	}
	return claims, err
}

// claim runs statements of ledger.sql. The last one returns a row for each window.
func claim(ctx context.Context, tx pgx.Tx, due []Due, args pgx.NamedArgs, names ...string) (claims []Claim, err error) {
	var batch pgx.Batch
	last := len(names) - 1
	for _, name := range names[:last] {
		batch.Queue(ledger[name], args)
	}
	batch.Queue(ledger[names[last]], args).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			c := Claim{Due: due[len(claims)]}
			var busy, loaded bool
			if err := rows.Scan(&busy, &loaded, &c.Load, &c.clock, &c.Hash); err != nil {
				return err
			}
			switch {
			case busy:
				c.Err = ErrBusy
			case loaded:
				c.Err = ErrLoaded
			}
			claims = append(claims, c)
		}
		return rows.Err()
	})
	err = tx.SendBatch(ctx, &batch).Close()
	return claims, err
}

// Renew renews the lease until ctx ends. If the lease has passed to another process, Renew calls lost and returns.
func (l *Ledger) Renew(ctx context.Context, c Claim, lost func()) {
	tick := time.NewTicker(l.lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var renewed int64
		err := l.db.Once(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, ledger["renew"], pgx.NamedArgs{"load": c.Load, "lease": l.lease.Seconds()})
			renewed = tag.RowsAffected()
			return err
		})
		if err == nil && renewed == 0 {
			lost()
			return
		}
	}
}

// Return ends a claim and removes its load, as if the window had not been claimed.
func (l *Ledger) Return(ctx context.Context, c Claim) error {
	return l.exec(ctx, "return", pgx.NamedArgs{"load": c.Load})
}

// Asked is the result of asking the API for a window, without the rows.
type Asked struct {
	RequestIDs    []string
	Attempts      int
	SourceCount   *int64
	SourceSeconds *int64
	Reconciled    *bool
	Missing       string   // the parts of the window that could not be had, and why, without data
	Unknown       []string // members beside the records that the stream does not know

	Hash []byte // of the answer, if one answer was the whole window; else nil
	Same bool   // the answer has the claim's Hash, and was not decoded
}

// Fail ends a claim whose window was not loaded. The text of why must have no data.
func (l *Ledger) Fail(ctx context.Context, c Claim, asked Asked, why error) error {
	args := pgx.NamedArgs{"load": c.Load, "request_ids": asked.RequestIDs, "attempts": asked.Attempts, "error": why.Error()}
	return l.db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, ledger["failed"], args); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, ledger["release"], args)
		return err
	})
}
