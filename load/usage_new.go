package load

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"wheelhouse/transform"
)

// UsageNew loads crankwheel.screen_sessions and screen_session_events.
var UsageNew = newStream("usage_new", screenSessions.Table)

// keyedSession is a session with the id that it has if it is alone in its second.
type keyedSession struct {
	id [16]byte
	transform.ScreenSession
}

type event = transform.ScreenSessionEvent

// screenSessions has rows that the API gives no key. Their key is made of agent, start and occurrence (see
// matchSessions), and begins with the start: rows of a stretch of time are found by their keys alone.
var screenSessions = withChildren(newRows(
	Table{Name: "screen_sessions", LoadID: "load_id", rolledUp: true, sessionKeys: true, match: matchSessions, rejectKey: sessionRejectKey,
		Scope: Scope{Begin: "started_at", End: "ended_at", OpenEnd: true}},
	[]field[keyedSession]{
		{Column{Name: "session_id", kind: typeUUID}, func(e *encoder, s *keyedSession) { e.bytea(s.id[:]) }},
		{Column{Name: "occurrence", kind: typeSmallint}, func(e *encoder, s *keyedSession) { e.int2(1) }},
	},
	[]field[keyedSession]{
		requiredText("agent_email", func(s *keyedSession) string { return s.AgentEmail }),
		requiredTimestamp("started_at", func(s *keyedSession) time.Time { return s.StartedAt }),
		timestamp("ended_at", func(s *keyedSession) sql.Null[time.Time] { return s.EndedAt }),
		requiredBoolean("ended", func(s *keyedSession) bool { return s.Ended }),
		integer("duration_seconds", func(s *keyedSession) sql.Null[int32] { return s.DurationSeconds }),
		integer("max_viewers", func(s *keyedSession) sql.Null[int32] { return s.MaxViewers }),
		integer("viewers", func(s *keyedSession) sql.Null[int32] { return s.Viewers }),
		personal(texts("viewer_locations", func(s *keyedSession) sql.Null[[]string] { return s.ViewerLocations })),
		integer("rtc_seconds", func(s *keyedSession) sql.Null[int32] { return s.RTCSeconds }),
		integer("webcam_seconds", func(s *keyedSession) sql.Null[int32] { return s.WebcamSeconds }),
		bigint("recording_content_id", func(s *keyedSession) sql.Null[int64] { return s.RecordingContentID }),
		personal(text("recording_url", func(s *keyedSession) sql.Null[string] { return s.RecordingURL })),
		extra(func(s *keyedSession) []byte { return s.Extra }),
	}),
	screenSessionEvents, 1, func(s *keyedSession) []event { return s.Events })

// Where matchSessions finds what it looks at among the columns above.
const agentColumn, startColumn, endColumn = 0, 1, 2

var screenSessionEvents = newRows(Table{Name: "screen_session_events"},
	[]field[event]{
		requiredInteger("seq", func(e *event) int32 { return e.Seq }),
	},
	[]field[event]{
		requiredTimestamp("occurred_at", func(e *event) time.Time { return e.OccurredAt }),
		text("kind", func(e *event) sql.Null[string] { return e.Kind }),
		text("agent_email", func(e *event) sql.Null[string] { return e.AgentEmail }),
		bigint("content_id", func(e *event) sql.Null[int64] { return e.ContentID }),
		personal(text("content_name", func(e *event) sql.Null[string] { return e.ContentName })),
		personal(text("content", func(e *event) sql.Null[string] { return e.Content })),
		extra(func(e *event) []byte { return e.Extra }),
	})

// Session adds a session with its events.
func (b *Batch) Session(s transform.ScreenSession) error {
	b.state.records++
	b.session = keyedSession{b.ids.ID(b.window.Account, s.AgentEmail, s.StartedAt), s}
	return add(b, 0, screenSessions, &b.session)
}

