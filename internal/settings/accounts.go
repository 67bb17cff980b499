package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wheelhouse/internal/stream"
)

// accountSettings is an account of the file, with the layers below it.
type accountSettings struct {
	ID                string                    `json:"id"`
	Server            string                    `json:"server"`
	KeyVariable       string                    `json:"api_key_env"`
	KeyFile           string                    `json:"api_key_file"`
	Zone              timezone                  `json:"timezone"`
	HistoryFrom       date                      `json:"history_from"`
	RequestsPerSecond float64                   `json:"requests_per_second"`
	Streams           map[string]streamSettings `json:"streams"`
}

type streamSettings struct {
	Enabled           bool     `json:"enabled"`
	Cron              string   `json:"cron"`
	Zone              timezone `json:"timezone"`
	Window            days     `json:"window"`
	Lookback          days     `json:"lookback"`
	OpenLookback      days     `json:"open_lookback"`
	Parallel          int      `json:"parallel"`
	RequestsPerSecond float64  `json:"requests_per_second"`
	WindowEnd         string   `json:"window_end"`
}

// accounts are those of the file or, where it lists none, the one that the environment describes. top is the file over
// the built-in file.
func (l *loader) accounts(d *document, top map[string]any) []Account {
	list, _ := top["accounts"].([]any)
	if len(list) == 0 {
		list = []any{map[string]any{"id": DefaultAccount}}
	}
	lines := map[string]int{}
	variables := map[string]bool{}
	accounts := make([]Account, len(list))
	for i, entry := range list {
		if entry == nil { // reported and taken out
			lines[""] = 0
			continue
		}
		var a accountSettings
		at := func(key ...string) place { return d.place(append([]string{"accounts", strconv.Itoa(i)}, key...)...) }
		below := map[string]any{"requests_per_second": top["requests_per_second"], "streams": top["streams"]}
		if err := decode(merge(below, entry), &a); err != nil {
			l.at(at(), "the schema accepts this account and the program cannot read it: this is a defect of Wheelhouse, please report it")
			continue
		}
		if line, twice := lines[a.ID]; twice && a.ID != "" {
			l.at(at(), "a second account with the id %s (first in line %d): each needs its own", quote(a.ID), line)
		} else {
			lines[a.ID] = at().line
		}
		variables[a.KeyVariable] = true
		accounts[i] = l.account(a, at)
	}
	_, isDefault := lines[DefaultAccount]
	if _, unnamed := lines[""]; !isDefault && !unnamed {
		l.unread(d.file, variables)
	}
	return accounts
}

func (l *loader) account(a accountSettings, at func(...string) place) Account {
	historyAt := at("history_from")
	if a.ID == DefaultAccount {
		historyAt = l.environment(&a, historyAt)
	}
	if a.Zone.Location == nil {
		a.Zone.Location = time.UTC
	}
	server, _ := parseServer(a.Server) // a wrong one is reported already
	return Account{
		ID: a.ID, Server: server, APIKey: l.key(a, at), Zone: a.Zone.Location,
		HistoryFrom: l.history(a, historyAt), RequestsPerSecond: a.RequestsPerSecond, Streams: streams(a),
	}
}

// streams are all streams of an account, in the order of stream.All.
func streams(a accountSettings) []Stream {
	list := make([]Stream, len(stream.All))
	for i, known := range stream.All {
		s := a.Streams[known.Name]
		if s.Zone.Location == nil {
			s.Zone = a.Zone
		}
		list[i] = Stream{
			Name: known.Name, Enabled: s.Enabled, Cron: s.Cron, CronZone: s.Zone.Location, Schedule: schedule(s.Cron, s.Zone.Location),
			Window: int(s.Window), Lookback: int(s.Lookback), OpenLookback: int(s.OpenLookback), Parallel: max(1, s.Parallel),
			RequestsPerSecond: s.RequestsPerSecond, WindowEnd: s.WindowEnd,
		}
	}
	return list
}

// unread reports variables that describe the default account where the file lists accounts and none is the default:
// they were set for a reason, and would do nothing. named are variables that accounts of the file name.
func (l *loader) unread(file string, named map[string]bool) {
	for _, variable := range []string{
		"CRANKWHEEL_URL", "CRANKWHEEL_API_KEY", "CRANKWHEEL_API_KEY_FILE", "WHEELHOUSE_TIMEZONE", "WHEELHOUSE_HISTORY_FROM",
	} {
		if l.variable(variable) != "" && !named[variable] {
			l.env(variable, "set, but nothing reads it: %s lists accounts and none has the id default: add one (- id: default), or unset the variable", file)
		}
	}
}

