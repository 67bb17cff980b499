package load

import (
	_ "embed"
	"slices"

	"wheelhouse/transform"
)

//go:embed usage_new.sql
var usageNewSQL string

// UsageNew loads crankwheel.screen_sessions and screen_session_events.
var UsageNew = Stream{
	Name: "usage_new",
	stages: []stageTable{
		{"stage_screen_sessions_2", []string{"n", "part", "content", "session_id", "agent_email", "started_at", "ended_at",
			"duration_seconds", "ended", "max_viewers", "viewers", "viewer_locations", "rtc_seconds", "webcam_seconds",
			"recording_content_id", "recording_url", "extra"}},
		{"stage_screen_session_events_1", []string{"n", "seq", "occurred_at", "kind", "agent_email", "content_id",
			"content_name", "content", "extra"}},
	},
	summed: true,
	sql:    parseSQL(usageNewSQL),
	sifted: true,
}

// Session adds a session with its events. Its rows are encoded as the tables take them; staging takes them otherwise, but few
// sessions go there.
func (b *Batch) Session(s transform.ScreenSession) error {
	return b.record(func() error {
		b.sessions.add(&b.state, s)
		id := b.sessions.ids.ID(b.account, s.AgentEmail, s.StartedAt)
		t := &b.tuple
		t.b = t.b[:0]
		for i := range s.Events {
			t.sessionEvent(&s.Events[i], id, b.account)
		}
		events := len(t.b)
		t.session(&s, id, b.account)
		b.sum = hashOf(t.b)
		b.state.offsets[childStage] += int64(events)
		b.state.rows[childStage] += int64(len(s.Events))
		if err := b.stages[childStage].spool.write(t.b[:events]); err != nil {
			return err
		}
		head := sessionHead{row: len(t.b) - events, events: events, count: len(s.Events), part: b.state.part}.encode()
		b.state.offsets[rowsStage] += int64(len(head) + len(t.b) - events)
		b.state.rows[rowsStage]++
		if err := b.stages[rowsStage].spool.write(head[:]); err != nil {
			return err
		}
		return b.stages[rowsStage].spool.write(t.b[events:])
	})
}

// The columns of the tables in the order in which rows are encoded: staging's from session_id and seq on, and the account,
// which is as long as it likes, at the end.
var (
	sessionColumns = slices.Concat([]string{"load_id", "loaded_at", "occurrence"}, UsageNew.stages[0].columns[sessionFields-sessionOwn:], []string{"account_id"})
	eventColumns   = slices.Concat([]string{"session_id"}, UsageNew.stages[1].columns[eventFields-eventOwn:], []string{"account_id"})
)

// session appends a session's row. What only its load will know stays open: see round.add.
func (t *tuple) session(s *transform.ScreenSession, id [16]byte, account string) {
	t.fields(len(sessionColumns))
	t.int8(0)
	t.int8(0)
	t.int2(1)
	t.bytea(id[:])
	t.text(s.AgentEmail)
	t.timestamptz(s.StartedAt)
	t.nullTimestamptz(s.EndedAt)
	t.nullInt4(s.DurationSeconds)
	t.boolean(s.Ended)
	t.nullInt4(s.MaxViewers)
	t.nullInt4(s.Viewers)
	t.textArray(s.ViewerLocations)
	t.nullInt4(s.RTCSeconds)
	t.nullInt4(s.WebcamSeconds)
	t.nullInt8(s.RecordingContentID)
	t.nullText(s.RecordingURL)
	t.jsonb(s.Extra)
	t.text(account)
}

// sessionEvent appends the row of one of a session's events.
func (t *tuple) sessionEvent(e *transform.ScreenSessionEvent, session [16]byte, account string) {
	t.fields(len(eventColumns))
	t.bytea(session[:])
	t.int4(e.Seq)
	t.timestamptz(e.OccurredAt)
	t.nullText(e.Kind)
	t.nullText(e.AgentEmail)
	t.nullInt8(e.ContentID)
	t.nullText(e.ContentName)
	t.nullText(e.Content)
	t.jsonb(e.Extra)
	t.text(account)
}
