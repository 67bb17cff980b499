package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// accounts are those of the file, or else the one the environment describes.
func (l *loader) accounts(name string, base, f *file) []Account {
	patches := f.accounts
	if len(patches) == 0 {
		patches = []accountPatch{{id: DefaultAccount}}
	}
	rate := base.rate
	if f.rate != nil {
		rate = f.rate
	}
	l.unread(name, patches)
	accounts := make([]Account, 0, len(patches))
	for _, p := range patches {
		if p.id == DefaultAccount {
			l.fromEnvironment(&p)
		}
		a := Account{ID: p.id, Zone: time.UTC, APIKey: l.key(p)}
		set(&a.Server, p.server)
		set(&a.RequestsPerSecond, rate)
		set(&a.RequestsPerSecond, p.rate)
		if p.zone != nil {
			a.Zone = p.zone
		}
		a.HistoryFrom = l.history(p, a.Zone)
		a.Streams = merged(a.Zone, base.streams, f.streams, p.streams)
		accounts = append(accounts, a)
	}
	return accounts
}

// unread reports variables that describe the default account where there is none:
// they were set for a reason, and nothing would come of them.
func (l *loader) unread(name string, patches []accountPatch) {
	named := map[string]bool{}
	for _, p := range patches {
		if p.id == DefaultAccount || p.id == "" {
			return
		}
		if p.keyVariable != nil {
			named[p.keyVariable.value] = true
		}
	}
	for _, variable := range []string{
		"CRANKWHEEL_URL", "CRANKWHEEL_API_KEY", "CRANKWHEEL_API_KEY_FILE",
		"WHEELHOUSE_TIMEZONE", "WHEELHOUSE_HISTORY_FROM",
	} {
		if l.variable(variable) != "" && !named[variable] {
			l.env(variable, "set, but nothing reads it: %s lists accounts and none has the id default: add one (- id: default), or unset the variable", name)
		}
	}
}

// fromEnvironment lays the environment over the default account.
func (l *loader) fromEnvironment(p *accountPatch) {
	if text := l.variable("CRANKWHEEL_URL"); text != "" {
		p.server = checked(l, place{path: "CRANKWHEEL_URL"}, text, parseServer)
	} else if p.server == nil && !l.opts.Offline {
		l.env("CRANKWHEEL_URL", "not set: write the account's server, such as https://meeting.is")
	}
	at := place{path: "WHEELHOUSE_TIMEZONE"}
	if text := l.variable(at.path); text != "" {
		if zone := checked(l, at, text, parseZone); zone != nil {
			p.zone = *zone
		}
	}
	at = place{path: "WHEELHOUSE_HISTORY_FROM"}
	if text := l.variable(at.path); text != "" {
		p.historyFrom = locate(at, checked(l, at, text, parseDate))
	}
}

// key reads an account's key; for the default account the environment first.
func (l *loader) key(p accountPatch) Secret {
	variable, file := p.keyVariable, p.keyFile
	if p.id == DefaultAccount {
		const name, fileName = "CRANKWHEEL_API_KEY", "CRANKWHEEL_API_KEY_FILE"
		path := l.variable(fileName)
		switch direct := l.variable(name) != ""; {
		case direct && path != "":
			l.env(name, "set, and %s too: keep one", fileName)
			return Secret{}
		case path != "":
			variable, file = nil, &located[string]{path, place{path: fileName}}
		case direct, variable == nil && file == nil:
			variable, file = &located[string]{name, place{path: name}}, nil
		}
	}
	switch {
	case l.opts.Offline:
	case variable != nil:
		text := l.variable(variable.value)
		if text == "" {
			l.at(variable.place, "%s", missing(*variable))
			return Secret{}
		}
		return l.secret(variable.place, text)
	case file != nil:
		text, err := readSecret(file.value)
		if err != nil {
			l.at(file.place, "%v", err)
			return Secret{}
		}
		return l.secret(file.place, text)
	}
	return Secret{}
}

func missing(variable located[string]) string {
	const right = "put the account's API key into it (a read-only key is enough)"
	if variable.file == "" {
		return "not set: " + right + ", or its file's path into CRANKWHEEL_API_KEY_FILE"
	}
	return fmt.Sprintf("the variable %s is not set: %s", variable.value, right)
}

func (l *loader) secret(at place, text string) Secret {
	if err := checkKey(text); err != nil {
		l.at(at, "%v", err)
		return Secret{}
	}
	return NewSecret(text)
}

const maxKey = 4096

// checkKey refuses what must not get into a header. It tells where, never what.
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

// history is the first day to load: a date, or the first of the month a year
// ago. That default moves with the months, but only forward: what is loaded stays.
func (l *loader) history(p accountPatch, zone *time.Location) time.Time {
	year, month, day := l.now.In(zone).Date()
	if p.historyFrom == nil {
		return dayIn(time.Date(year-1, month, 1, 0, 0, 0, 0, time.UTC), zone)
	}
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if p.historyFrom.value.After(today) {
		l.at(p.historyFrom.place, "%s lies in the future: write the first day to load, today (%s) at the latest",
			p.historyFrom.value.Format(time.DateOnly), today.Format(time.DateOnly))
	}
	return dayIn(p.historyFrom.value, zone)
}

// Unlimited takes away the limits to the account's requests a second: a simulated API has none.
func (a *Account) Unlimited() {
	a.RequestsPerSecond = 0
	for i := range a.Streams {
		a.Streams[i].RequestsPerSecond = 0
	}
}
