package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// ShareVisits loads crankwheel.share_visits, and the columns of crankwheel.shares that come from a share's detail.
var ShareVisits = newStream("share_visits", shareVisits.Table, watchedShares.Table)

type visit = transform.ShareVisit

var shareVisits = newRows(
	Table{Name: "share_visits", LoadID: "load_id", findByKey: true, Scope: Scope{Begin: "visited_at"}},
	[]field[visit]{
		requiredText("slug", func(v *visit) string { return v.Slug }),
		requiredText("visit_id", func(v *visit) string { return v.VisitID }),
	},
	[]field[visit]{
		requiredTimestamp("visited_at", func(v *visit) time.Time { return v.VisitedAt }),
		boolean("played", func(v *visit) sql.Null[bool] { return v.Played }),
		float("percent_watched", func(v *visit) sql.Null[float64] { return v.PercentWatched }),
		float("watch_time_seconds", func(v *visit) sql.Null[float64] { return v.WatchTimeSeconds }),
		boolean("cta_clicked", func(v *visit) sql.Null[bool] { return v.CTAClicked }),
		localDay(func(v *visit) time.Time { return v.VisitedAt }),
		extra(func(v *visit) []byte { return v.Extra }),
	})

// watchedShares has the columns of crankwheel.shares that come from a share's detail. A detail that is answered with 404 says
// that the share was deleted; one that is answered says that the share exists, or exists again. The list of shares never
// changes these columns, and the detail never changes the list's (invariant 5).
var watchedShares = newRows(
	Table{Name: "shares", LoadID: "detail_load_id", findByKey: true, Deletion: NeverDelete, match: matchWatchedShare},
	[]field[share]{
		requiredText("slug", func(s *share) string { return s.Slug }),
	},
	[]field[share]{
		bigint("content_runtime_ms", func(s *share) sql.Null[int64] { return s.ContentRuntimeMS }),
		// Any time stands for "deleted". matchWatchedShare replaces it with the right one.
		timestamp("deleted_at", func(s *share) sql.Null[time.Time] {
			return sql.Null[time.Time]{V: time.Unix(0, 0), Valid: s.Deleted}
		}),
	})

// matchWatchedShare keeps the runtime of a deleted share, and the time when a load first found the share deleted.
func matchWatchedShare(d *differ, existing []stored, incoming []record) {
	if len(incoming) > 0 {
		last := &incoming[len(incoming)-1]
		if deleted := fieldAt(last.row, 1); deleted != nil {
			e := encoder{}
			length, at := fieldAt(last.row, 0), d.now
			if len(existing) > 0 {
				length = fieldAt(existing[0].row, 0)
				if before := fieldAt(existing[0].row, 1); before != nil {
					at = timeOf(before)
				}
			}
			e.field(length)
			e.timestamptz(at)
			last.row = e.b
		}
	}
	matchByKey(d, existing, incoming)
}

// ShareVisit adds a visit.
func (b *Batch) ShareVisit(v transform.ShareVisit) error {
	b.totals.records++
	return add(b, 0, shareVisits, &v)
}

// WatchedShare adds what a visited share's detail says about the share. Only the visits count as records.
func (b *Batch) WatchedShare(s transform.Share) error { return addBeside(b, 1, watchedShares, &s) }
