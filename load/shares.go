package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// Shares loads crankwheel.share_engagement_daily, and the columns of crankwheel.shares that come from the list of shares.
var Shares = newStream("shares", listedShares.Table, shareEngagement.Table)

type share = transform.Share

// listedShares has no scope: a share that is not in the list of a day had no visit that day, but may exist.
var listedShares = newRows(
	Table{Name: "shares", LoadID: "load_id", findByKey: true, Deletion: NeverDelete},
	[]field[share]{
		requiredText("slug", func(s *share) string { return s.Slug }),
	},
	[]field[share]{
		bigint("content_id", func(s *share) sql.Null[int64] { return s.ContentID }),
		personal(text("content_name", func(s *share) sql.Null[string] { return s.ContentName })),
		timestamp("created_at", func(s *share) sql.Null[time.Time] { return s.CreatedAt }),
		text("created_by_email", func(s *share) sql.Null[string] { return s.CreatedByEmail }),
		text("created_by_name", func(s *share) sql.Null[string] { return s.CreatedByName }),
		text("segment", func(s *share) sql.Null[string] { return s.Segment }),
		boolean("has_cta", func(s *share) sql.Null[bool] { return s.HasCTA }),
		nullLocalDay(func(s *share) sql.Null[time.Time] { return s.CreatedAt }),
		extra(func(s *share) []byte { return s.Extra }),
	})

// engagementOfDay is a share's engagement on a day.
type engagementOfDay struct {
	day time.Time
	*transform.Share
}

var shareEngagement = newRows(
	Table{Name: "share_engagement_daily", LoadID: "load_id", rolledUp: true, Scope: Scope{Day: true}, Deletion: HardDelete},
	[]field[engagementOfDay]{
		date("day", func(s *engagementOfDay) time.Time { return s.day }),
		requiredText("slug", func(s *engagementOfDay) string { return s.Slug }),
	},
	[]field[engagementOfDay]{
		additive(integer("visits", func(s *engagementOfDay) sql.Null[int32] { return s.Engagement.Visits })),
		additive(integer("plays", func(s *engagementOfDay) sql.Null[int32] { return s.Engagement.Plays })),
		additive(integer("cta_clicks", func(s *engagementOfDay) sql.Null[int32] { return s.Engagement.CTAClicks })),
		float("avg_percent_watched", func(s *engagementOfDay) sql.Null[float64] { return s.Engagement.AvgPercentWatched }),
		float("engagement_score", func(s *engagementOfDay) sql.Null[float64] { return s.Engagement.Score }),
	})

// Share adds a listed share, and its engagement if there was any.
func (b *Batch) Share(s transform.Share) error {
	b.totals.records++
	if err := add(b, 0, listedShares, &s); err != nil || !s.Engagement.Any() {
		return err
	}
	return add(b, 1, shareEngagement, &engagementOfDay{b.window.Day, &s})
}
