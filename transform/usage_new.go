package transform

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"wheelhouse/extract"
)

// ScreenSession is a row of crankwheel.screen_sessions, with its rows of crankwheel.screen_session_events. It has no id yet:
// package load sees all same-second sessions, and gives each its occurrence and its id.
type ScreenSession struct {
	AgentEmail         string
	StartedAt          time.Time
	EndedAt            sql.Null[time.Time]
	DurationSeconds    sql.Null[int32]
	Ended              bool
	MaxViewers         sql.Null[int32]
	Viewers            sql.Null[int32]
	ViewerLocations    sql.Null[[]string]
	RTCSeconds         sql.Null[int32]
	WebcamSeconds      sql.Null[int32]
	RecordingContentID sql.Null[int64]
	RecordingURL       sql.Null[string]
	Extra              []byte
	Events             []ScreenSessionEvent
}

// ScreenSessionEvent is a row of crankwheel.screen_session_events. Seq counts from 1 in the order of time.
type ScreenSessionEvent struct {
	Seq         int32
	OccurredAt  time.Time
	Kind        sql.Null[string]
	AgentEmail  sql.Null[string]
	ContentID   sql.Null[int64]
	ContentName sql.Null[string]
	Content     sql.Null[string]
	Extra       []byte
}

// UsageNew normalises a session. See the package comment for ok and rejects.
func UsageNew(rec extract.Record[extract.Session]) (row ScreenSession, ok bool, rejects []Reject) {
	return new(Sessions).UsageNew(rec)
}

// Sessions normalises sessions like the function UsageNew, and uses the memory of the events again. The zero value is ready
// to use.
type Sessions struct{ events []ScreenSessionEvent }

// UsageNew normalises a session. The row's events are valid until the next call.
func (n *Sessions) UsageNew(rec extract.Record[extract.Session]) (row ScreenSession, ok bool, rejects []Reject) {
	s, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = ScreenSession{
		AgentEmail:      r.agentKey("email", s.Email),
		StartedAt:       r.moment("start_date", s.Start),
		EndedAt:         r.instant("end_date", s.End),
		DurationSeconds: r.count("duration", s.Duration),
		MaxViewers:      r.count("viewer_info.max_viewer_count", s.MaxViewers),
		Viewers:         r.count("viewer_info.viewer_count", s.Viewers),
		RTCSeconds:      r.count("rtc_seconds", s.RTCSeconds),
		WebcamSeconds:   r.count("webcam_s", s.Webcam),
		RecordingURL:    r.text("links.recording", s.Recording),
	}
	ended := r.boolean("session_ended", s.Ended)
	row.Ended = ended.V
	if !ended.Valid { // answers of 2020 have no session_ended, and an end only of sessions that ended
		row.Ended = row.EndedAt.Valid
	}
	if !row.Ended {
		row.EndedAt = sql.Null[time.Time]{}
	}
	row.ViewerLocations = locations(&r, s)
	row.RecordingContentID = contentIDOf(row.RecordingURL)
	r.note("record", s.Problem)
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.AgentEmail, secondKey(row.StartedAt))
	}
	n.events, rejects = events(&rec, row.AgentEmail, n.events[:0])
	if len(n.events) > 0 {
		row.Events = n.events
	}
	row.Extra = r.extra(s.Extra)
	return row, true, rejects
}

// secondKey returns a start as it stands in Reject.Key: the Unix second, which same-second sessions share.
func secondKey(start time.Time) string {
	if start.IsZero() {
		return ""
	}
	return strconv.FormatInt(start.Unix(), 10)
}

func notObject(raw []byte) string {
	if len(raw) == 0 || raw[0] != '{' {
		return "not an object"
	}
	return ""
}

// locations returns the viewers' places without "*", which the API writes where the place is unknown.
func locations(r *reader, s *extract.Session) sql.Null[[]string] {
	if !s.HasLocations {
		return sql.Null[[]string]{}
	}
	known := make([]string, 0, len(s.Locations))
	for _, l := range s.Locations {
		if t := r.text("viewer_info.locations", extract.Text{Null: sql.Null[string]{V: l, Valid: l != "*"}}); t.Valid {
			known = append(known, t.V)
		}
	}
	return some(known)
}

// contentIDOf returns the content id at the end of a recording's URL.
func contentIDOf(recording sql.Null[string]) sql.Null[int64] {
	if !recording.Valid {
		return sql.Null[int64]{}
	}
	if last, ok := lastOfPlainURL(recording.V); ok {
		return contentID(last)
	}
	u, err := url.Parse(recording.V)
	if err != nil {
		return sql.Null[int64]{}
	}
	return contentID(path.Base(u.Path))
}

