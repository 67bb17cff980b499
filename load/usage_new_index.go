package load

import (
	"hash/maphash"
	"slices"
	"time"

	"wheelhouse/transform"
)

// sessionIndex tells of a batch's sessions what sifting them needs: which may be twins, and where they can be read again
// a chunk at a time. It takes 8 bytes a session, and sifting 9 more for a while.
type sessionIndex struct {
	twins  []uint64 // a hash of agent and second each, in the order of the rows
	chunks []chunk
	size   int // sessions in a chunk
	ids    transform.SessionIDs

	first, last time.Time // between which all of them begin
}

// chunk is a stretch of a batch's sessions and their events: where it begins.
type chunk struct {
	session int       // the number of its first
	start   time.Time // of that one
	at      []int64   // offsets in the spools, by stage
}

// sessionMark is where an index stands.
type sessionMark struct {
	sessions, chunks int
	first, last      time.Time
}

// chunkSessions is how many sessions a chunk has: about a megabyte of rows.
const chunkSessions = 4096

// chunkBytes bounds a chunk whose sessions have many events: it has no more than that and one session.
const chunkBytes = 2 << 20

func grown(before, now []int64) (n int64) {
	for i := range now {
		n += now[i] - before[i]
	}
	return n
}

// add takes note of a session, before any of its rows is kept.
func (x *sessionIndex) add(state *mark, s transform.ScreenSession) {
	if n := len(x.chunks); n == 0 || len(x.twins)-x.chunks[n-1].session >= x.size || grown(x.chunks[n-1].at, state.offsets) >= chunkBytes {
		x.chunks = append(x.chunks, chunk{len(x.twins), s.StartedAt, slices.Clone(state.offsets)})
	}
	if len(x.twins) == 0 || s.StartedAt.Before(x.first) {
		x.first = s.StartedAt
	}
	if len(x.twins) == 0 || s.StartedAt.After(x.last) {
		x.last = s.StartedAt
	}
	x.twins = append(x.twins, twinKey(s.AgentEmail, s.StartedAt.Unix()))
	state.sessions = sessionMark{len(x.twins), len(x.chunks), x.first, x.last}
}

// touched is from when to when sessions began that a load of the batch wrote: those it brings, and those of its
// window that it takes for deleted.
func (x *sessionIndex) touched(win Window) (first, last time.Time) {
	first, last = win.From, win.To.Add(-time.Microsecond)
	if len(x.twins) > 0 {
		if x.first.Before(first) {
			first = x.first
		}
		if x.last.After(last) {
			last = x.last
		}
	}
	return first, last
}

// within tells that all begin inside a window. It may be wrong the other way round.
func (x *sessionIndex) within(win Window) bool {
	return len(x.twins) == 0 || !x.first.Before(win.From) && x.last.Before(win.To)
}

func (x *sessionIndex) truncate(m sessionMark) {
	x.twins, x.chunks = x.twins[:m.sessions], x.chunks[:m.chunks]
	x.first, x.last = m.first, m.last
}

var twinSeed = maphash.MakeSeed()

// twinKey is equal for sessions that one agent began in one second. Others may share it, by a rare chance.
func twinKey(agent string, second int64) uint64 {
	return maphash.String(twinSeed, agent) ^ uint64(second)*0x9e3779b97f4a7c15
}

// repeated lists the keys that stand more than once.
func repeated(keys []uint64) map[uint64]bool {
	sorted := slices.Clone(keys)
	slices.Sort(sorted)
	var again map[uint64]bool
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			if again == nil {
				again = map[uint64]bool{}
			}
			again[sorted[i]] = true
		}
	}
	return again
}
