package load

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// settleSessions brings windows of usage_new into the tables. Sessions that are new are copied straight into them; what is
// left of a window is merged, if it is the only one.
func (w *Warehouse) settleSessions(ctx context.Context, tx pgx.Tx, parts []*part, single bool) error {
	known, err := anyKnown(ctx, tx, parts)
	if err != nil {
		return err
	}
	var copies []copying
	for i, p := range parts {
		s, err := sift(ctx, tx, p.Window, p.Batch, known[i])
		if err != nil {
			return fmt.Errorf("sift: %w", err)
		}
		c := copying{p, s}
		if p.alone = c.merges() && !single; p.alone {
			continue
		}
		copies = append(copies, c)
	}
	if err := copySessions(ctx, tx, copies); err != nil {
		return err
	}
	for _, c := range copies {
		if err := c.rest(ctx, tx, w.mayShrink); err != nil {
			return err
		}
	}
	return nil
}

// merges tells whether a window needs a merge.
func (c copying) merges() bool { return c.lacking || c.n[toMerge] > 0 || c.rejects }

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

// copying is a window whose new sessions are to be copied.
type copying struct {
	*part
	*sifting
}

// The columns of the tables in the order in which they are copied: those that a window's rows share, then those that
// are encoded for staging.
var (
	sessionColumns = slices.Concat([]string{"account_id", "load_id", "loaded_at", "occurrence"}, UsageNew.stages[0].columns[sessionFields-sessionOwn:])
	eventColumns   = slices.Concat([]string{"account_id", "session_id"}, UsageNew.stages[1].columns[eventFields-eventOwn:])
)

// roundSize is how many bytes of rows are copied at a time, sessions and their events in turn.
const roundSize = 1 << 20

// round is rows on their way into the two tables.
type round struct {
	sessions, events bytes.Buffer
	count, children  int64
}

var rounds = sync.Pool{New: func() any { return new(round) }}

// copySessions copies what is new into the tables, oldest first.
func copySessions(ctx context.Context, tx pgx.Tx, all []copying) error {
	r := rounds.Get().(*round)
	defer rounds.Put(r)
	r.reset()
	var t tuple
	for _, c := range all {
		if c.n[isNew] == 0 || c.lacking {
			continue
		}
		for _, i := range c.Batch.sessions.oldestFirst() {
			sessions, err := c.reader.read(i)
			if err != nil {
				return err
			}
			for _, x := range sessions {
				if c.fates[x.number] != isNew {
					continue
				}
				if r.add(&t, x, c.part); r.sessions.Len()+r.events.Len() < roundSize {
					continue
				}
				if err := r.copy(ctx, tx.Conn().PgConn()); err != nil {
					return err
				}
			}
		}
	}
	return r.copy(ctx, tx.Conn().PgConn())
}

// oldestFirst orders the chunks by where they begin: the API answers newest first.
func (x *sessionIndex) oldestFirst() []int {
	order := make([]int, len(x.chunks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return x.chunks[a].start.Compare(x.chunks[b].start) })
	return order
}

func (r *round) reset() {
	r.sessions.Reset()
	r.events.Reset()
	r.count, r.children = 0, 0
}

// add adds a session's rows as the tables take them.
func (r *round) add(t *tuple, x session, p *part) {
	t.start(len(sessionColumns))
	t.text(p.Account)
	t.int8(p.Load)
	t.timestamptz(p.now)
	t.int2(1)
	r.sessions.Write(t.b)
	r.sessions.Write(x.row[atID:])
	r.count++
	for rest := x.events; len(rest) > 0; r.children++ {
		var row []byte
		row, rest = cutRow(rest, eventFields)
		t.start(len(eventColumns))
		t.text(p.Account)
		t.bytea(x.id())
		r.events.Write(t.b)
		r.events.Write(row[atEventID:])
	}
}

func (r *round) copy(ctx context.Context, conn *pgconn.PgConn) error {
	defer r.reset()
	if r.count == 0 {
		return nil
	}
	count, err := copyRows(ctx, conn, "crankwheel.screen_sessions", sessionColumns, &r.sessions)
	if err != nil {
		return err
	}
	children, err := int64(0), error(nil)
	if r.children > 0 {
		children, err = copyRows(ctx, conn, "crankwheel.screen_session_events", eventColumns, &r.events)
	}
	if err == nil && (count != r.count || children != r.children) {
		return fmt.Errorf("conservation: %d sessions and %d events are new, but %d and %d were inserted", r.count, r.children, count, children)
	}
	return err
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
