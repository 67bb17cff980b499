package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// account is an account in the warehouse.
type account struct {
	ID          string
	Timezone    string
	HistoryFrom time.Time
	Today       time.Time
	KnownZone   bool // the database server knows the zone
}

// presets are the lengths of the ranges offered, in days. They end with the default range.
var presets = []int{7, 28, 90, 365}

const (
	usualDays = 28
	mostDays  = 3700
)

// scope selects what a page shows: an account, a range of its days, and the zone of times. It is part of the address.
type scope struct {
	Accounts []account
	Account  account
	From, To time.Time // days of the account, at midnight UTC, both included
	Days     int
	Preset   int // the length of the range, if asked for by length; 0: asked for by dates
	asked    bool
	Zone     *time.Location

	// Start and Stop are the times at which the range begins and ends in the account's zone. Before is the time at which
	// the range of the same length before it begins.
	Start, Stop, Before time.Time
}

// scopeSQL has the statements that every page needs.
var scopeSQL = mustSQL("scope")

// readScope reads the scope from an address.
func readScope(ctx context.Context, q querier, v url.Values, p *page) (scope, error) {
	var s scope
	rows, err := q.Query(ctx, scopeSQL["accounts"])
	if err == nil {
		s.Accounts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[account])
	}
	if err != nil {
		return s, &statementError{"accounts", err}
	}
	if err := s.choose(v, p); err != nil || len(s.Accounts) == 0 {
		return s, err
	}
	rows, err = q.Query(ctx, scopeSQL["moments"], pgx.NamedArgs{"zone": s.Account.Timezone, "from": day(s.From), "to": day(s.To)})
	if err == nil {
		var moments [3]time.Time
		moments, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (m [3]time.Time, err error) {
			return m, row.Scan(&m[0], &m[1], &m[2])
		})
		s.Before, s.Start, s.Stop = moments[0], moments[1], moments[2]
	}
	if err != nil {
		return s, &statementError{"moments", err}
	}
	return s, nil
}

func (s *scope) choose(v url.Values, p *page) error {
	s.Zone = time.UTC
	if len(s.Accounts) == 0 {
		return nil
	}
	s.Account = s.Accounts[max(0, slices.IndexFunc(s.Accounts, func(a account) bool {
		_, err := time.LoadLocation(a.Timezone)
		return a.KnownZone && err == nil
	}))]
	if id := v.Get("account"); id != "" {
		i := slices.IndexFunc(s.Accounts, func(a account) bool { return a.ID == id })
		if i < 0 {
			return unknown("This warehouse has no account with the name in the address.")
		}
		s.Account = s.Accounts[i]
	}
	if err := s.chooseZone(v.Get("zone")); err != nil {
		return err
	}
	return s.chooseDays(v, p)
}

// chooseZone chooses the zone in which times are shown: the one that the address names, else the account's.
func (s *scope) chooseZone(name string) error {
	if !s.Account.KnownZone {
		return &zoneError{s.Account.Timezone, "The database server", "update the server's time zone data, or load the account with another zone"}
	}
	if name == "" {
		zone, err := time.LoadLocation(s.Account.Timezone)
		if err != nil {
			return &zoneError{s.Account.Timezone, "This program", "use a newer wheelhouse"}
		}
		s.Zone = zone
		return nil
	}
	zone, err := loadZone(name)
	if err == nil {
		s.Zone = zone
	}
	return err
}

func loadZone(name string) (*time.Location, error) {
	if name == "Local" || len(name) > 64 {
		return nil, badRequest("The zone is not a name such as Europe/Berlin or UTC.")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, badRequest("The zone is not a name such as Europe/Berlin or UTC.")
	}
	return zone, nil
}

// chooseDays reads the range: from and to, or days, or the default. If only one of from and to is given, the range has the
// default length.
func (s *scope) chooseDays(v url.Values, p *page) error {
	from, to, n := v.Get("from"), v.Get("to"), cmp.Or(p.Days, usualDays)
	s.asked = from != "" || to != "" || v.Get("days") != ""
	if text := v.Get("days"); text != "" && from == "" && to == "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > mostDays {
			return badRequest(fmt.Sprintf("The parameter days is not a number from 1 to %d.", mostDays))
		}
	}
	s.To, s.Preset = s.Account.Today, n
	if !p.Today {
		s.To = s.To.AddDate(0, 0, -1)
	}
	var err error
	if to != "" {
		if s.To, err = parseDay("to", to); err != nil {
			return err
		}
		s.Preset = 0
	}
	s.From = s.To.AddDate(0, 0, 1-n)
	if from != "" {
		if s.From, err = parseDay("from", from); err != nil {
			return err
		}
		s.Preset = 0
		if to == "" {
			s.To = s.From.AddDate(0, 0, n-1)
		}
	}
	s.Days = int(s.To.Sub(s.From).Hours()/24) + 1
	if s.Days < 1 || s.Days > mostDays {
		return badRequest(fmt.Sprintf("The range ends before it begins, or has more than %d days.", mostDays))
	}
	return nil
}

func parseDay(name, text string) (time.Time, error) {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil || d.Year() < 2000 || d.Year() > 2200 {
		return d, badRequest(name + " is not a day like 2026-01-31.")
	}
	return d, nil
}

// day is a date as an argument of a statement.
func day(t time.Time) pgtype.Date { return pgtype.Date{Time: t, Valid: true} }

// args is the scope as arguments of statements.
func (s *scope) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"account": s.Account.ID, "from": day(s.From), "to": day(s.To), "days": s.Days, "zone": s.Zone.String(), "timezone": s.Account.Timezone,
		"start": s.Start, "stop": s.Stop, "before": s.Before,
	}
}

// values is the scope as parameters of an address, without defaults.
func (s *scope) values() url.Values {
	v := url.Values{}
	if len(s.Accounts) > 1 {
		v.Set("account", s.Account.ID)
	}
	switch {
	case !s.asked: // each page has its default range
	case s.Preset > 0:
		v.Set("days", strconv.Itoa(s.Preset))
	case !s.From.IsZero():
		v.Set("from", s.From.Format(time.DateOnly))
		v.Set("to", s.To.Format(time.DateOnly))
	}
	if s.Zone != nil && s.Account.ID != "" && s.Zone.String() != s.Account.Timezone {
		v.Set("zone", s.Zone.String())
	}
	return v
}

// Link is the address of a page with this scope and more parameters, given as names and values in turn. Empty values are left
// out.
func (s *scope) Link(path string, more ...string) string {
	v := s.values()
	for i := 0; i+1 < len(more); i += 2 {
		v.Del(more[i])
		if more[i+1] != "" {
			v.Set(more[i], more[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + strings.ReplaceAll(v.Encode(), "%2F", "/")
}
