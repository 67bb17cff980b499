package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// DefaultFile is the settings file looked for when none is named.
const DefaultFile = "schedules.yaml"

// read finds the settings file: the flag's, WHEELHOUSE_CONFIG's, the working
// directory's, else the built-in one (nil data).
func (l *loader) read() (name string, data []byte, ok bool) {
	if l.opts.BuiltIn {
		return BuiltIn, nil, true
	}
	name, by := l.opts.Config, "--config"
	if name == "" {
		name, by = l.variable("WHEELHOUSE_CONFIG"), "WHEELHOUSE_CONFIG"
	}
	path, named := name, name != ""
	if !named {
		name, path = DefaultFile, filepath.Join(l.opts.Dir, DefaultFile)
	}
	data, err := readAtMost(path, maxFile+1)
	switch {
	case err == nil:
		return name, data, true
	case !named && errors.Is(err, fs.ErrNotExist):
		return BuiltIn, nil, true
	case named:
		l.env(by, "read %s: %v: name a settings file, or leave it out for the built-in one", quote(name), reason(err))
	default:
		l.at(place{file: name}, "read: %v", reason(err))
	}
	return name, nil, false
}

// readAtMost never returns nil data without an error: an empty file is a file.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, err
	}
	return data, nil
}

// reason is err without the path, which in a wrong place may be a pasted key.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// file is what one settings file says; nil is nothing said.
type file struct {
	listen   *string
	log      *Log
	rate     *float64
	streams  map[string]patch
	accounts []accountPatch
}

// accountPatch is what a file says about one account.
type accountPatch struct {
	place
	id                   string
	server               *string
	keyVariable, keyFile *located[string]
	zone                 *time.Location
	historyFrom          *located[time.Time]
	rate                 *float64
	streams              map[string]patch
}

// located is a value that can only be judged once all else is known.
type located[T any] struct {
	value T
	place
}

var (
	fileKeys    = []string{"listen", "log", "requests_per_second", "streams", "accounts"}
	accountKeys = []string{
		"id", "server", "api_key_env", "api_key_file", "timezone", "history_from",
		"requests_per_second", "streams",
	}
)

// parseFile walks data; nil when it is not YAML. A file of comments says nothing.
func (l *loader) parseFile(name string, data []byte) *file {
	before := len(l.list)
	root := l.document(name, data)
	if len(l.list) > before {
		return nil
	}
	f := &file{}
	v := valueOf(name, root, "")
	if v.null() {
		return f
	}
	for key, v := range l.mapping(v, "setting", fileKeys) {
		switch key {
		case "listen":
			f.listen = parsed(l, v, "127.0.0.1:8080", parseListen)
		case "log":
			f.log = parsed(l, v, `"json,debug"`, parseLog)
		case "requests_per_second":
			f.rate = l.rate(v)
		case "streams":
			f.streams = l.streams(v)
		case "accounts":
			f.accounts = l.accountList(v)
		}
	}
	return f
}

func (l *loader) accountList(v value) []accountPatch {
	if v.null() {
		return nil
	}
	var list []accountPatch
	lines := map[string]int{}
	for _, entry := range l.sequence(v) {
		a := l.accountPatch(entry)
		if line, twice := lines[a.id]; twice && a.id != "" {
			l.at(a.place, "a second account with the id %s (first in line %d): each needs its own", quote(a.id), line)
		} else {
			lines[a.id] = a.line
		}
		list = append(list, a)
	}
	return list
}

func (l *loader) accountPatch(v value) accountPatch {
	a := accountPatch{place: v.place}
	entries := l.mapping(v, "setting of an account", accountKeys)
	for key, v := range entries {
		switch key {
		case "id":
			if id := parsed(l, v, "acme (a number in quotes)", parseID); id != nil {
				a.id = *id
			}
		case "server":
			a.server = parsed(l, v, "https://meeting.is", parseServer)
		case "api_key_env":
			a.keyVariable = locate(v.place, parsed(l, v, "ACME_API_KEY", parseVariable))
		case "api_key_file":
			a.keyFile = locate(v.place, parsed(l, v, "/run/secrets/acme", parsePath))
		case "timezone":
			if zone := parsed(l, v, zoneExample, parseZone); zone != nil {
				a.zone = *zone
			}
		case "history_from":
			a.historyFrom = locate(v.place, parsed(l, v, "2025-01-31", parseDate))
		case "requests_per_second":
			a.rate = l.rate(v)
		case "streams":
			a.streams = l.streams(v)
		}
	}
	if entries != nil {
		l.complete(a, entries)
	}
	return a
}

// complete reports what an account lacks. The environment stands in for what the
// account called default leaves out.
func (l *loader) complete(a accountPatch, entries map[string]value) {
	_, id := entries["id"]
	_, server := entries["server"]
	variable, hasVariable := entries["api_key_env"]
	_, hasFile := entries["api_key_file"]
	if !id {
		l.at(a.place, "id is missing: name the account, such as id: acme")
	}
	if hasVariable && hasFile {
		l.at(variable.place, "api_key_env and api_key_file are both set: keep one")
	}
	if a.id == DefaultAccount {
		return
	}
	if !server {
		l.at(a.place, "server is missing: write the account's server, such as server: https://meeting.is")
	}
	if !hasVariable && !hasFile {
		l.at(a.place, "the key is missing: name the variable that holds it (api_key_env: ACME_API_KEY) or the file (api_key_file: /run/secrets/acme)")
	}
}

func locate[T any](at place, v *T) *located[T] {
	if v == nil {
		return nil
	}
	return &located[T]{*v, at}
}

// parseVariable wants capitals, which keys are not made of: what it accepts may
// be shown.
func parseVariable(text string) (string, error) {
	if !variableName.MatchString(text) {
		return "", errors.New("not the name of a variable: write capitals, digits and _, such as ACME_API_KEY (the name, never the key itself)")
	}
	return text, nil
}

func parsePath(text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("empty: write the path of the file that holds the key, such as /run/secrets/acme")
	}
	return text, nil
}
