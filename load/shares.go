package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed shares.sql
var sharesSQL string

// Shares loads crankwheel.shares and share_engagement_daily.
var Shares = Stream{
	Name:  "shares",
	Daily: true,
	stages: []stageTable{
		{"stage_shares_1", []string{"n", "slug", "content_id", "content_name", "created_at", "created_by_email",
			"created_by_name", "segment", "has_cta", "extra", "visited", "visits", "plays", "cta_clicks",
			"avg_percent_watched", "engagement_score"}},
	},
	summed: true,
	sql:    parseSQL(sharesSQL),
}

// Share adds a listed share with its engagement over the day.
func (b *Batch) Share(s transform.Share) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.share(s)
		t.boolean(s.Engagement.Any())
		t.nullInt4(s.Engagement.Visits)
		t.nullInt4(s.Engagement.Plays)
		t.nullInt4(s.Engagement.CTAClicks)
		t.nullFloat8(s.Engagement.AvgPercentWatched)
		t.nullFloat8(s.Engagement.Score)
		return b.put(rowsStage, place)
	})
}

// share encodes what is true of a share on every day.
func (t *tuple) share(s transform.Share) {
	t.text(s.Slug)
	t.nullInt8(s.ContentID)
	t.nullText(s.ContentName)
	t.nullTimestamptz(s.CreatedAt)
	t.nullText(s.CreatedByEmail)
	t.nullText(s.CreatedByName)
	t.nullText(s.Segment)
	t.nullBool(s.HasCTA)
	t.jsonb(s.Extra)
}
