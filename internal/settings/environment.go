package settings

import (
	"fmt"
	"strings"

	"wheelhouse/internal/postgres"
)

// DefaultListen is the default address of the web pages: loopback.
const DefaultListen = "127.0.0.1:8080"

// variable returns an environment variable. An empty variable counts as not set, because compose files and CI pass an unset
// variable on as an empty one.
func (l *loader) variable(name string) string {
	text, _ := l.lookup(name)
	return text
}

// secret reads a secret from the variable name, or from the file that the variable name_FILE names. by is the variable that
// is set, or "" if none is set or there is a problem.
func (l *loader) secret(name string) (text, by string) {
	text, path := l.variable(name), l.variable(name+"_FILE")
	switch {
	case text != "" && path != "":
		l.env(name, "set, and %s_FILE is set, too: keep one", name)
	case text != "":
		return text, name
	case path != "":
		text, err := readSecret(path)
		if err == nil {
			return text, name + "_FILE"
		}
		l.env(name+"_FILE", "%v", err)
	}
	return "", ""
}

// shortestToken is the minimum length of the pages' token, in bytes. A shorter one could be guessed.
const shortestToken = 16

// token reads the token that the pages require.
func (l *loader) token() Secret {
	text, by := l.secret("WHEELHOUSE_TOKEN")
	switch {
	case by == "":
	case len(text) < shortestToken:
		l.env(by, "shorter than %d bytes: write one that cannot be guessed, such as `openssl rand -hex 24` prints", shortestToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		l.env(by, "contains a space, a line break or another control character, which a header cannot contain")
	default:
		return NewSecret(text)
	}
	return Secret{}
}

// listen is the address of the flag, else of the variable, else of the file, else the default.
func (l *loader) listen(file string) string {
	for _, from := range []struct{ name, text string }{
		{"--listen", l.opts.Listen}, {"WHEELHOUSE_LISTEN", l.variable("WHEELHOUSE_LISTEN")}, {"listen", file},
	} {
		if from.text != "" {
			listen, err := parseListen(from.text)
			l.refuse(from.name, err)
			return listen
		}
	}
	return DefaultListen
}

// Log is how the log is written.
type Log struct {
	Format string // json or console
	Level  string // debug, info, warn or error
}

// log merges format and level separately: the level of the file applies if a flag sets only the format.
func (l *loader) log(file string) Log {
	log := Log{Format: "json", Level: "info"}
	if l.opts.Terminal {
		log.Format = "console"
	}
	for _, over := range []struct{ name, text string }{
		{"log", file}, {"WHEELHOUSE_LOG", l.variable("WHEELHOUSE_LOG")}, {"--log", l.opts.Log},
	} {
		if over.text == "" {
			continue
		}
		own, err := parseLog(over.text)
		l.refuse(over.name, err)
		if own.Format != "" {
			log.Format = own.Format
		}
		if own.Level != "" {
			log.Level = own.Level
		}
	}
	return log
}

const rightDSN = "write postgres://user:password@host:5432/database, or host=… dbname=… user=…"

// database returns the DSN. It refuses a text that the driver cannot parse, without showing it.
func (l *loader) database() Secret {
	text, by := l.secret("DATABASE_URL")
	if by == "" {
		if l.variable("DATABASE_URL_FILE") == "" { // otherwise reading the file has reported the problem
			l.refuse("the PG* variables (DATABASE_URL is not set)", postgres.CheckAddress(""))
		}
		return Secret{}
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case text == "":
		l.env(by, "the file it names is empty: "+rightDSN)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		l.env(by, "contains a line break or another control character: "+rightDSN)
	case isURL && scheme != "postgres" && scheme != "postgresql" && !strings.Contains(scheme, "="),
		!isURL && !strings.Contains(text, "="):
		l.env(by, "not a Postgres address: "+rightDSN)
	default:
		l.refuse(by, postgres.CheckAddress(text))
	}
	return NewSecret(text)
}

// refuse reports err, if any, as a problem of a variable or flag.
func (l *loader) refuse(name string, err error) {
	if err != nil {
		l.env(name, "%v", err)
	}
}

// parseLog reads a log setting: a format, a level or both.
func parseLog(text string) (log Log, err error) {
	const right = `write json or console, a level (debug, info, warn, error), or both: "json,debug"`
	for part := range strings.SplitSeq(text, ",") {
		target := &log.Level
		switch part = strings.ToLower(strings.TrimSpace(part)); part {
		case "json", "console":
			target = &log.Format
		case "debug", "info", "warn", "error":
		default:
			return Log{}, fmt.Errorf("%s: %s", quote(text), right)
		}
		if *target != "" {
			return Log{}, fmt.Errorf("%s has two formats or two levels: %s", quote(text), right)
		}
		*target = part
	}
	return log, nil
}
