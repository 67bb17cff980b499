package load

import (
	"bytes"
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// rest merges what a sift has left of a window, and counts it all.
func (c copying) rest(ctx context.Context, tx pgx.Tx, mayShrink bool) error {
	switch {
	case c.lacking:
		return merge(ctx, tx, c.part, nil, mayShrink)
	case c.merges():
		c.args["sifted"] = true
		return merge(ctx, tx, c.part, c.sifting, mayShrink)
	}
	c.counts.add(c.sifting)
	return conserve(c.counts, tally{}, c.settled(), 0, 0)
}

// stageSessions copies the sessions that are to be merged into staging.
func stageSessions(ctx context.Context, conn *pgconn.PgConn, b *Batch, s *sifting) (copied int64, err error) {
	for i := range b.sessions.chunks {
		sessions, err := s.reader.read(i)
		if err != nil {
			return 0, err
		}
		var rows [2]bytes.Buffer
		for _, x := range sessions {
			if s.fates[x.number] == toMerge {
				rows[0].Write(x.row)
				rows[1].Write(x.events)
			}
		}
		for j := range rows {
			if rows[j].Len() == 0 {
				continue
			}
			stage := UsageNew.stages[j]
			n, err := copyRows(ctx, conn, "pg_temp."+stage.table, stage.columns, &rows[j])
			if err != nil {
				return 0, err
			}
			if j == 0 {
				copied += n
			}
		}
	}
	return copied, nil
}

// heldOr is what was held before the new sessions were copied, or for rows that were not sifted what count says.
func (s *sifting) heldOr(count func() int64) int64 {
	if s == nil {
		return count()
	}
	return s.held
}

// settled is how many sessions had no need of staging.
func (s *sifting) settled() int64 {
	if s == nil {
		return 0
	}
	return s.n[isNew] + s.n[isKnown]
}

// add adds what a sift has settled.
func (n *Counts) add(s *sifting) {
	if s != nil {
		n.Inserted += s.n[isNew]
		n.Unchanged += s.n[isKnown]
	}
}
