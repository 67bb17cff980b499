package settings

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DefaultListen is where the web pages listen unless told otherwise: loopback.
const DefaultListen = "127.0.0.1:8080"

// variable returns an environment variable. An empty one counts as not set: compose files and CI pass an unset variable
// on as empty.
func (l *loader) variable(name string) string {
	text, _ := l.lookup(name)
	return text
}

// secret reads the variable name, or the file that the variable name_FILE names. by is the variable that was set, or ""
// when none was or when there is a problem.
func (l *loader) secret(name string) (text, by string) {
	text, path := l.variable(name), l.variable(name+"_FILE")
	switch {
	case text != "" && path != "":
		l.env(name, "set, and %s_FILE too: keep one", name)
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

// shortestToken is the fewest bytes of the pages' token: a shorter one could be guessed.
const shortestToken = 16

// token reads the token that the pages ask of their readers.
func (l *loader) token() Secret {
	text, by := l.secret("WHEELHOUSE_TOKEN")
	switch {
	case by == "":
	case len(text) < shortestToken:
		l.env(by, "shorter than %d bytes: write one that cannot be guessed, such as `openssl rand -hex 24` prints", shortestToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		l.env(by, "holds a space, a line break or another control character, which no header can carry")
	default:
		return NewSecret(text)
	}
	return Secret{}
}

// listen is the flag's address, else the variable's, else the file's (which is checked), else the default.
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

// log merges format and level separately: a level in the file holds while a flag says only json.
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
		said, err := parseLog(over.text)
		l.refuse(over.name, err)
		if said.Format != "" {
			log.Format = said.Format
		}
		if said.Level != "" {
			log.Level = said.Level
		}
	}
	return log
}

const rightDSN = "write postgres://user:password@host:5432/database, or host=… dbname=… user=…"

// database returns the DSN. The driver decides what a DSN may hold. Here a text that is no DSN is refused without being
// shown.
func (l *loader) database() Secret {
	text, by := l.secret("DATABASE_URL")
	if by == "" {
		return Secret{}
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case text == "":
		l.env(by, "the file it names is empty: "+rightDSN)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		l.env(by, "holds a line break or another control character: "+rightDSN)
	case isURL && scheme != "postgres" && scheme != "postgresql" && !strings.Contains(scheme, "="),
		!isURL && !strings.Contains(text, "="):
		l.env(by, "not a Postgres address: "+rightDSN)
	default:
		// The driver's error quotes the text that it could not read.
		if _, err := pgconn.ParseConfig(text); err != nil {
			l.env(by, "a Postgres address that cannot be read (is a character of the password not escaped as %%XX?): "+rightDSN)
		}
	}
	return NewSecret(text)
}

// refuse reports err, if any, as a problem of a variable or flag.
func (l *loader) refuse(name string, err error) {
	if err != nil {
		l.env(name, "%v", err)
	}
}

// parseLog reads what a log setting says: a format, a level or both.
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
			return Log{}, fmt.Errorf("%s says two things at once: %s", quote(text), right)
		}
		*target = part
	}
	return log, nil
}
