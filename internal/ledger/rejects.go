package ledger

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/sqlfile"
)

//go:embed rejects.sql
var rejectsSQL string

var rejects = sqlfile.Parse(rejectsSQL)

// Reject is a record that could not be understood, without the record itself.
type Reject struct {
	ID         int64      `json:"id" db:"id"`
	Account    string     `json:"account" db:"account_id"`
	Stream     string     `json:"stream" db:"stream"`
	Load       int64      `json:"load_id" db:"load_id"` // the newest load with this reject
	From       *time.Time `json:"window_from" db:"window_from"`
	To         *time.Time `json:"window_to" db:"window_to"`
	Path       string     `json:"path" db:"path"`
	Reason     string     `json:"reason" db:"reason"`
	FirstSeen  time.Time  `json:"first_seen_at" db:"first_seen_at"`
	LastSeen   time.Time  `json:"last_seen_at" db:"last_seen_at"`
	ResolvedAt *time.Time `json:"resolved_at" db:"resolved_at"`
}

// RejectFilter selects rejects. Empty fields select all.
type RejectFilter struct {
	Account string
	Streams []string
	IDs     []int64
	All     bool // resolved ones too
	Limit   int  // the number of rejects at most, the newest ones; 0: no limit
}

// ListRejects lists rejects, the one seen last first, without the records.
func (l *Ledger) ListRejects(ctx context.Context, f RejectFilter) ([]Reject, error) {
	args := pgx.NamedArgs{"account": f.Account, "streams": f.Streams, "ids": f.IDs, "all": f.All, "limit": nil}
	if f.Limit > 0 {
		args["limit"] = f.Limit
	}
	return list(ctx, l, rejects["list"], args, pgx.RowToStructByName[Reject])
}

// RejectDetail is a reject with the record. The record may have personal data: show it to the person who asked, and never log it.
type RejectDetail struct {
	Reject
	Raw        json.RawMessage `json:"raw" db:"raw"`           // as sent; null where jsonb cannot hold it
	RawText    *string         `json:"raw_text" db:"raw_text"` // instead of Raw
	RequestIDs []string        `json:"request_ids" db:"request_ids"`
}

// Pretty returns the record, indented if it is JSON.
func (d RejectDetail) Pretty() string {
	raw := []byte(d.Raw)
	if d.RawText != nil {
		raw = []byte(*d.RawText)
	}
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw) // not JSON: as sent
	}
	return b.String()
}

// ErrNoReject: there is no reject of this number.
var ErrNoReject = errors.New("no such reject")

// ShowReject reads one reject with the record. ErrNoReject if there is none.
func (l *Ledger) ShowReject(ctx context.Context, id int64) (RejectDetail, error) {
	all, err := list(ctx, l, rejects["show"], pgx.NamedArgs{"id": id}, pgx.RowToStructByName[RejectDetail])
	switch {
	case err != nil:
		return RejectDetail{}, err
	case len(all) == 0:
		return RejectDetail{}, ErrNoReject
	}
	return all[0], nil
}
