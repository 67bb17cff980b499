package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/settings"
)

// zones looks for accounts whose zone the database server does not know. This program has Go's list of zones, and the server has its own.
// Accounts that are in the warehouse and not in the settings are not loaded, so their zones cause only a warning.
func zones(ctx context.Context, d Database) (all []Result, err error) {
	known, err := names(ctx, d.tx, `SELECT name FROM pg_timezone_names WHERE name !~ '^(posix|right)/'`)
	if err != nil {
		return nil, err
	}
	loaded := map[string]bool{} // the accounts in the settings
	for _, a := range d.Accounts {
		loaded[a.ID] = true
		zone := a.Zone.String()
		if knows(known, zone) {
			if !d.advice {
				continue
			}
			r, err := sameRules(ctx, d.tx, a)
			if err != nil {
				return nil, err
			}
			all = append(all, r.of(a.ID))
			continue
		}
		r := fail(fmt.Sprintf("the database server does not know the time zone %s, which this program knows", zone),
			"write "+instead(a.Zone, known)+"update the server's time zone data (the package tzdata, and tzdata-legacy for old names)")
		r.OfSettings = true
		all = append(all, r.of(a.ID))
	}
	if !d.advice {
		return all, nil
	}
	stored, err := storedZones(ctx, d.tx)
	if err != nil {
		return nil, err
	}
	for _, s := range stored {
		_, unknown := time.LoadLocation(s.zone)
		switch {
		case loaded[s.account]: // its zone in the settings is checked above
		case !knows(known, s.zone):
			all = append(all, warn(fmt.Sprintf("the account is in the warehouse with the time zone %s, which the database server does not know: its days cannot be shown", s.zone),
				"update the server's time zone data (the package tzdata, and tzdata-legacy for old names), or load the account with another zone").of(s.account))
		case unknown != nil:
			all = append(all, warn(fmt.Sprintf("the account is in the warehouse with the time zone %s, which the database server knows and this program does not", s.zone),
				"use a newer wheelhouse, which has newer time zone data").of(s.account))
		}
	}
	return all, nil
}

// sameRules compares the clock of an account's zone on each day from the account's first to a year from now: a country may have changed
// its rules since the server's time zone data, or this program's, were made.
func sameRules(ctx context.Context, q pgx.Tx, a settings.Account) (Result, error) {
	var at []time.Time
	var local []string
	for t := a.HistoryFrom; t.Before(time.Now().AddDate(1, 0, 0)); t = t.Add(24 * time.Hour) {
		at, local = append(at, t), append(local, t.In(a.Zone).Format("2006-01-02 15:04:05"))
	}
	var differs *time.Time
	err := q.QueryRow(ctx, `SELECT min(at) FROM unnest($1::timestamptz[], $2::text[]) AS u (at, local) WHERE at AT TIME ZONE $3 <> local::timestamp`,
		at, local, a.Zone.String()).Scan(&differs)
	switch {
	case err != nil:
		return Result{}, err
	case differs != nil:
		return warn(fmt.Sprintf("the database server and this program have different rules for %s, first on %s: days may show as gaps", a.Zone, differs.In(a.Zone).Format(time.DateOnly)),
			"update the server's time zone data (the package tzdata), and use a newer wheelhouse if that is not enough"), nil
	}
	return ok("the database server knows %s, with the same rules", a.Zone), nil
}

// knows tells whether Postgres finds a zone among its names. Postgres ignores case.
func knows(names []string, zone string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, zone) })
}

func names(ctx context.Context, q pgx.Tx, sql string) ([]string, error) {
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

type storedZone struct{ account, zone string }

// storedZones returns the zones of the accounts in the warehouse. It returns none before the first migration, or if the user may not read
// them.
func storedZones(ctx context.Context, q pgx.Tx) ([]storedZone, error) {
	var there bool
	err := q.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		               WHERE n.nspname = 'wheelhouse' AND c.relname = 'accounts'
		                 AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))`).Scan(&there)
	if err != nil || !there {
		return nil, err
	}
	rows, err := q.Query(ctx, `SELECT account_id, timezone FROM wheelhouse.accounts ORDER BY account_id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s storedZone, err error) {
		return s, row.Scan(&s.account, &s.zone)
	})
}

// instead returns the beginning of a remedy: names that the server knows for the same clock as a zone's, the most similar name first.
func instead(zone *time.Location, names []string) string {
	var same []string
	for _, name := range names {
		if other, err := time.LoadLocation(name); err == nil && strings.Contains(name, "/") && sameClock(zone, other) {
			same = append(same, name)
		}
	}
	slices.SortStableFunc(same, func(a, b string) int {
		return cmp.Or(likeness(b, zone.String())-likeness(a, zone.String()), strings.Compare(a, b))
	})
	if len(same) == 0 {
		return "another zone that the server knows, or "
	}
	return strings.Join(same[:min(3, len(same))], " or ") + " (the same clock under a name that the server knows), or "
}

// sameClock tells whether two zones have the same clock from 1970 to 2037.
func sameClock(a, b *time.Location) bool {
	const week = 7 * 24 * time.Hour
	for t := time.Unix(0, 0); t.Year() < 2038; t = t.Add(week) {
		_, here := t.In(a).Zone()
		if _, there := t.In(b).Zone(); here != there {
			return false
		}
	}
	return true
}

// likeness is the length in bytes of the beginning that both names share.
func likeness(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