// environment lays the environment over the default account. It returns where history_from stands.
func (l *loader) environment(a *accountSettings, historyAt place) place {
	if text := l.variable("CRANKWHEEL_URL"); text != "" {
		a.Server = text
		_, err := parseServer(text)
		l.refuse("CRANKWHEEL_URL", err)
	} else if a.Server == "" && !l.opts.Offline {
		l.env("CRANKWHEEL_URL", "not set: write the account's server, such as https://meeting.is")
	}
	if text := l.variable("WHEELHOUSE_TIMEZONE"); text != "" {
		l.refuse("WHEELHOUSE_TIMEZONE", a.Zone.UnmarshalText([]byte(text)))
	}
	if text := l.variable("WHEELHOUSE_HISTORY_FROM"); text != "" {
		l.refuse("WHEELHOUSE_HISTORY_FROM", a.HistoryFrom.UnmarshalText([]byte(text)))
		return place{path: "WHEELHOUSE_HISTORY_FROM"}
	}
	return historyAt
}

// key reads an account's key. For the default account the environment comes first.
func (l *loader) key(a accountSettings, at func(...string) place) Secret {
	if l.opts.Offline {
		return Secret{}
	}
	const variable = "CRANKWHEEL_API_KEY"
	isDefault := a.ID == DefaultAccount
	var text string
	var where place
	switch {
	case isDefault && (l.variable(variable) != "" || l.variable(variable+"_FILE") != ""):
		found, by := l.secret(variable)
		if by == "" {
			return Secret{} // reported
		}
		text, where = found, place{path: by}
	case a.KeyVariable != "":
		text, where = l.variable(a.KeyVariable), at("api_key_env")
		if text == "" {
			l.at(where, "the variable %s is not set: put the account's API key into it (a read-only key is enough)", a.KeyVariable)
			return Secret{}
		}
	case a.KeyFile != "":
		var err error
		where = at("api_key_file")
		if text, err = readSecret(a.KeyFile); err != nil {
			l.at(where, "%v", err)
			return Secret{}
		}
	case isDefault:
		l.env(variable, "not set: put the account's API key into it (a read-only key is enough), or its file's path into %s_FILE", variable)
		return Secret{}
	default:
		return Secret{} // reported: the schema wants one of the two
	}
	if err := checkKey(text); err != nil {
		l.at(where, "%v", err)
		return Secret{}
	}
	return NewSecret(text)
}

const maxKey = 4096 // bytes

// checkKey refuses what must not get into a header. Its errors say where in the key, never what stands there.
func checkKey(text string) error {
	switch {
	case text == "":
		return errors.New("the key is empty")
	case len(text) > maxKey:
		return fmt.Errorf("the key is longer than %d characters: this is something else", maxKey)
	case len(text) > 6 && strings.EqualFold(text[:6], "basic "):
		return errors.New("the key begins with the word Basic: leave it out, it is added here")
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n' || c == '\r':
			return fmt.Errorf("the key has a line break after %d characters: it should be one line", i)
		case c <= ' ' || c >= 0x7f:
			return fmt.Errorf("the key has a space or a character that no key has after %d characters: it should be letters, digits and punctuation", i)
		}
	}
	return nil
}

// history is the first day to load: the date that was set, or else the first of this month, a year ago. That default
// only moves forward, so what is loaded stays.
func (l *loader) history(a accountSettings, at place) time.Time {
	year, month, day := l.now.In(a.Zone.Location).Date()
	if a.HistoryFrom.midnight.IsZero() {
		return dayIn(time.Date(year-1, month, 1, 0, 0, 0, 0, time.UTC), a.Zone.Location)
	}
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if a.HistoryFrom.midnight.After(today) {
		l.at(at, "%s lies in the future: write the first day to load, today (%s) at the latest",
			a.HistoryFrom.midnight.Format(time.DateOnly), today.Format(time.DateOnly))
	}
	return dayIn(a.HistoryFrom.midnight, a.Zone.Location)
}

// Unlimited removes the limits on the account's requests a second: a simulated API has none.
func (a *Account) Unlimited() {
	a.RequestsPerSecond = 0
	for i := range a.Streams {
		a.Streams[i].RequestsPerSecond = 0
	}
}
