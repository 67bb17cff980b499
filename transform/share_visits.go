package transform

import (
	"database/sql"
	"time"

	"wheelhouse/extract"
)

// ShareVisit is a row of crankwheel.share_visits.
type ShareVisit struct {
	Slug             string
	VisitID          string
	VisitedAt        time.Time
	Played           sql.Null[bool]
	PercentWatched   sql.Null[float64] // as sent, without a check of its bounds
	WatchTimeSeconds sql.Null[float64]
	CTAClicked       sql.Null[bool]
	Extra            []byte
}

// ShareVisits normalises a visit. See the package comment for ok and rejects.
func ShareVisits(rec extract.Record[extract.ShareVisit]) (row ShareVisit, ok bool, rejects []Reject) {
	v, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = ShareVisit{
		Slug:             v.Slug,
		VisitID:          r.key("visit_id", v.ID),
		VisitedAt:        r.moment("visited_at", v.VisitedAt),
		Played:           r.boolean("played", v.Played),
		PercentWatched:   r.number("percent_watched", v.PercentWatched),
		WatchTimeSeconds: r.number("watch_time_sec", v.WatchTime),
		CTAClicked:       r.boolean("cta_clicked", v.CTAClicked),
	}
	if row.WatchTimeSeconds.V < 0 {
		r.note("watch_time_sec", "a negative number")
	}
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.Slug, row.VisitID)
	}
	row.Extra = r.extra(v.Extra)
	return row, true, nil
}
