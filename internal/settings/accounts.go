package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wheelhouse/internal/stream"
)

// accountSettings is an account of the file, merged over the file's settings for all accounts.
type accountSettings struct {
	ID                string                    `json:"id"`
	Server            string                    `json:"server"`
	KeyVariable       string                    `json:"api_key_env"`
	KeyFile           string                    `json:"api_key_file"`
	Zone              string                    `json:"timezone"`
	HistoryFrom       string                    `json:"history_from"`
	RequestsPerSecond float64                   `json:"requests_per_second"`
	Streams           map[string]streamSettings `json:"streams"`

	at func(key ...string) Place
}

type streamSettings struct {
	Enabled           bool    `json:"enabled"`
	Cron              string  `json:"cron"`
	Zone              string  `json:"timezone"`
	Window            string  `json:"window"`
	Lookback          string  `json:"lookback"`
	OpenLookback      string  `json:"open_lookback"`
	Parallel          int     `json:"parallel"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	WindowEnd         string  `json:"window_end"`
}

// accounts returns the accounts of the file or, if it lists none, the account that the environment describes. top is the
// file merged over the built-in file.
func (l *loader) accounts(d *document, top map[string]any) []Account {
	list, _ := top["accounts"].([]any)
	if len(list) == 0 {
		list = []any{map[string]any{"id": defaultAccount}}
	}
	lines, variables := map[string]int{}, map[string]bool{}
	accounts := make([]Account, len(list))
	for i, entry := range list {
		if entry == nil { // reported as wrong, and removed
			lines[""] = 0
			continue
		}
		a := accountSettings{at: func(key ...string) Place { return d.place(append([]string{"accounts", strconv.Itoa(i)}, key...)...) }}
		if err := decode(merge(map[string]any{"requests_per_second": top["requests_per_second"], "streams": top["streams"]}, entry), &a); err != nil {
			l.at(a.at(), "the schema accepts this account, but the program cannot read it: this is a defect of Wheelhouse, please report it")
			continue
		}
		if line, twice := lines[a.ID]; twice && a.ID != "" {
			l.at(a.at(), "a second account with the id %s (first in line %d): each needs its own", quote(a.ID), line)
		} else {
			lines[a.ID] = a.at().Line
		}
		variables[a.KeyVariable] = true
		accounts[i] = l.account(a)
	}
	_, isDefault := lines[defaultAccount]
	if _, unnamed := lines[""]; !isDefault && !unnamed {
		l.unread(d.file, variables)
	}
	return accounts
}

func (l *loader) account(a accountSettings) Account {
	historyAt := a.at("history_from")
	if a.ID == defaultAccount {
		historyAt = l.environment(&a, historyAt)
	}
	zone := zoneOr(a.Zone, time.UTC)
	server, _ := parseServer(a.Server) // an error is already reported
	account := Account{
		ID: a.ID, Server: server, APIKey: l.key(a), Zone: zone, HistoryFrom: l.history(a.HistoryFrom, zone, historyAt),
		RequestsPerSecond: a.RequestsPerSecond, Streams: make([]Stream, len(stream.All)),
	}
	for i, known := range stream.All {
		s := a.Streams[known.Name]
		cronZone := zoneOr(s.Zone, zone)
		account.Streams[i] = Stream{
			Name: known.Name, Enabled: s.Enabled, Cron: s.Cron, CronZone: cronZone, Schedule: schedule(s.Cron, cronZone),
			Window: days(s.Window), Lookback: days(s.Lookback), OpenLookback: days(s.OpenLookback), Parallel: max(1, s.Parallel),
			RequestsPerSecond: s.RequestsPerSecond, WindowEnd: s.WindowEnd,
		}
	}
	return account
}

// unread reports variables that describe the default account although the file lists accounts without it. Somebody set
// them for a reason, and they would have no effect. named is the variables that the file's accounts name.
func (l *loader) unread(file string, named map[string]bool) {
	for _, variable := range []string{
		"CRANKWHEEL_URL", "CRANKWHEEL_API_KEY", "CRANKWHEEL_API_KEY_FILE", "WHEELHOUSE_TIMEZONE", "WHEELHOUSE_HISTORY_FROM",
	} {
		if l.variable(variable) != "" && !named[variable] {
			l.env(variable, "set, but nothing reads it: %s lists accounts and none has the id default: add one (- id: default), or unset the variable", file)
		}
	}
}

// environment overrides the default account with the environment. It returns the place of history_from.
func (l *loader) environment(a *accountSettings, historyAt Place) Place {
	if override(l, "CRANKWHEEL_URL", &a.Server, parseServer); a.Server == "" && !l.opts.Offline {
		l.env("CRANKWHEEL_URL", "not set: write the account's server, such as https://meeting.is")
	}
	override(l, "WHEELHOUSE_TIMEZONE", &a.Zone, parseZone)
	if override(l, "WHEELHOUSE_HISTORY_FROM", &a.HistoryFrom, parseDate) {
		return Place{Path: "WHEELHOUSE_HISTORY_FROM"}
	}
	return historyAt
}

// override replaces text by a variable, if it is set, and reports an error of parse.
func override[T any](l *loader, variable string, text *string, parse func(string) (T, error)) bool {
	value := l.variable(variable)
	if value == "" {
		return false
	}
	*text = value
	_, err := parse(value)
	l.refuse(variable, err)
	return true
}

// key reads an account's key. For the default account the environment comes first.
func (l *loader) key(a accountSettings) Secret {
	const variable = "CRANKWHEEL_API_KEY"
	var text string
	var where Place
	var err error
	switch isDefault := a.ID == defaultAccount; {
	case l.opts.Offline:
		return Secret{}
	case isDefault && (l.variable(variable) != "" || l.variable(variable+"_FILE") != ""):
		if text, where.Path = l.secret(variable); where.Path == "" {
			return Secret{} // reported
		}
	case a.KeyVariable != "":
		text, where = l.variable(a.KeyVariable), a.at("api_key_env")
		if text == "" {
			err = fmt.Errorf("the variable %s is not set: put the account's API key into it (a read-only key is enough)", a.KeyVariable)
		}
	case a.KeyFile != "":
		where = a.at("api_key_file")
		text, err = readSecret(a.KeyFile)
	case isDefault:
		l.env(variable, "not set: put the account's API key into it (a read-only key is enough), or its file's path into %s_FILE", variable)
		return Secret{}
	default:
		return Secret{} // reported: the schema requires one of the two
	}
	if err == nil {
		err = checkKey(text)
	}
	if err != nil {
		l.at(where, "%v", err)
		return Secret{}
	}
	return NewSecret(text)
}

const maxKey = 4096 // bytes

// checkKey refuses a key that cannot be in a header. Its errors say where in the key, but never show a character of it.
func checkKey(text string) error {
	switch {
	case text == "":
		return errors.New("the key is empty")
	case len(text) > maxKey:
		return fmt.Errorf("the key is longer than %d characters: this is something else", maxKey)
	case len(text) > 6 && strings.EqualFold(text[:6], "basic "):
		return errors.New("the key begins with the word Basic: leave that out, Wheelhouse adds it")
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n' || c == '\r':
			return fmt.Errorf("the key has a line break after %d characters: it should be one line", i)
		case c <= ' ' || c >= 0x7f:
			return fmt.Errorf("the key has a space, or another character that no key has, after %d characters: it should be letters, digits and punctuation", i)
		}
	}
	return nil
}

// history is the first day to load: the date that is set, or else the first of this month a year ago. The default only moves
// forward, so loaded days stay loaded.
func (l *loader) history(from string, zone *time.Location, at Place) time.Time {
	today := civil(l.now.In(zone))
	day, err := parseDate(from)
	switch {
	case err != nil: // not set, or reported
		return dayIn(time.Date(today.Year()-1, today.Month(), 1, 0, 0, 0, 0, time.UTC), zone)
	case day.After(today):
		l.at(at, "%s is in the future: write the first day to load, today (%s) at the latest", from, today.Format(time.DateOnly))
	}
	return dayIn(day, zone)
}

// Unlimited removes the limits on requests per second, for a simulated API.
func (a *Account) Unlimited() {
	a.RequestsPerSecond = 0
	for i := range a.Streams {
		a.Streams[i].RequestsPerSecond = 0
	}
}
