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

// keyedSession is a session with the id that it has with occurrence 1.
type keyedSession struct {
	id [16]byte
	transform.ScreenSession
}

type event = transform.ScreenSessionEvent

// screenSessions has rows to which the API gives no key. Their key is made of agent, start and occurrence (see matchSessions). It
// begins with the start, so that the rows of an interval of time are an interval of keys.
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
		localDay(func(s *keyedSession) time.Time { return s.StartedAt }),
		extra(func(s *keyedSession) []byte { return s.Extra }),
	}),
	screenSessionEvents, 1, func(s *keyedSession) []event { return s.Events })

// The indexes of the columns above that matchSessions reads.
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
	b.totals.records++
	b.session = keyedSession{b.ids.ID(b.window.Account, s.AgentEmail, s.StartedAt), s}
	return add(b, 0, screenSessions, &b.session)
}

// sessionKey returns the encoded key of a session.
func sessionKey(account string, row []byte, occurrence int) []byte {
	id := transform.SessionID(account, string(fieldAt(row, agentColumn)), timeOf(fieldAt(row, startColumn)), occurrence)
	var e encoder
	e.bytea(id[:])
	e.int2(int16(occurrence))
	return e.b
}

// startOf returns the start in an encoded key, in milliseconds since 1970. A key has 48 bits of the start, which are exact for
// more than four thousand years before and after 1970.
func startOf(key []byte) int64 { return int64(binary.BigEndian.Uint64(key[4:])) >> 16 }

// firstID returns the least id of a session that starts in a given millisecond since 1970.
func firstID(ms int64) (id [16]byte) {
	binary.BigEndian.PutUint32(id[:], uint32(ms>>16))
	binary.BigEndian.PutUint16(id[4:], uint16(ms))
	return id
}

// occurrenceOf returns the occurrence in an encoded key.
func occurrenceOf(key []byte) int { return int(int16(binary.BigEndian.Uint16(key[len(key)-2:]))) }

// sessionRejectKey returns the agent and the second of a session, which are the key of a reject of usage_new.
func sessionRejectKey(_ *Table, r *record) string {
	return string(fieldAt(r.row, agentColumn)) + " " + strconv.FormatInt(timeOf(fieldAt(r.row, startColumn)).Unix(), 10)
}