// sessionKey is the encoded key of a session.
func sessionKey(account string, row []byte, occurrence int) []byte {
	id := transform.SessionID(account, string(fieldAt(row, agentColumn)), timeOf(fieldAt(row, startColumn)), occurrence)
	var e encoder
	e.bytea(id[:])
	e.int2(int16(occurrence))
	return e.b
}

// startOf is the start that an encoded key begins with, in milliseconds since 1970. Only 48 bits of it are kept, which
// is exact for a few thousand years around now.
func startOf(key []byte) int64 { return int64(binary.BigEndian.Uint64(key[4:])) >> 16 }

// firstID is the least id that a session can have which starts in a given millisecond since 1970.
func firstID(ms int64) (id [16]byte) {
	binary.BigEndian.PutUint32(id[:], uint32(ms>>16))
	binary.BigEndian.PutUint16(id[4:], uint16(ms))
	return id
}

// occurrenceOf reads the occurrence in an encoded key.
func occurrenceOf(key []byte) int { return int(int16(binary.BigEndian.Uint16(key[len(key)-2:]))) }

// sessionRejectKey names the agent and the second of a session: what a reject of usage_new is known by.
func sessionRejectKey(_ *Table, r *record) string {
	return string(fieldAt(r.row, agentColumn)) + " " + strconv.FormatInt(timeOf(fieldAt(r.row, startColumn)).Unix(), 10)
}

// matchSessions is the matcher of sessions, for those that start together.
//
// The API gives a session no id. Sessions of one agent that start in one second are told apart by their occurrence: 1, 2,
// 3 …, handed out in the order in which they arrive. (The API sends whole seconds. Where it does not, sessions that start
// together are those of one millisecond, which is as much of the start as the id has: so two loads that number the same
// sessions at the same time always collide on the primary key, and the later one starts over.) A stored row keeps its number, and so its id, for good. Those that
// a window brings are paired with those that are there: first equal ones, then those with the same end, then one that
// was running with one that has ended since, then one that the answer would show if it had not changed. One without a
// partner is new and gets the lowest free number; numbers of deleted rows are not free.
func matchSessions(d *differ, existing []stored, incoming []record) {
	if len(existing) == 0 && len(incoming) == 1 { // as it is nearly always, and below
		d.pair(nil, &incoming[0])
		return
	}
	if len(existing) == 1 && len(incoming) == 1 && bytes.Equal(incoming[0].key, existing[0].key) && equal(&incoming[0], &existing[0].record) {
		d.pair(&existing[0], &incoming[0])
		return
	}
	from := len(d.changes)
	m := sessionMatcher{differ: d}
	slices.SortFunc(incoming, func(a, b record) int {
		return cmp.Or(bytes.Compare(agentOf(a.row), agentOf(b.row)), cmp.Compare(a.part, b.part), cmp.Compare(a.n, b.n))
	})
	slices.SortStableFunc(existing, func(a, b stored) int { return bytes.Compare(agentOf(a.row), agentOf(b.row)) })
	for i, j := 0, 0; i < len(existing) || j < len(incoming); {
		var agent []byte // events without their session have none, and come first
		if j < len(incoming) {
			agent = agentOf(incoming[j].row)
		}
		if i < len(existing) && (j == len(incoming) || bytes.Compare(agentOf(existing[i].row), agent) < 0) {
			agent = agentOf(existing[i].row)
		}
		firstRow, firstRecord := i, j
		for i < len(existing) && bytes.Equal(agentOf(existing[i].row), agent) {
			i++
		}
		for j < len(incoming) && bytes.Equal(agentOf(incoming[j].row), agent) {
			j++
		}
		m.match(existing[firstRow:i], incoming[firstRecord:j])
	}
	m.finish()
	slices.SortFunc(d.changes[from:], func(a, b change) int { return d.compare(a.key(), b.key()) })
}

func agentOf(row []byte) []byte {
	if row == nil {
		return nil
	}
	return fieldAt(row, agentColumn)
}

func equal(a, b *record) bool {
	return bytes.Equal(a.row, b.row) && bytes.Equal(a.children, b.children)
}

