package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
	"wheelhouse/internal/sqlfile"
	"wheelhouse/internal/stream"
)

//go:embed status.sql
var statusSQL string

var status = sqlfile.Parse(statusSQL)

// StreamStatus is what the warehouse has of one stream of an account, and what is missing.
type StreamStatus struct {
	Account      string     `json:"account"`
	Stream       string     `json:"stream"`
	Enabled      *bool      `json:"enabled"` // switched on in the settings; nil if the account is not in the settings
	Snapshot     bool       `json:"snapshot"`
	Zone         string     `json:"timezone"`
	ZoneUnknown  bool       `json:"timezone_unknown"` // the database server does not know the zone: only Rows, Unknown and Last are read
	HistoryFrom  string     `json:"history_from"`
	Covered      []Days     `json:"covered"`         // for a snapshot, the days on which one was taken
	Gaps         []Days     `json:"gaps"`            // from HistoryFrom to yesterday; none for a snapshot
	GapDays      int        `json:"gap_days"`        // the sum of Gaps
	CoveredUntil *time.Time `json:"covered_until"`   // end of the newest loaded window; for a snapshot, when it was taken
	LoadedAt     *time.Time `json:"loaded_at"`       // when a load last committed
	Last         *LastLoad  `json:"last_load"`       // the newest load that is over
	Rows         int64      `json:"rows"`            // live rows of the stream's main table
	Unknown      int64      `json:"unknown_values"`  // rows with a value that the API does not document
	Members      []string   `json:"unknown_members"` // members of the answers, beside the records, that the program does not know and does not load
	Rejects      int64      `json:"rejects_open"`
	Unreconciled int64      `json:"windows_unreconciled"` // whose newest load is not reconciled
	Failed       int64      `json:"windows_failed"`       // whose newest load failed, and that are not covered
	Stale        int64      `json:"windows_stale"`        // whose newest load failed, and that older loads cover
	Running      int64      `json:"windows_running"`      // that a process is loading now
}

// Days is an interval of days, both included, in the account's zone.
type Days struct {
	From string `json:"from"`
	To   string `json:"to"`
	Days int    `json:"days"`
}

// LastLoad is a load that is over.
type LastLoad struct {
	ID     int64     `json:"id"`
	Status string    `json:"status"` // loaded, failed, or abandoned: its process died
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	At     time.Time `json:"at"`
	Error  *string   `json:"error"`
}

// Tables counts rows of schema crankwheel, which the ledger does not read.
type Tables interface {
	// CountRows counts the live rows of an account by stream: all, and those with a value that the API does not document.
	CountRows(ctx context.Context, tx pgx.Tx, account string) (rows, unknown map[string]int64, err error)
}

