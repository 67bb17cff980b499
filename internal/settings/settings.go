package settings

import (
	"os"
	"time"

	"github.com/robfig/cron/v3"

	"wheelhouse"
)

// Settings is all settings of one invocation of the program.
type Settings struct {
	Accounts []Account
	Database Secret // a DSN, possibly with a password; empty: the PG* variables of libpq
	Listen   string // host:port of the pages; empty: no pages
	Token    Secret // the token that the pages require; empty: none
	Log      Log
	Source   string // the file of the streams and accounts, or "built-in"
}

// builtIn is Settings.Source when no file was found or named.
const builtIn = "built-in"

// defaultAccount is the id of the account that the environment describes.
const defaultAccount = "default"

// Account is one CrankWheel account.
type Account struct {
	ID                string
	Server            string // scheme://host[:port], no slash at the end
	APIKey            Secret
	Zone              *time.Location // the zone of its days
	HistoryFrom       time.Time      // the first instant, in Zone, of the first day to load
	RequestsPerSecond float64
	Streams           []Stream // all streams, in the order of stream.All
}

// Stream is one stream of one account.
type Stream struct {
	Name     string
	Enabled  bool
	Cron     string
	CronZone *time.Location // the account's zone unless the file names another
	Schedule cron.Schedule  // Cron in CronZone
	Window   int            // days; 0 for a snapshot
	Lookback int            // days before today that each run loads again; 0 for a snapshot
	// OpenLookback is the number of days for which a day is loaded again while one of its rows is open. It is 0 for a
	// stream whose rows are never open.
	OpenLookback      int
	Parallel          int     // windows at a time
	RequestsPerSecond float64 // 0: only the account's limit
	WindowEnd         string  // EndLastSecond or EndMidnight; "" for a stream without window_end
}

// The ends of a day's window that can be sent to the API.
const (
	EndLastSecond = "23:59:59" // as in the API's own examples
	EndMidnight   = "24:00:00" // the next day's 00:00:00
)

// Snapshot reports whether the stream has no windows because each answer contains everything there is.
func (s Stream) Snapshot() bool { return s.Window == 0 }

// Options are the inputs of Load. With the zero value, Load reads the process's environment and clock.
type Options struct {
	Config string // flag: settings file
	Listen string // flag
	Log    string // flag

	Lookup   func(string) (string, bool) // os.LookupEnv when nil
	Now      func() time.Time            // time.Now when nil
	BuiltIn  bool                        // read no file
	Dir      string                      // the folder of schedules.yaml; the working directory when empty
	Terminal bool                        // the log goes to a terminal: console rather than JSON

	// Offline is for commands that never call the API. No API key is read, and the default account needs no server.
	// Everything else is checked.
	Offline bool
}

// Load reads all settings. Its error is an *Errors.
func Load(opts Options) (*Settings, error) {
	l := newLoader(opts)
	name, data, ok := l.read()
	if !ok {
		l.general(nil) // reports its problems together with the file's
		return nil, l.found()
	}
	return l.settings(name, data)
}

// loader is one Load: the sources of values, and the problems found so far.
type loader struct {
	problems
	opts   Options
	lookup func(string) (string, bool)
	now    time.Time
}

func newLoader(opts Options) *loader {
	l := &loader{opts: opts, lookup: opts.Lookup, now: time.Now()}
	if l.lookup == nil {
		l.lookup = os.LookupEnv
	}
	if opts.Now != nil {
		l.now = opts.Now()
	}
	return l
}

// settings merges the environment over data, and data over the built-in file. Nil data means the built-in file alone.
func (l *loader) settings(name string, data []byte) (*Settings, error) {
	base := l.parseFile("built-in schedules.yaml", wheelhouse.Schedules)
	file := base
	if data != nil {
		file = l.parseFile(name, data)
	}
	var top map[string]any
	if file != nil && base != nil {
		top, _ = merge(base.root, file.root).(map[string]any)
	}
	s := l.general(top)
	s.Source = name
	if top != nil {
		s.Accounts = l.accounts(file, top)
	}
	if err := l.found(); err != nil {
		return nil, err
	}
	return s, nil
}

// parseFile reads data and drops wrong values. It returns nil if data is not YAML.
func (l *loader) parseFile(name string, data []byte) *document {
	d := l.document(name, data)
	if d != nil {
		l.validate(d)
	}
	return d
}

// general reads the settings that belong to no account. top may be nil.
func (l *loader) general(top map[string]any) *Settings {
	listen, _ := top["listen"].(string)
	log, _ := top["log"].(string)
	l.proxy()
	return &Settings{Database: l.database(), Listen: l.listen(listen), Token: l.token(), Log: l.log(log)}
}