// lastOfPlainURL is a fast path for URLs of lower-case letters, digits, slashes, dots, dashes and underscores: it returns the
// last element of the path. ok is false for other URLs.
func lastOfPlainURL(s string) (last string, ok bool) {
	rest, ok := strings.CutPrefix(s, "https://")
	slash := strings.LastIndexByte(rest, '/')
	if !ok || slash < 0 || slash == len(rest)-1 {
		return "", false
	}
	for i := range len(rest) {
		c := rest[i]
		if (c < 'a' || 'z' < c) && (c < '0' || '9' < c) && c != '/' && c != '.' && c != '-' && c != '_' {
			return "", false
		}
	}
	return rest[slash+1:], true
}

func contentID(s string) sql.Null[int64] {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 0 || s[0] == '+' || s[0] == '-' {
		return sql.Null[int64]{}
	}
	return some(id)
}

// events normalises a session's logs, appends them to rows, which must be empty, and sorts them by time. Logs of one time are
// sorted by their other columns, so that the order in the answer does not matter. Invariant 6: a log that cannot be
// understood becomes a reject, and the session is stored without it.
func events(rec *extract.Record[extract.Session], agent string, rows []ScreenSessionEvent) (_ []ScreenSessionEvent, rejects []Reject) {
	logs := rec.Value.Logs
	rows = slices.Grow(rows, len(logs))
	for i := len(logs) - 1; i >= 0; i-- { // the API sends the newest first
		row, problem := event(&logs[i], &rec.Value.Email, agent)
		if problem != "" {
			rejects = append(rejects, newReject(fmt.Sprintf("%s.logs[%d]", rec.Path(), i), problem, logs[i].Raw))
			continue
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b ScreenSessionEvent) int { return a.compare(&b) })
	for i := range rows {
		rows[i].Seq = int32(i + 1)
	}
	slices.Reverse(rejects)
	return rows, rejects
}

func (e *ScreenSessionEvent) compare(o *ScreenSessionEvent) int {
	if c := e.OccurredAt.Compare(o.OccurredAt); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(e.Kind.V, o.Kind.V), cmp.Compare(e.Content.V, o.Content.V),
		cmp.Compare(e.AgentEmail.V, o.AgentEmail.V), slices.Compare(e.Extra, o.Extra))
}

// event normalises one entry of a session's logs. address is the session's address as sent, and agent as normalised.
func event(l *extract.SessionLog, address *extract.Text, agent string) (row ScreenSessionEvent, problem string) {
	var r reader
	r.note("record", l.Problem)
	r.note("record", notObject(l.Raw))
	row = ScreenSessionEvent{
		OccurredAt: r.moment("date", l.Date),
		Kind:       r.text("type", l.Type),
		Content:    r.text("content", l.Content),
	}
	if l.Email == *address { // in nearly all entries
		row.AgentEmail = some(agent)
	} else {
		row.AgentEmail = r.agent("email", l.Email)
	}
	if id, name, found := strings.Cut(row.Content.V, "|"); found {
		if row.ContentID = contentID(id); row.ContentID.Valid && name != "" {
			row.ContentName = some(name)
		}
	}
	row.Extra = r.extra(l.Extra)
	return row, r.problem
}

// SessionID returns the id of a session, a UUID of version 8: 48 bits of the start in milliseconds since 1970, so that ids
// sort by time, then 74 bits of the SHA-256 hash of account, agent and occurrence. Occurrences count from 1. The SQL
// function wheelhouse.session_id computes the same id.
func SessionID(account, agent string, start time.Time, occurrence int) (id [16]byte) {
	key := make([]byte, 0, 96)
	key = append(append(key, account...), 0)
	key = append(append(key, agent...), 0)
	sum := sha256.Sum256(strconv.AppendInt(key, int64(occurrence), 10))
	copy(id[6:], sum[:10])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return startID(id, start)
}

// startID returns id with another start.
func startID(id [16]byte, start time.Time) [16]byte {
	binary.BigEndian.PutUint32(id[:], uint32(start.UnixMilli()>>16))
	binary.BigEndian.PutUint16(id[4:], uint16(start.UnixMilli()))
	return id
}

// SessionIDs computes the ids of sessions of one account with occurrence 1. It computes the hash of each agent once. The zero
// value is ready to use.
type SessionIDs struct{ byAgent map[string][16]byte }

// ID returns SessionID(account, agent, start, 1). account must be the same in all calls.
func (s *SessionIDs) ID(account, agent string, start time.Time) [16]byte {
	id, known := s.byAgent[agent]
	if !known {
		id = SessionID(account, agent, start, 1)
		if s.byAgent == nil {
			s.byAgent = map[string][16]byte{}
		}
		if len(s.byAgent) < 4096 {
			s.byAgent[strings.Clone(agent)] = id
		}
	}
	return startID(id, start)
}