// sessionMatcher matches the sessions that start together, those of one agent after another.
type sessionMatcher struct {
	*differ
	brought  []*record
	partners []*stored // of what is brought; nil: none
	left     []*stored // what has no partner
	gone     []*stored // of it, what the answer would show if the API still had it
}

// match finds the partners of one agent's sessions, and numbers those that have none.
func (m *sessionMatcher) match(existing []stored, incoming []record) {
	brought := m.fold(incoming)
	partners := make([]*stored, len(brought))
	for _, deleted := range []bool{false, true} {
		var there, left []*record
		var rows []*stored
		var places []int
		for i := range existing {
			if s := &existing[i]; s.row != nil && s.deleted == deleted {
				there, rows = append(there, &s.record), append(rows, s)
			}
		}
		for i, r := range brought {
			if partners[i] == nil {
				left, places = append(left, r), append(places, i)
			}
		}
		for i, j := range pairSessions(there, left, func(i int) bool { return m.newer[rows[i].load] }) {
			if j >= 0 {
				partners[places[i]] = rows[j]
			}
		}
	}
	m.replace(existing, brought, partners)
	m.number(existing, brought, partners)
	m.brought, m.partners = append(m.brought, brought...), append(m.partners, partners...)
	for i := range existing {
		switch s := &existing[i]; {
		case slices.Contains(partners, s):
		case s.row != nil && !s.deleted && m.wouldShow(s, brought):
			m.gone = append(m.gone, s)
		default:
			m.left = append(m.left, s)
		}
	}
}

// replace makes partners of what is left on both sides where the answer would show a session that is there, however the
// API selects, if the API still had it as it was: it has changed.
func (m *sessionMatcher) replace(existing []stored, brought []*record, partners []*stored) {
	for i := range existing {
		s := &existing[i]
		if s.row == nil || s.deleted || m.newer[s.load] || slices.Contains(partners, s) || m.mayBeMissing(s) || !m.wouldShow(s, brought) {
			continue
		}
		for j, r := range brought {
			if partners[j] == nil && sameStart(&s.record, r) {
				partners[j] = s
				break
			}
		}
	}
}

// wouldShow tells whether an answer that shows some sessions shows another one of their start, whichever of the rules that
// these allow for the API follows: by start, by end or by overlap. One that ends after the window is not shown by its end.
func (m *sessionMatcher) wouldShow(s *stored, shown []*record) bool {
	begin, end, over := m.during(s.row)
	if m.within(s.row, m.from, m.to) {
		return true
	}
	if !begin.Before(m.to) || over && !end.After(m.from) {
		return false
	}
	if over && end.Before(m.to) {
		return slices.ContainsFunc(shown, func(r *record) bool { return sameStart(&s.record, r) })
	}
	return slices.ContainsFunc(shown, func(r *record) bool {
		_, end, over := m.during(r.row)
		return over && end.After(m.to) && sameStart(&s.record, r)
	})
}

// finish adds the changes. A row that has the id of a session which has no partner is that session, whatever its columns
// say: they were changed by hand.
func (m *sessionMatcher) finish() {
	for i, r := range m.brought {
		ours := m.partners[i]
		if ours == nil {
			if ours = takeID(&m.left, r.key); ours == nil {
				ours = takeID(&m.gone, r.key)
			}
		}
		m.pair(ours, r)
	}
	for _, s := range m.left {
		m.lacks(s)
	}
	for _, s := range m.gone {
		m.remove(s)
	}
}

// takeID takes the row that has a key's id, if there is one.
func takeID(all *[]*stored, key []byte) (taken *stored) {
	if i := slices.IndexFunc(*all, func(s *stored) bool { return sameID(s.key, key) }); i >= 0 {
		taken = (*all)[i]
		*all = slices.Delete(*all, i, i+1)
	}
	return taken
}

// sameID tells whether two encoded keys have one id.
func sameID(a, b []byte) bool { return bytes.Equal(a[:20], b[:20]) }

