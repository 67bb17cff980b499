package load

import (
	"crypto/sha256"
	_ "embed"

	"wheelhouse/transform"
)

//go:embed usage_new.sql
var usageNewSQL string

// UsageNew loads crankwheel.screen_sessions and screen_session_events.
var UsageNew = Stream{
	Name: "usage_new",
	stages: []stageTable{
		{"stage_screen_sessions_1", []string{"n", "part", "content", "session_id", "agent_email", "started_at", "ended_at",
			"duration_seconds", "ended", "max_viewers", "viewers", "viewer_locations", "rtc_seconds", "webcam_seconds",
			"recording_content_id", "recording_url", "extra"}},
		{"stage_screen_session_events_1", []string{"n", "seq", "occurred_at", "kind", "agent_email", "content_id",
			"content_name", "content", "extra"}},
	},
	sql:    parseSQL(usageNewSQL),
	sifted: true,
}

// Session adds a session with its events.
func (b *Batch) Session(s transform.ScreenSession) error {
	return b.record(func() error {
		b.sessions.add(&b.state, s)
		// Events first: the session's own row carries the hash of it all.
		for _, e := range s.Events {
			if err := b.sessionEvent(e); err != nil {
				return err
			}
		}
		t, place := b.begin(rowsStage, true)
		content := len(t.b) + 4
		t.bytea(noContent[:])
		id := b.sessions.ids.ID(b.account, s.AgentEmail, s.StartedAt)
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
		b.hashRow(rowsStage, place)
		b.takeHash()
		copy(t.b[content:], b.sum[:])
		return b.keep(rowsStage)
	})
}

// noContent stands where the content's hash will.
var noContent [sha256.Size]byte

func (b *Batch) sessionEvent(e transform.ScreenSessionEvent) error {
	t, place := b.begin(childStage, false)
	t.int4(e.Seq)
	t.timestamptz(e.OccurredAt)
	t.nullText(e.Kind)
	t.nullText(e.AgentEmail)
	t.nullInt8(e.ContentID)
	t.nullText(e.ContentName)
	t.nullText(e.Content)
	t.jsonb(e.Extra)
	return b.put(childStage, place)
}
