package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed share_details.sql
var shareDetailsSQL string

// ShareDetails loads crankwheel.share_details.
var ShareDetails = Stream{
	Name: "share_details",
	stages: []stageTable{
		{"stage_share_details_1", []string{"n", "slug", "created_at", "customer_account_id", "content_created_by",
			"content_recorded_at", "content_runtime_seconds", "video_url", "access_sharing_enabled", "extra"}},
	},
	sql: parseSQL(shareDetailsSQL),
}

// ShareDetail adds a share with its CRM account.
func (b *Batch) ShareDetail(s transform.ShareDetail) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.text(s.Slug)
		t.timestamptz(s.CreatedAt)
		t.nullText(s.CustomerAccountID)
		t.nullText(s.ContentCreatedBy)
		t.nullTimestamptz(s.ContentRecordedAt)
		t.nullInt4(s.ContentRuntimeSeconds)
		t.nullText(s.VideoURL)
		t.nullBool(s.AccessSharingEnabled)
		t.jsonb(s.Extra)
		return b.put(rowsStage, place)
	})
}
