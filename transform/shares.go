package transform

import (
	"database/sql"
	"encoding/json"
	"time"

	"wheelhouse/extract"
)

// Share is a row of crankwheel.shares with its engagement over the window, a row of
// crankwheel.share_engagement_daily.
type Share struct {
	Slug             string
	ContentID        sql.Null[int64]
	ContentName      sql.Null[string]
	CreatedAt        sql.Null[time.Time]
	CreatedByEmail   sql.Null[string]
	CreatedByName    sql.Null[string]
	Segment          sql.Null[string]
	HasCTA           sql.Null[bool]
	Extra            []byte
	Engagement       Engagement
	ContentRuntimeMS sql.Null[int64] // from the detail alone
	Gone             bool            // the detail answered 404
}

// Engagement is what happened to a share over a window.
type Engagement struct {
	Visits, Plays, CTAClicks sql.Null[int32]
	AvgPercentWatched        sql.Null[float64] // 0 to 1
	Score                    sql.Null[float64]
}

// Any tells whether anybody came: a share that nobody visited has no engagement row.
func (e Engagement) Any() bool { return e.Visits.V > 0 || e.Plays.V > 0 || e.CTAClicks.V > 0 }

// Shares normalises a listed share. ok is false where it is set aside.
func Shares(rec extract.Record[extract.Share]) (row Share, ok bool, rejects []Reject) {
	var r reader
	r.note("record", notObject(rec.Raw))
	row = share(&r, &rec.Value)
	if r.why != "" {
		return row, false, aside(rec.Path(), r.why, rec.Raw, row.Slug)
	}
	return row, true, nil
}

// WatchedShare normalises a share that was visited in a window. ok is false where nothing of it can be stored: its
// list entry cannot be understood (the stream shares sets that aside), or its detail could not be asked for.
func WatchedShare(w extract.WatchedShare) (row Share, ok bool, rejects []Reject) {
	var listed, detail reader
	row = share(&listed, &w.Share)
	row.ContentRuntimeMS = detail.longCount("content_runtime_ms", w.RuntimeMS)
	row.Gone = w.Gone
	aside := func(path, why string) {
		raw, _ := json.Marshal(map[string]string{"slug": row.Slug}) // of a text: never fails
		rejects = append(rejects, reject(path, why, raw))
	}
	if w.Unasked {
		aside("$.data.slug", "a slug that cannot stand in an address: its visits cannot be asked for")
	} else if detail.why != "" {
		aside("$.content_runtime_ms", detail.why)
	}
	return row, listed.why == "" && !w.Unasked, rejects
}

func share(r *reader, s *extract.Share) Share {
	row := Share{
		Slug:           r.key("slug", s.Slug),
		ContentID:      r.whole("company_content_id", s.ContentID),
		ContentName:    r.text("content_name", s.ContentName),
		CreatedAt:      r.instant("created_at", s.CreatedAt),
		CreatedByEmail: r.agent("created_by_email", s.CreatedByEmail),
		CreatedByName:  r.text("created_by_name", s.CreatedByName),
		Segment:        r.text("segment", s.Segment),
		HasCTA:         r.boolean("has_cta", s.HasCTA),
		Engagement: Engagement{
			Visits:            r.count("visits", s.Visits),
			Plays:             r.count("plays", s.Plays),
			CTAClicks:         r.count("cta_clicks", s.CTAClicks),
			AvgPercentWatched: r.number("avg_percent_watched", s.AvgPercentWatched),
			Score:             r.number("engagement_score_v1", s.EngagementScore),
		},
	}
	row.Extra = r.extra(s.Extra)
	return row
}
