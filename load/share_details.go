package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// ShareDetails loads crankwheel.share_details.
var ShareDetails = newStream("share_details", shareDetails.Table)

type detail = transform.ShareDetail

var shareDetails = newRows(
	Table{Name: "share_details", LoadID: "load_id", findByKey: true, Scope: Scope{Begin: "created_at"}},
	[]field[detail]{
		requiredText("slug", func(s *detail) string { return s.Slug }),
	},
	[]field[detail]{
		requiredTimestamp("created_at", func(s *detail) time.Time { return s.CreatedAt }),
		text("customer_account_id", func(s *detail) sql.Null[string] { return s.CustomerAccountID }),
		text("content_created_by", func(s *detail) sql.Null[string] { return s.ContentCreatedBy }),
		timestamp("content_recorded_at", func(s *detail) sql.Null[time.Time] { return s.ContentRecordedAt }),
		integer("content_runtime_seconds", func(s *detail) sql.Null[int32] { return s.ContentRuntimeSeconds }),
		personal(text("video_url", func(s *detail) sql.Null[string] { return s.VideoURL })),
		boolean("access_sharing_enabled", func(s *detail) sql.Null[bool] { return s.AccessSharingEnabled }),
		localDay(func(s *detail) time.Time { return s.CreatedAt }),
		extra(func(s *detail) []byte { return s.Extra }),
	})

// ShareDetail adds a share with its CRM account.
func (b *Batch) ShareDetail(s transform.ShareDetail) error {
	b.totals.records++
	return add(b, 0, shareDetails, &s)
}
