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

// stageSessions copies sessions into staging: all, or of sifted ones those that are to be merged.
func stageSessions(ctx context.Context, conn *pgconn.PgConn, b *Batch, s *sifting) (copied int64, err error) {
	r := readers.Get()
	defer r.done()
	for i := range b.sessions.chunks {
		sessions, err := r.read(b, i)
		if err != nil {
			return 0, err
		}
		var rows, events tuple
		for _, x := range sessions {
			if s == nil || s.fates[x.number] == toMerge {
				x.stage(&rows, &events, b.account)
			}
		}
		for j, t := range []tuple{rows, events} {
			if len(t.b) == 0 {
				continue
			}
			stage := UsageNew.stages[j]
			n, err := copyRows(ctx, conn, "pg_temp."+stage.table, stage.columns, bytes.NewReader(t.b))
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

// stage appends a session's rows as staging takes them.
func (s *session) stage(rows, events *tuple, account string) {
	content := hashOf(s.events, s.row)
	n := int64(s.number) + 1
	rows.fields(sessionFields)
	rows.int8(n)
	rows.int2(s.part)
	rows.bytea(content[:])
	last := 4 + len(account)
	rows.b = append(rows.b, s.row[atID:len(s.row)-last]...)
	for rest := s.events; len(rest) > 0; {
		var row []byte
		row, rest = cutRow(rest, len(eventColumns))
		events.fields(eventFields)
		events.int8(n)
		events.b = append(events.b, row[atSeq:len(row)-last]...)
	}
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