// Status returns the status, as of now, of every stream that is switched on or has a load, of the configured accounts and of those
// in the ledger. All of it is of one moment.
func (l *Ledger) Status(ctx context.Context, now time.Time, tables Tables, configured ...Configured) (all []StreamStatus, err error) {
	err = l.db.Retry(ctx, func() error {
		all = []StreamStatus{}
		return pgx.BeginTxFunc(ctx, l.db.Pool, postgres.Begin(pgx.RepeatableRead, pgx.ReadOnly), func(tx pgx.Tx) error {
			accounts, err := knownAccounts(ctx, tx, configured)
			if err != nil {
				return err
			}
			if err := findZones(ctx, tx, accounts); err != nil {
				return err
			}
			for _, a := range accounts {
				of, err := accountStatus(ctx, tx, now, tables, a)
				if err != nil {
					return err
				}
				all = append(all, of...)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	return all, nil
}

// knownAccount is an account with the name of its zone. Configured.Zone is nil if the account is only in the ledger.
type knownAccount struct {
	Configured
	zone        string
	zoneUnknown bool // the database server does not know the zone
}

// knownAccounts returns the configured accounts, and after them those that are only in the ledger.
func knownAccounts(ctx context.Context, tx pgx.Tx, configured []Configured) ([]knownAccount, error) {
	var all []knownAccount
	for _, c := range configured {
		all = append(all, knownAccount{Configured: c, zone: c.Zone.String()})
	}
	rows, err := tx.Query(ctx, status["accounts"])
	if err != nil {
		return nil, err
	}
	var a knownAccount
	_, err = pgx.ForEachRow(rows, []any{&a.ID, &a.zone, &a.HistoryFrom}, func() error {
		if !slices.ContainsFunc(configured, func(c Configured) bool { return c.ID == a.ID }) {
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

// accountStatus returns the status of an account's streams, in the order of internal/stream.
func accountStatus(ctx context.Context, tx pgx.Tx, now time.Time, tables Tables, a knownAccount) ([]StreamStatus, error) {
	rows, err := tx.Query(ctx, status["tried"], pgx.NamedArgs{"account": a.ID})
	if err != nil {
		return nil, err
	}
	shown, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	enabled := a.Streams
	a.Streams = append(shown, enabled...)
	all, err := streamsHealth(ctx, tx, now, a)
	if err != nil {
		return nil, err
	}
	counts, unknown, err := tables.CountRows(ctx, tx, a.ID)
	if err != nil {
		return nil, err
	}
	var found []StreamStatus
	for _, h := range all {
		described, _ := stream.ByName(h.Stream)
		s := StreamStatus{
			Account: a.ID, Stream: h.Stream, Snapshot: described.Snapshot(), Zone: a.zone, ZoneUnknown: a.zoneUnknown,
			HistoryFrom: a.HistoryFrom.Format(time.DateOnly), Covered: []Days{}, Gaps: []Days{}, Members: []string{}, Rows: counts[h.Stream], Unknown: unknown[h.Stream],
			CoveredUntil: h.CoveredUntil, LoadedAt: h.LoadedAt, Unreconciled: h.Unreconciled, Failed: h.Failed, Stale: h.Stale, Running: h.Running, Rejects: h.Rejects,
		}
		if a.Zone != nil {
			s.Enabled = new(slices.Contains(enabled, h.Stream))
		}
		found = append(found, s)
	}
	args := pgx.NamedArgs{
		"account": a.ID, "timezone": a.zone, "history_from": a.HistoryFrom.Format(time.DateOnly), "now": now, "streams": a.Streams,
	}
	if !a.zoneUnknown {
		if err := readDays(ctx, tx, args, found); err != nil {
			return nil, err
		}
	}
	if err := readUnknown(ctx, tx, args, found); err != nil {
		return nil, err
	}
	return found, readLast(ctx, tx, args, found)
}

// streamsHealth returns the health of an account's streams, or only their names if the database server does not know the account's zone.
func streamsHealth(ctx context.Context, tx pgx.Tx, now time.Time, a knownAccount) (all []Health, err error) {
	if !a.zoneUnknown {
		return readHealth(ctx, tx, now, []knownAccount{a})
	}
	for _, name := range stream.Names() {
		if slices.Contains(a.Streams, name) {
			all = append(all, Health{Account: a.ID, Stream: name})
		}
	}
	return all, nil
}

// readDays fills in the covered days and the gaps.
func readDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, all []StreamStatus) error {
	rows, err := tx.Query(ctx, status["days"], args)
	if err != nil {
		return err
	}
	var name string
	var loaded bool
	var from, to time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &loaded, &from, &to, &n}, func() error {
		s := named(all, name)
		days := Days{from.Format(time.DateOnly), to.Format(time.DateOnly), n}
		if loaded {
			s.Covered = append(s.Covered, days)
		} else {
			s.Gaps = append(s.Gaps, days)
			s.GapDays += n
		}
		return nil
	})
	return err
}

// readUnknown fills in the unknown members.
func readUnknown(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, all []StreamStatus) error {
	rows, err := tx.Query(ctx, status["unknown"], args)
	if err != nil {
		return err
	}
	var name string
	var members []string
	_, err = pgx.ForEachRow(rows, []any{&name, &members}, func() error {
		named(all, name).Members = slices.Clone(members)
		return nil
	})
	return err
}

// readLast fills in the last loads.
func readLast(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, all []StreamStatus) error {
	rows, err := tx.Query(ctx, status["last"], args)
	if err != nil {
		return err
	}
	var name string
	var last LastLoad
	_, err = pgx.ForEachRow(rows, []any{&name, &last.ID, &last.Status, &last.From, &last.To, &last.At, &last.Error}, func() error {
		named(all, name).Last = new(last)
		return nil
	})
	return err
}

// named returns the status of the stream with a name.
func named(all []StreamStatus, name string) *StreamStatus {
	return &all[slices.IndexFunc(all, func(s StreamStatus) bool { return s.Stream == name })]
}
