package transform

import (
	"database/sql"
	"encoding/json"
	"time"

	"wheelhouse/extract"
)

// Share is a row of crankwheel.shares, with its row of crankwheel.share_engagement_daily.
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
	ContentRuntimeMS sql.Null[int64] // milliseconds; from WatchedShare only
	Deleted          bool            // the share was deleted; from WatchedShare only
}

// Engagement counts what happened to a share in a window.
type Engagement struct {
	Visits, Plays, CTAClicks sql.Null[int32]
	AvgPercentWatched        sql.Null[float64] // 0 to 1
	Score                    sql.Null[float64]
}

// Any tells whether anybody visited the share. If nobody did, there is no row of crankwheel.share_engagement_daily.
func (e Engagement) Any() bool { return e.Visits.V > 0 || e.Plays.V > 0 || e.CTAClicks.V > 0 }

// Shares normalises a share of the list. See the package comment for ok and rejects.
func Shares(rec extract.Record[extract.Share]) (row Share, ok bool, rejects []Reject) {
	var r reader
	r.note("record", notObject(rec.Raw))
	row = share(&r, &rec.Value)
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.Slug)
	}
	return row, true, nil
}

// WatchedShare normalises a share that was visited in a window. ok is false where no row can be stored: the share's entry in
// the list cannot be understood, for which the stream shares has a reject, or its visits could not be asked for. Unlike
// with other functions of this package, rejects may be empty then.
func WatchedShare(w extract.WatchedShare) (row Share, ok bool, rejects []Reject) {
	var listed, detail reader
	row = share(&listed, &w.Share)
	row.ContentRuntimeMS = detail.longCount("content_runtime_ms", w.RuntimeMS)
	row.Deleted = w.Deleted
	reject := func(path, reason string) {
		raw, _ := json.Marshal(map[string]string{"slug": row.Slug}) // never fails for a string
		rejects = append(rejects, newReject(path, reason, raw))
	}
	if w.Unasked {
		reject("$.data.slug", "a slug that cannot stand in an address: its visits cannot be asked for")
	} else if detail.problem != "" {
		reject("$.content_runtime_ms", detail.problem)
	}
	return row, listed.problem == "" && !w.Unasked, rejects
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
