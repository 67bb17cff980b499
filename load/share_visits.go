package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed share_visits.sql
var shareVisitsSQL string

// ShareVisits loads crankwheel.share_visits, and the runtime and deletion of crankwheel.shares.
var ShareVisits = Stream{
	Name: "share_visits",
	stages: []stageTable{
		{"stage_share_visits_1", []string{"n", "slug", "visit_id", "visited_at", "played", "percent_watched",
			"watch_time_seconds", "cta_clicked", "extra"}},
		{"stage_watched_shares_1", []string{"n", "slug", "content_id", "content_name", "created_at", "created_by_email",
			"created_by_name", "segment", "has_cta", "extra", "content_runtime_ms", "gone"}},
	},
	sql: parseSQL(shareVisitsSQL),
}

// ShareVisit adds a visit.
func (b *Batch) ShareVisit(v transform.ShareVisit) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.text(v.Slug)
		t.text(v.VisitID)
		t.timestamptz(v.VisitedAt)
		t.nullBool(v.Played)
		t.nullFloat8(v.PercentWatched)
		t.nullFloat8(v.WatchTimeSeconds)
		t.nullBool(v.CTAClicked)
		t.jsonb(v.Extra)
		return b.put(rowsStage, place)
	})
}

// WatchedShare adds what a visited share's detail says of the share. It is no record of its own:
// the visits are.
func (b *Batch) WatchedShare(s transform.Share) error {
	b.hashed = b.hashed[:0]
	t, place := b.begin(childStage, false)
	t.share(s)
	t.nullInt8(s.ContentRuntimeMS)
	t.boolean(s.Gone)
	if err := b.put(childStage, place); err != nil {
		return err
	}
	b.addHash()
	return b.err
}
