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

// ScreenSession is a row of crankwheel.screen_sessions with its events. Its occurrence among the
// sessions of one agent in one second, and with it its id, is settled where they are seen together.
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

// ScreenSessionEvent is a row of crankwheel.screen_session_events; Seq counts from 1 in time order.
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

// UsageNew normalises a session. ok is false where it is set aside whole; rejects then holds it, and
// else the entries of its logs that were set aside.
func UsageNew(rec extract.Record[extract.Session]) (row ScreenSession, ok bool, rejects []Reject) {
	return new(Sessions).UsageNew(rec)
}

// Sessions normalises one session after another, as UsageNew does, with its events in the same memory: they are good
// until the next.
type Sessions struct{ events []ScreenSessionEvent }

// UsageNew normalises the next session.
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
	if !ended.Valid { // older answers do not say: an end was sent, so it ended
		row.Ended = row.EndedAt.Valid
	}
	if !row.Ended {
		row.EndedAt = sql.Null[time.Time]{}
	}
	row.ViewerLocations = locations(&r, s)
	row.RecordingContentID = contentIDOf(row.RecordingURL)
	r.note("record", s.Problem)
	if r.why != "" {
		return row, false, aside(rec.Path(), r.why, rec.Raw, row.AgentEmail, second(row.StartedAt))
	}
	n.events, rejects = events(&rec, row.AgentEmail, n.events[:0])
	if len(n.events) > 0 {
		row.Events = n.events
	}
	row.Extra = r.extra(s.Extra)
	return row, true, rejects
}

// second is a start as a reject's key: the second that twins share.
func second(start time.Time) string {
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

// locations leaves out "*", the API's word for "not known".
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

// contentIDOf reads the content id that a recording's URL ends in.
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

// lastOfPlainURL is the last element of the path of an URL that leaves no doubt what that is.
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

// events normalises a session's logs and puts them in order of time; of equal times, by content, so
// that their order in the answer does not matter. rows is memory for them.
func events(rec *extract.Record[extract.Session], agent string, rows []ScreenSessionEvent) (_ []ScreenSessionEvent, rejects []Reject) {
	logs := rec.Value.Logs
	rows = slices.Grow(rows, len(logs))
	for i := len(logs) - 1; i >= 0; i-- { // the API sends the newest first
		row, why := event(&logs[i], &rec.Value.Email, agent)
		if why != "" {
			rejects = append(rejects, reject(fmt.Sprintf("%s.logs[%d]", rec.Path(), i), why, logs[i].Raw))
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

// event normalises one entry of a session's logs; agent is what the session's own address became.
func event(l *extract.SessionLog, address *extract.Text, agent string) (row ScreenSessionEvent, why string) {
	var r reader
	r.note("record", l.Problem)
	r.note("record", notObject(l.Raw))
	row = ScreenSessionEvent{
		OccurredAt: r.moment("date", l.Date),
		Kind:       r.text("type", l.Type),
		Content:    r.text("content", l.Content),
	}
	if l.Email == *address { // as it is in nearly all
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
	return row, r.why
}

// SessionID is the id of a session, a UUID of version 8: 48 bits of its start in milliseconds, so
// that ids are in order of time, then a hash of account, agent and occurrence. The SQL function
// wheelhouse.session_id computes the same.
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

// startID is an id with another start.
func startID(id [16]byte, start time.Time) [16]byte {
	binary.BigEndian.PutUint32(id[:], uint32(start.UnixMilli()>>16))
	binary.BigEndian.PutUint16(id[4:], uint16(start.UnixMilli()))
	return id
}

// SessionIDs makes the ids of one account's sessions that are the first of their twins. It keeps in mind what is the
// same for all of an agent's.
type SessionIDs struct{ byAgent map[string][16]byte }

// ID is SessionID with occurrence 1.
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
