package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wheelhouse/internal/spare"
)

// settleSessions brings windows of usage_new into the tables. Sessions that are new are copied straight into them; what is
// left of each window is merged.
func (w *Warehouse) settleSessions(ctx context.Context, tx pgx.Tx, parts []*part) error {
	var copies []copying
	reader := readers.Get()
	defer reader.done()
	for _, p := range parts {
		s, err := sift(ctx, tx, p.Window, p.Batch, reader, p.known)
		if err != nil {
			return fmt.Errorf("sift: %w", err)
		}
		copies = append(copies, copying{p, s})
	}
	if err := w.copySessions(ctx, tx, copies); err != nil {
		return err
	}
	staged := false
	for _, c := range copies {
		if c.merges() && staged { // the window before left its rows there
			if _, err := tx.Conn().PgConn().Exec(ctx, UsageNew.sql["unstage"]).ReadAll(); err != nil {
				return fmt.Errorf("unstage: %w", err)
			}
		}
		staged = staged || c.merges()
		if err := c.rest(ctx, tx, w.mayShrink); err != nil {
			return err
		}
	}
	return nil
}

// merges tells whether a window needs a merge.
func (c copying) merges() bool { return c.lacking || c.n[toMerge] > 0 || c.rejects }

// copying is a window whose new sessions are to be copied.
type copying struct {
	*part
	*sifting
}

// roundSize is how many bytes of rows are copied at a time, sessions and their events in turn: four usual days of a large account.
const roundSize = 6 << 20

// newSessions goes through what is new in some windows that each have such, oldest first.
type newSessions struct {
	left     []copying
	chunks   []int // of the first that is left
	sessions []session
	part     *part // theirs
	fates    []fate
}

// next returns a session that is new, and nil for its part at the end. It is valid until the next is asked for.
func (n *newSessions) next() (session, *part, error) {
	for {
		for len(n.sessions) > 0 {
			x := n.sessions[0]
			if n.sessions = n.sessions[1:]; n.fates[x.number] == isNew {
				return x, n.part, nil
			}
		}
		if len(n.left) == 0 {
			return session{}, nil, nil
		}
		c := n.left[0]
		switch {
		case n.part != c.part:
			n.part, n.fates, n.chunks = c.part, c.fates, c.Batch.sessions.oldestFirst()
		case len(n.chunks) == 0:
			n.left = n.left[1:]
			continue
		}
		var err error
		if n.sessions, err = c.reader.read(c.Batch, n.chunks[0]); err != nil {
			return session{}, nil, err
		}
		n.chunks = n.chunks[1:]
	}
}

// round is rows on their way into the two tables. It is read as those of the sessions, encoded while Postgres takes them.
type round struct {
	from            newSessions
	sessions        bytes.Buffer // those that nobody has read yet
	events          spare.Bytes
	size            int
	count, children int64
	over            bool  // nothing is left
	copied          int64 // sessions, by the rounds before
}

var readers = make(spare.List[chunkReader], 4)

// copySessions copies what is new into the tables.
func (w *Warehouse) copySessions(ctx context.Context, tx pgx.Tx, all []copying) error {
	due, left := int64(0), make([]copying, 0, len(all))
	for _, c := range all {
		if !c.lacking && c.n[isNew] > 0 {
			due, left = due+c.n[isNew], append(left, c)
		}
	}
	r := &round{from: newSessions{left: left}}
	defer r.events.Truncate(0)
	for !r.over {
		if err := w.copyRound(ctx, tx.Conn().PgConn(), r); err != nil {
			return err
		}
	}
	if r.copied != due {
		return fmt.Errorf("conservation: %d sessions are new, but %d were copied", due, r.copied)
	}
	return nil
}

// copyRound copies some sessions, and then their events.
func (w *Warehouse) copyRound(ctx context.Context, conn *pgconn.PgConn, r *round) error {
	r.events.Truncate(0)
	r.size, r.count, r.children = 0, 0, 0
	if err := r.fill(); err != nil || r.count == 0 {
		return err
	}
	count, err := w.copyInTurn(ctx, conn, r)
	if err != nil {
		return err
	}
	children, err := int64(0), error(nil)
	if r.children > 0 {
		children, err = copyRows(ctx, conn, "crankwheel.screen_session_events", eventColumns, r.events.Reader())
	}
	if err == nil && (count != r.count || children != r.children) {
		return fmt.Errorf("conservation: %d sessions and %d events are new, but %d and %d were inserted", r.count, r.children, count, children)
	}
	r.copied += count
	return err
}

// copyInTurn copies a round's sessions. Rows that come before others fill the pages of an index half: while one transaction copies
// sessions, the next, whose days are later as a rule, waits, or copies events. (Those, too, in turn would save 2 % of WAL and take longer.)
func (w *Warehouse) copyInTurn(ctx context.Context, conn *pgconn.PgConn, r *round) (int64, error) {
	defer w.sessionsTurn.take(ctx, w.lease/16)()
	return copyRows(ctx, conn, "crankwheel.screen_sessions", sessionColumns, r)
}

// turn is who of this process copies into a table. It is a courtesy: nobody waits long for it, since who has it may wait, in Postgres, for
// who waits.
type turn chan struct{}

// take waits for the turn, and returns what gives it up.
func (t turn) take(ctx context.Context, longest time.Duration) (release func()) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }
	case <-timer.C:
	case <-ctx.Done():
	}
	return func() {}
}

// Read reads the sessions' rows, up to the end of the round.
func (r *round) Read(p []byte) (int, error) {
	if r.sessions.Len() == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	return r.sessions.Read(p)
}

// fill encodes some more rows, if the round is not full.
func (r *round) fill() error {
	for r.sessions.Len() < 32<<10 && r.size < roundSize {
		x, p, err := r.from.next()
		if r.over = p == nil; err != nil || r.over {
			return err
		}
		r.add(x, p)
	}
	return nil
}

// add adds a session's rows, and says who loads them when.
func (r *round) add(x session, p *part) {
	r.sessions.Write(x.row)
	own := r.sessions.Bytes()[r.sessions.Len()-len(x.row):]
	binary.BigEndian.PutUint64(own[atLoad:], uint64(p.Load))
	binary.BigEndian.PutUint64(own[atLoadedAt:], uint64(p.now.UnixMicro()-postgresEpoch))
	_, _ = r.events.Write(x.events) // never fails
	r.count, r.children, r.size = r.count+1, r.children+int64(x.count), r.size+len(x.row)+len(x.events)
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
