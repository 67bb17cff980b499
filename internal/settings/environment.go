package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DefaultListen is where the web pages listen unless told otherwise: loopback.
const DefaultListen = "127.0.0.1:8080"

var variableName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// variable returns an environment variable. Empty is not set: that is what
// compose files and CI make of a variable nobody gave.
func (l *loader) variable(name string) string {
	text, _ := l.lookup(name)
	return text
}

// surroundings reads what belongs to no account. File may be nil.
func (l *loader) surroundings(f *file) *Settings {
	if f == nil {
		f = &file{}
	}
	return &Settings{Database: l.database(), Listen: l.listen(f), Token: l.token(), Log: l.log(f)}
}

// shortestToken is the fewest bytes of a token of the pages: fewer could be guessed.
const shortestToken = 16

// token reads what the pages want of who reads them.
func (l *loader) token() Secret {
	text, name := l.variable("WHEELHOUSE_TOKEN"), "WHEELHOUSE_TOKEN"
	if path := l.variable("WHEELHOUSE_TOKEN_FILE"); path != "" {
		if text != "" {
			l.env(name, "set, and WHEELHOUSE_TOKEN_FILE too: keep one")
			return Secret{}
		}
		name = "WHEELHOUSE_TOKEN_FILE"
		var err error
		if text, err = readSecret(path); err != nil {
			l.env(name, "%v", err)
			return Secret{}
		}
	} else if text == "" {
		return Secret{}
	}
	switch {
	case len(text) < shortestToken:
		l.env(name, "shorter than %d bytes: write one that cannot be guessed, such as `openssl rand -hex 24` prints", shortestToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		l.env(name, "holds a space, a line break or another control character, which no header can carry")
	default:
		return NewSecret(text)
	}
	return Secret{}
}

func (l *loader) listen(f *file) string {
	listen := DefaultListen
	set(&listen, f.listen)
	l.first("listen", "WHEELHOUSE_LISTEN", l.opts.Listen, func(text string) (err error) {
		listen, err = parseListen(text)
		return err
	})
	return listen
}

// first gives to take the flag's text, else the variable's, and reports its error.
func (l *loader) first(flag, variable, given string, take func(string) error) {
	name, text := "--"+flag, given
	if text == "" {
		name, text = variable, l.variable(variable)
	}
	if text == "" {
		return
	}
	if err := take(text); err != nil {
		l.env(name, "%v", err)
	}
}

// Log is how the log is written.
type Log struct {
	Format string // json or console
	Level  string // debug, info, warn or error
}

// log merges part by part: a level in the file holds while a flag says only json.
func (l *loader) log(f *file) Log {
	log := Log{Format: "json", Level: "info"}
	if l.opts.Terminal {
		log.Format = "console"
	}
	if f.log != nil {
		log = f.log.over(log)
	}
	for _, layer := range []struct{ name, text string }{
		{"WHEELHOUSE_LOG", l.variable("WHEELHOUSE_LOG")},
		{"--log", l.opts.Log},
	} {
		if layer.text == "" {
			continue
		}
		said, err := parseLog(layer.text)
		if err != nil {
			l.env(layer.name, "%v", err)
			continue
		}
		log = said.over(log)
	}
	return log
}

func (g Log) over(below Log) Log {
	if g.Format == "" {
		g.Format = below.Format
	}
	if g.Level == "" {
		g.Level = below.Level
	}
	return g
}

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

// database returns the DSN. What it may hold is the driver's to say; here is
// caught what is no DSN at all, without showing it.
func (l *loader) database() string {
	text, name := l.variable("DATABASE_URL"), "DATABASE_URL"
	if path := l.variable("DATABASE_URL_FILE"); path != "" {
		if text != "" {
			l.env("DATABASE_URL", "set, and DATABASE_URL_FILE too: keep one")
			return ""
		}
		name = "DATABASE_URL_FILE"
		var err error
		if text, err = readSecret(path); err != nil {
			l.env(name, "%v", err)
			return ""
		}
		if text == "" {
			l.env(name, "the file it names is empty: "+rightDSN)
			return ""
		}
	}
	if text == "" {
		return ""
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		l.env(name, "holds a line break or another control character: "+rightDSN)
	case isURL && scheme != "postgres" && scheme != "postgresql" && !strings.Contains(scheme, "="),
		!isURL && !strings.Contains(text, "="):
		l.env(name, "not a Postgres address: "+rightDSN)
	default:
		// The driver's words quote what it could not read.
		if _, err := pgconn.ParseConfig(text); err != nil {
			l.env(name, "a Postgres address that cannot be read (is a character of the password not escaped as %%XX?): "+rightDSN)
		}
	}
	return text
}

const rightDSN = "write postgres://user:password@host:5432/database, or host=… dbname=… user=…"

// maxSecret is far above any key or DSN, and below any file worth refusing.
const maxSecret = 16 << 10

// readSecret reads a file that holds a secret, without the line breaks at its
// end. Its errors show neither the path nor anything of the content.
func readSecret(path string) (string, error) {
	data, err := readAtMost(path, maxSecret+1)
	if err != nil {
		return "", fmt.Errorf("cannot read the file it names: %w", reason(err))
	}
	if len(data) > maxSecret {
		return "", errors.New("the file it names is larger than 16 KiB: it should hold the secret and nothing else")
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
