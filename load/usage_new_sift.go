package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// fate is what is to be done with a session of a batch.
type fate byte

const (
	toMerge fate = iota // by way of staging
	isNew               // no session of its agent in its second is known: it is copied into its table
	isKnown             // the warehouse has the same
)

// sifting tells new sessions, and those that the warehouse has, from those that only a merge can place: twins, and what
// differs. It reads what the warehouse has of the batch's stretch of time, and writes nothing.
//
// A merge of the rest comes to the same as a merge of all. It looks at whole groups of twins, and a group is never
// sifted apart: a session that shares agent and second with another, in the batch or in the warehouse, is merged. Where
// the warehouse holds what the batch does not bring at all, everything is merged.
type sifting struct {
	lacking bool     // the warehouse holds what the batch does not bring: all is to be merged
	fates   []fate   // by the sessions' numbers
	n       [3]int64 // of each fate

	reader *chunkReader
	held   int64                 // rows that a load of this window may find gone, before it wrote any
	again  map[uint64]bool       // twins within the batch
	met    int64                 // rows that a load of this window may find gone, and whose session came
	merged map[[16]byte]struct{} // such rows of groups that are merged
}

// sift sifts a window's batch; known tells whether the warehouse has anything of its stretch of time.
func sift(ctx context.Context, tx pgx.Tx, win Window, b *Batch, r *chunkReader, known bool) (*sifting, error) {
	s := &sifting{reader: r, fates: make([]fate, len(b.sessions.twins)), again: repeated(b.sessions.twins), merged: map[[16]byte]struct{}{}}
	if !known && b.sessions.within(win) { // nothing to hold them against: they need not be read
		for n, key := range b.sessions.twins {
			if !s.again[key] {
				s.fates[n] = isNew
			}
		}
		return s.counted(), nil
	}
	for i := range b.sessions.chunks {
		sessions, err := r.read(b, i)
		if err != nil {
			return nil, err
		}
		if err := s.siftChunk(ctx, tx, win, sessions, b.sessions.twins, known); err != nil {
			return nil, err
		}
	}
	if known {
		if err := tx.QueryRow(ctx, UsageNew.sql["held"], win.args()).Scan(&s.held); err != nil {
			return nil, err
		}
		s.lacking = s.held != s.met+int64(len(s.merged))
	}
	return s.counted(), nil
}

func (s *sifting) counted() *sifting {
	for _, f := range s.fates {
		s.n[f]++
	}
	return s
}

// siftChunk sifts sessions in the order of their ids. Those that begin outside the window are left to the merge: other
// windows may show them too, and they may be far from the others.
func (s *sifting) siftChunk(ctx context.Context, tx pgx.Tx, win Window, sessions []session, twins []uint64, known bool) error {
	inside := slices.DeleteFunc(sessions, func(x session) bool { return x.start().Before(win.From) || !x.start().Before(win.To) })
	if len(inside) == 0 {
		return nil
	}
	first, last := inside[0].start().Truncate(time.Second), inside[len(inside)-1].start().Truncate(time.Second)
	alone := slices.DeleteFunc(inside, func(x session) bool { return s.again[twins[x.number]] })
	for _, x := range alone {
		s.fates[x.number] = isNew
	}
	if !known {
		return nil
	}
	args := win.args()
	args["low"], args["high"] = sessionFloor(first), sessionFloor(last.Add(time.Second))
	c := sifter{sifting: s, sessions: alone}
	return c.sift(ctx, tx, args)
}

// sessionFloor is what wheelhouse.session_floor computes: not above the id of any session that starts then or later.
func sessionFloor(at time.Time) string {
	ms := min(max(at.UnixMilli(), 0), 1<<48-1)
	return fmt.Sprintf("%08x-%04x-0000-0000-000000000000", ms>>16, ms&0xffff)
}

