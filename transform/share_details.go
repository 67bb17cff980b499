package transform

import (
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"wheelhouse/extract"
)

// ShareDetail is a row of crankwheel.share_details.
type ShareDetail struct {
	Slug                  string
	CreatedAt             time.Time
	CustomerAccountID     sql.Null[string]
	ContentCreatedBy      sql.Null[string]
	ContentRecordedAt     sql.Null[time.Time]
	ContentRuntimeSeconds sql.Null[int32]
	VideoURL              sql.Null[string]
	AccessSharingEnabled  sql.Null[bool]
	Extra                 []byte
}

// ShareDetails normalises a share with its CRM account. See the package comment for ok and rejects.
func ShareDetails(rec extract.Record[extract.ShareDetail]) (row ShareDetail, ok bool, rejects []Reject) {
	s, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = ShareDetail{
		Slug:                  r.key("id", s.ID),
		CreatedAt:             r.moment("created_at", s.CreatedAt),
		CustomerAccountID:     r.text("customer_account_id", s.CustomerAccountID),
		ContentCreatedBy:      r.agent("content_created_by", s.ContentCreatedBy),
		ContentRecordedAt:     r.instant("content_recorded_at", s.ContentRecordedAt),
		ContentRuntimeSeconds: runtimeSeconds(&r, s.ContentRuntime),
		VideoURL:              r.text("video_url", s.VideoURL),
		AccessSharingEnabled:  r.boolean("access_sharing_enabled", s.AccessSharingEnabled),
	}
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, row.Slug)
	}
	row.Extra = r.extra(s.Extra)
	return row, true, nil
}

// runtimeSeconds reads HH:MM:SS as seconds. There may be more than 24 hours.
func runtimeSeconds(r *reader, f extract.Text) sql.Null[int32] {
	t := r.word("content_runtime", f)
	if !t.Valid {
		return sql.Null[int32]{}
	}
	parts := strings.Split(t.V, ":")
	seconds := int64(0)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil || len(parts) != 3 || i > 0 && n > 59 {
			r.note("content_runtime", "not HH:MM:SS")
			return sql.Null[int32]{}
		}
		seconds = seconds*60 + int64(n)
	}
	if seconds > math.MaxInt32 {
		r.note("content_runtime", "a number too large")
	}
	return some(int32(seconds))
}
