package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// ShareVisits loads crankwheel.share_visits, and of crankwheel.shares what a share's detail says.
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
		extra(func(v *visit) []byte { return v.Extra }),
	})

// watchedShares are the columns of crankwheel.shares that only a share's detail tells. A detail that answers 404 says that
// the share was deleted, one that answers says that it was not, or is back. The list of shares never changes these
// columns, and these never change the list's.
var watchedShares = newRows(
	Table{Name: "shares", LoadID: "detail_load_id", findByKey: true, Deletion: NeverDelete, match: matchWatchedShare},
	[]field[share]{
		requiredText("slug", func(s *share) string { return s.Slug }),
	},
	[]field[share]{
		bigint("content_runtime_ms", func(s *share) sql.Null[int64] { return s.ContentRuntimeMS }),
		// Any time says that the share is deleted: matchWatchedShare puts the right one.
		timestamp("deleted_at", func(s *share) sql.Null[time.Time] {
			return sql.Null[time.Time]{V: time.Unix(0, 0), Valid: s.Deleted}
		}),
	})

// matchWatchedShare keeps the length of a share whose detail is gone, and when it was first found deleted.
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
	b.state.records++
	return add(b, 0, shareVisits, &v)
}

// WatchedShare adds what a visited share's detail says of the share. It is no record of its own: the visits are.
func (b *Batch) WatchedShare(s transform.Share) error { return addBeside(b, 1, watchedShares, &s) }