// knownArgs asks for each window whether the warehouse has anything of its stretch of time.
func knownArgs(windows []Window) pgx.NamedArgs {
	var lows, highs []string
	for _, win := range windows {
		lows, highs = append(lows, sessionFloor(win.From)), append(highs, sessionFloor(win.To))
	}
	return pgx.NamedArgs{"account": windows[0].Account, "lows": lows, "highs": highs}
}

// sifter sifts one chunk's sessions that stand alone in their batch.
type sifter struct {
	*sifting
	sessions []session      // in the order of their ids
	byTwin   map[uint64]int // made when it is needed
}

func (c *sifter) sift(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	next, found := 0, false
	err := eachRaw(ctx, tx, UsageNew.sql["sift_sessions"], args, func(v [][]byte) {
		found = true
		for next < len(c.sessions) && bytes.Compare(c.sessions[next].id(), v[0]) < 0 {
			next++
		}
		if next < len(c.sessions) && bytes.Equal(c.sessions[next].id(), v[0]) {
			c.hold(&c.sessions[next], v)
		} else {
			c.twin(v)
		}
	})
	if err != nil || !found {
		return err
	}
	return c.siftEvents(ctx, tx, args)
}

// What the sift's statement tells after a session's own columns.
const (
	heldDeleted = sessionOwn + iota
	heldFirst   // its occurrence is 1
	heldWhole   // a load of the window may find it gone
)

// hold holds a session against the warehouse's row of its id.
func (c *sifter) hold(x *session, v [][]byte) {
	known := c.fates[x.number] == isNew && !isTrue(v[heldDeleted]) && isTrue(v[heldFirst]) && sameFields(x.row[atID:], v[:sessionOwn])
	c.fates[x.number] = toMerge
	if known {
		c.fates[x.number] = isKnown
	}
	if isTrue(v[heldWhole]) {
		c.met++
	}
}

// twin looks at a row of the warehouse whose id none of the sessions has. If it is the twin of one, they are merged.
func (c *sifter) twin(v [][]byte) {
	start := time.UnixMicro(int64(binary.BigEndian.Uint64(v[2])) + postgresEpoch)
	key := twinKey(string(v[1]), start.Unix())
	i, found := c.twinOf(key)
	if found {
		c.fates[c.sessions[i].number] = toMerge
	}
	if isTrue(v[heldWhole]) && (found || c.again[key]) {
		c.merged[[16]byte(v[0])] = struct{}{}
	}
}

// twinOf finds the session that shares agent and second with a row of the warehouse.
func (c *sifter) twinOf(key uint64) (i int, found bool) {
	if c.byTwin == nil {
		c.byTwin = make(map[uint64]int, len(c.sessions))
		for i, x := range c.sessions {
			c.byTwin[twinKey(string(x.agent()), x.start().Unix())] = i
		}
	}
	i, found = c.byTwin[key]
	return i, found
}

// siftEvents holds the events of those sessions that seem known against the warehouse's.
func (c *sifter) siftEvents(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	if len(c.sessions) == 0 {
		return nil
	}
	next, left := 0, c.sessions[0].events
	// over ends a session whose events were all looked at.
	over := func() {
		if x := &c.sessions[next]; len(left) > 0 && c.fates[x.number] == isKnown {
			c.fates[x.number] = toMerge
		}
		if next++; next < len(c.sessions) {
			left = c.sessions[next].events
		}
	}
	err := eachRaw(ctx, tx, UsageNew.sql["sift_events"], args, func(v [][]byte) {
		for next < len(c.sessions) && bytes.Compare(c.sessions[next].id(), v[0]) < 0 {
			over()
		}
		if next == len(c.sessions) || !bytes.Equal(c.sessions[next].id(), v[0]) {
			return
		}
		x := &c.sessions[next]
		var row []byte
		if len(left) > 0 {
			row, left = cutRow(left, len(eventColumns))
		}
		if c.fates[x.number] == isKnown && (row == nil || !sameFields(row[atSeq:], v[1:])) {
			c.fates[x.number] = toMerge
		}
	})
	for err == nil && next < len(c.sessions) {
		over()
	}
	return err
}