// matchSessions is the matcher of sessions that start together.
//
// The API gives a session no id. The occurrence tells sessions of one agent apart that start in one second: 1, 2, 3 …, in the
// order in which they arrive. A stored row keeps its occurrence, and so its id, for good.
//
// Incoming sessions are paired with stored ones in this order: equal ones; those with the same end; one that was running with
// one that has ended; one that the answer would have if it had not changed. A session without a partner is new and gets the
// lowest free number. Numbers of deleted rows are not free.
//
// The API sends whole seconds. If it sent fractions, "together" would mean in one millisecond, because an id has the start in
// milliseconds. So two loads that number the same sessions at the same time always collide on the primary key, and the later
// one starts over.
func matchSessions(d *differ, existing []stored, incoming []record) {
	if len(existing) == 0 && len(incoming) == 1 { // nearly all groups are this one or the next
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
		return cmp.Or(bytes.Compare(agentOf(a.row), agentOf(b.row)), cmp.Compare(a.answer, b.answer), cmp.Compare(a.n, b.n))
	})
	slices.SortStableFunc(existing, func(a, b stored) int { return bytes.Compare(agentOf(a.row), agentOf(b.row)) })
	for i, j := 0, 0; i < len(existing) || j < len(incoming); {
		var agent []byte // nil, which comes first, for events without a session
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

// sessionMatcher matches the sessions that start together, one agent after another.
type sessionMatcher struct {
	*differ
	incoming []*record
	partners []*stored // of incoming; nil: the session has no partner
	unpaired []*stored // existing rows without a partner that the API may still have
	deleted  []*stored // existing rows without a partner that the answer would have if the API still had them
}

// match finds the partners of one agent's sessions, and numbers the sessions that have none.
func (m *sessionMatcher) match(existing []stored, incoming []record) {
	folded := m.fold(incoming)
	partners := make([]*stored, len(folded))
	for _, deleted := range []bool{false, true} {
		var first, second []*record
		var rows []*stored
		var places []int
		for i := range existing {
			if s := &existing[i]; s.row != nil && s.deleted == deleted {
				first, rows = append(first, &s.record), append(rows, s)
			}
		}
		for i, r := range folded {
			if partners[i] == nil {
				second, places = append(second, r), append(places, i)
			}
		}
		for i, j := range pairSessions(first, second, func(i int) bool { return m.newer[rows[i].load] }) {
			if j >= 0 {
				partners[places[i]] = rows[j]
			}
		}
	}
	m.pairChanged(existing, folded, partners)
	m.number(existing, folded, partners)
	m.incoming, m.partners = append(m.incoming, folded...), append(m.partners, partners...)
	for i := range existing {
		switch s := &existing[i]; {
		case slices.Contains(partners, s):
		case s.row != nil && !s.deleted && m.wouldShow(s, folded):
			m.deleted = append(m.deleted, s)
		default:
			m.unpaired = append(m.unpaired, s)
		}
	}
}

// pairChanged pairs the remaining sessions of both sides. If the answer does not have a stored session that it would have,
// however the API selects, then the session has changed.
func (m *sessionMatcher) pairChanged(existing []stored, incoming []*record, partners []*stored) {
	for i := range existing {
		s := &existing[i]
		if s.row == nil || s.deleted || m.newer[s.load] || slices.Contains(partners, s) || m.mayBeMissing(s) || !m.wouldShow(s, incoming) {
			continue
		}
		for j, r := range incoming {
			if partners[j] == nil && sameStart(&s.record, r) {
				partners[j] = s
				break
			}
		}
	}
}

// wouldShow tells whether the answer, which has the sessions shown, would have the session s, which starts together with them, if
// the API still had s. The API may select by start, end or overlap. The answer must have s under each of these rules that
// the sessions shown allow. (If one of them ends after the window, the API does not select by end.)
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

// finish adds the changes. If an unpaired row has the id of a session without a partner, the two are paired: somebody changed the
// row's columns by hand.
func (m *sessionMatcher) finish() {
	for i, r := range m.incoming {
		ours := m.partners[i]
		if ours == nil {
			if ours = takeID(&m.unpaired, r.key); ours == nil {
				ours = takeID(&m.deleted, r.key)
			}
		}
		m.pair(ours, r)
	}
	for _, s := range m.unpaired {
		m.unmatched(s)
	}
	for _, s := range m.deleted {
		m.remove(s)
	}
}

// takeID removes the row with the id of a key from a list, and returns it; nil if there is none.
func takeID(all *[]*stored, key []byte) (taken *stored) {
	if i := slices.IndexFunc(*all, func(s *stored) bool { return sameID(s.key, key) }); i >= 0 {
		taken = (*all)[i]
		*all = slices.Delete(*all, i, i+1)
	}
	return taken
}

// sameID tells whether two encoded keys have the same id.
func sameID(a, b []byte) bool { return bytes.Equal(a[:20], b[:20]) }

// fold merges the records of one session that several answers for a bisected window have. Equal sessions of one answer are
// different sessions. The order of the result does not depend on the order of rows in an answer.
func (m *sessionMatcher) fold(incoming []record) (all []*record) {
	for start := 0; start < len(incoming); {
		end := start
		var answer []*record
		for end < len(incoming) && incoming[end].answer == incoming[start].answer {
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

// number gives incoming sessions their keys: the partners' keys, or new ones. If somebody changed a row's start by hand, the
// row's number is free. The session that gets the number is paired with that row (see finish).
func (m *sessionMatcher) number(existing []stored, incoming []*record, partners []*stored) {
	var taken []int
	for i := range existing {
		if m.startsAsItsIDSays(&existing[i]) || slices.Contains(partners, &existing[i]) {
			taken = append(taken, occurrenceOf(existing[i].key))
		}
	}
	for i, r := range incoming {
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

// keyOf returns the key of a session that has a partner: the partner's id, and the occurrence from which the id is made.
func (m *sessionMatcher) keyOf(r *record, partner *stored) []byte {
	if sameID(r.key, partner.key) {
		return r.key // occurrence 1
	}
	if own := sessionKey(m.account, r.row, occurrenceOf(partner.key)); sameID(own, partner.key) {
		return own
	}
	const most = 100
	for n := 2; n < most; n++ {
		if own := sessionKey(m.account, r.row, n); sameID(own, partner.key) {
			return own // somebody changed the row's occurrence by hand
		}
	}
	return partner.key
}

// pairSessions returns for each session of second the index of its partner in first, -1 for none. later tells which sessions of
// first come from a later answer: these may have ended while second still has them as running.
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

// hasEnd tells whether the end of a session is known. A running session has no end. The API may also say that a session is over
// without saying when it ended.
func hasEnd(r *record) bool { return fieldAt(r.row, endColumn) != nil }
