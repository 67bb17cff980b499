package load

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed status.sql
var statusSQL string

var status = parseSQL(statusSQL)

// Configured is an account as the settings have it, with the streams that are switched on. The books may
// know the account from before, with another zone or history.
type Configured struct {
	Account
	Streams []string
}

// StreamStatus is what the warehouse has of one stream of an account, and what it lacks.
type StreamStatus struct {
	Account      string     `json:"account"`
	Stream       string     `json:"stream"`
	Enabled      *bool      `json:"enabled"` // switched on in the settings; nil if they do not know the account
	Snapshot     bool       `json:"snapshot"`
	Zone         string     `json:"timezone"`
	HistoryFrom  string     `json:"history_from"`
	Covered      []Days     `json:"covered"`        // a snapshot: the days it was taken on
	Gaps         []Days     `json:"gaps"`           // since HistoryFrom until yesterday; none for a snapshot
	GapDays      int        `json:"gap_days"`       // in all of Gaps
	CoveredUntil *time.Time `json:"covered_until"`  // end of the newest window loaded; a snapshot: when it was taken
	LoadedAt     *time.Time `json:"loaded_at"`      // when a load last committed
	Last         *LastLoad  `json:"last_load"`      // the newest try that is over
	Rows         int64      `json:"rows"`           // in the stream's own table, deleted ones left out
	Unknown      int64      `json:"unknown_values"` // rows with a value that the API does not document, kept as sent
	Rejects      int64      `json:"rejects_open"`
	Unreconciled int64      `json:"windows_unreconciled"` // the newest load lacks parts, or does not add up to the API's totals
	Failed       int64      `json:"windows_failed"`       // the newest try failed and nothing loaded covers the window
	Stale        int64      `json:"windows_stale"`        // the newest try failed, and older data covers the window
	Running      int64      `json:"windows_running"`      // being loaded at this moment
}

// Days is a stretch of days, both included, in the account's zone.
type Days struct {
	From string `json:"from"`
	To   string `json:"to"`
	Days int    `json:"days"`
}

// LastLoad is a try at a window that is over.
type LastLoad struct {
	ID     int64     `json:"id"`
	Status string    `json:"status"` // loaded, failed, or abandoned: its process died
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	At     time.Time `json:"at"`
	Error  *string   `json:"error"`
}

// Status tells, as of now, how every stream stands that is switched on or has an entry in the ledger: of the
// accounts given and of those in the books. It is one consistent view.
func (w *Warehouse) Status(ctx context.Context, now time.Time, configured ...Configured) ([]StreamStatus, error) {
	var all []StreamStatus
	err := w.retry(ctx, func() error {
		all = []StreamStatus{}
		return pgx.BeginTxFunc(ctx, w.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, status["quick"]); err != nil {
				return err
			}
			accounts, err := knownAccounts(ctx, tx, configured)
			if err != nil {
				return err
			}
			for _, a := range accounts {
				of, err := accountStatus(ctx, tx, now, a)
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

// knownAccount is an account with its zone as Postgres is to read it. Configured.Zone is nil where only the
// books know the account.
type knownAccount struct {
	Configured
	zone string
}

// knownAccounts are those given, and after them those that only the books know.
func knownAccounts(ctx context.Context, tx pgx.Tx, configured []Configured) ([]knownAccount, error) {
	var all []knownAccount
	for _, c := range configured {
		all = append(all, knownAccount{c, c.Zone.String()})
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

// accountStatus tells of an account's streams, in the order in which streams are shown.
func accountStatus(ctx context.Context, tx pgx.Tx, now time.Time, a knownAccount) ([]StreamStatus, error) {
	args := pgx.NamedArgs{
		"account": a.ID, "timezone": a.zone, "history_from": a.HistoryFrom.Format(time.DateOnly), "now": now, "streams": streamNames(),
	}
	rows, err := tx.Query(ctx, status["tried"], args)
	if err != nil {
		return nil, err
	}
	tried, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	counts, err := countsOf(ctx, tx, "rows", args)
	if err != nil {
		return nil, err
	}
	unknown, err := countsOf(ctx, tx, "unknown", args)
	if err != nil {
		return nil, err
	}
	if err := readCalendar(ctx, tx, args); err != nil {
		return nil, err
	}
	var all []StreamStatus
	for _, stream := range Streams {
		enabled := slices.Contains(a.Streams, stream.Name)
		if !enabled && !slices.Contains(tried, stream.Name) {
			continue
		}
		s := StreamStatus{
			Account: a.ID, Stream: stream.Name, Snapshot: stream.Snapshot(), Zone: a.zone,
			HistoryFrom: a.HistoryFrom.Format(time.DateOnly), Covered: []Days{}, Gaps: []Days{}, Rows: counts[stream.Name], Unknown: unknown[stream.Name],
		}
		if a.Zone != nil {
			s.Enabled = &enabled
		}
		args["stream"], args["daily"], args["snapshot"] = stream.Name, stream.OneDay != "", stream.Snapshot()
		if err := s.readDays(ctx, tx, args); err != nil {
			return nil, err
		}
		if err := s.readWindows(ctx, tx, args); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func streamNames() (names []string) {
	for _, s := range Streams {
		names = append(names, s.Name)
	}
	return names
}

// countsOf runs a statement that counts something by stream.
func countsOf(ctx context.Context, tx pgx.Tx, name string, args pgx.NamedArgs) (map[string]int64, error) {
	rows, err := tx.Query(ctx, status[name], args)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	var stream string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&stream, &n}, func() error { counts[stream] = n; return nil })
	return counts, err
}

// readCalendar adds the account's days to the arguments.
func readCalendar(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	rows, err := tx.Query(ctx, status["calendar"], args)
	if err != nil {
		return err
	}
	days, starts, stops := []string{}, []time.Time{}, []time.Time{}
	var day string
	var start, stop time.Time
	_, err = pgx.ForEachRow(rows, []any{&day, &start, &stop}, func() error {
		days, starts, stops = append(days, day), append(starts, start), append(stops, stop)
		return nil
	})
	args["days"], args["starts"], args["stops"] = days, starts, stops
	return err
}

// readDays fills in what is covered and the gaps.
func (s *StreamStatus) readDays(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	rows, err := tx.Query(ctx, status["days"], args)
	if err != nil {
		return err
	}
	var loaded bool
	var from, to time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&loaded, &from, &to, &n}, func() error {
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

// readWindows fills in freshness, the last load and the windows in trouble.
func (s *StreamStatus) readWindows(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	var id *int64
	var outcome *string
	var from, to, at *time.Time
	var failure *string
	err := tx.QueryRow(ctx, status["windows"], args).Scan(&s.CoveredUntil, &s.LoadedAt, &id, &outcome, &from, &to, &at, &failure,
		&s.Unreconciled, &s.Failed, &s.Stale, &s.Running, &s.Rejects)
	if err == nil && id != nil {
		s.Last = &LastLoad{*id, *outcome, *from, *to, *at, failure}
	}
	return err
}