// fold makes one session of those that several answers of a window show. Within one answer equal sessions are different
// ones. The result is in an order that does not depend on that of the answers' rows.
func (m *sessionMatcher) fold(incoming []record) (all []*record) {
	for start := 0; start < len(incoming); {
		end := start
		var answer []*record
		for end < len(incoming) && incoming[end].part == incoming[start].part {
			answer = append(answer, &incoming[end])
			end++
		}
		if len(answer) > 1 {
			slices.SortStableFunc(answer, func(x, y *record) int {
				return cmp.Or(bytes.Compare(x.row, y.row), bytes.Compare(x.children, y.children))
			})
		}
		for i, j := range pairSessions(all, answer, func(int) bool { return false }) {
			if j < 0 {
				all = append(all, answer[i])
			} else {
				m.add(change{action: merge, incoming: all[j]})
				all[j] = answer[i]
			}
		}
		start = end
	}
	return all
}

// number gives the sessions that are brought their keys: those of their partners, or new ones. The number of a row whose
// start was changed by hand is free: whoever gets it is the session of that row (see finish).
func (m *sessionMatcher) number(existing []stored, brought []*record, partners []*stored) {
	var taken []int
	for i := range existing {
		if m.startsAsItsIDSays(&existing[i]) || slices.Contains(partners, &existing[i]) {
			taken = append(taken, occurrenceOf(existing[i].key))
		}
	}
	for i, r := range brought {
		if partners[i] != nil {
			r.key = m.keyOf(r, partners[i])
			continue
		}
		n := 1
		for slices.Contains(taken, n) {
			n++
		}
		if taken = append(taken, n); n > 1 {
			r.key = sessionKey(m.account, r.row, n)
		}
	}
}

// startsAsItsIDSays tells whether a row starts in the millisecond that its id begins with.
func (m *sessionMatcher) startsAsItsIDSays(s *stored) bool {
	begin, _, _ := m.during(s.row)
	return s.row == nil || firstID(begin.UnixMilli()) == firstID(startOf(s.key))
}

// keyOf is the key of a session that has a partner: the partner's, with the occurrence that the id is made of.
func (m *sessionMatcher) keyOf(r *record, partner *stored) []byte {
	if sameID(r.key, partner.key) {
		return r.key // made of 1
	}
	if own := sessionKey(m.account, r.row, occurrenceOf(partner.key)); sameID(own, partner.key) {
		return own
	}
	const most = 100
	for n := 2; n < most; n++ {
		if own := sessionKey(m.account, r.row, n); sameID(own, partner.key) {
			return own // its occurrence was changed by hand
		}
	}
	return partner.key
}

// pairSessions finds for each of the second sessions the place of its partner among the first, -1 for none. later tells
// which of the first are known from a later answer: such a one has ended where this answer still says that it runs.
func pairSessions(first, second []*record, later func(int) bool) []int {
	partner := make([]int, len(second))
	taken := make([]bool, len(first))
	for j := range partner {
		partner[j] = -1
	}
	for _, fits := range []func(i int, a, b *record) bool{
		func(_ int, a, b *record) bool {
			return bytes.Equal(a.row, b.row) && bytes.Equal(a.children, b.children)
		},
		func(_ int, a, b *record) bool {
			return sameStart(a, b) && bytes.Equal(fieldAt(a.row, endColumn), fieldAt(b.row, endColumn))
		},
		func(i int, a, b *record) bool {
			return sameStart(a, b) && (!hasEnd(a) && hasEnd(b) || later(i) && hasEnd(a) && !hasEnd(b))
		},
	} {
		for j, b := range second {
			for i, a := range first {
				if partner[j] < 0 && !taken[i] && fits(i, a, b) {
					partner[j], taken[i] = i, true
				}
			}
		}
	}
	return partner
}

func sameStart(a, b *record) bool {
	return bytes.Equal(fieldAt(a.row, startColumn), fieldAt(b.row, startColumn))
}

// hasEnd tells whether it is known when a session ended. One that runs has no end, nor has one that is said to be over without one.
func hasEnd(r *record) bool { return fieldAt(r.row, endColumn) != nil }
