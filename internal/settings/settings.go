package settings

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"

	"wheelhouse"
)

// Settings is what one invocation works with.
type Settings struct {
	Accounts []Account
	// Database is a DSN from DATABASE_URL or the file DATABASE_URL_FILE names;
	// empty means that libpq's PG* variables say where. It may hold a password:
	// printing or marshalling Settings masks it; printing the string, or a struct
	// that holds a Settings in an unexported field by value, does not.
	Database string
	Listen   string // host:port of the web pages; empty: none are served
	Token    Secret // what the pages want of who reads them; empty: none set
	Log      Log
	Source   string // the file the streams and accounts came from, or BuiltIn
}

// BuiltIn is Settings.Source when no file was found or named.
const BuiltIn = "built-in"

// DefaultAccount is the id of the account that the environment configures.
const DefaultAccount = "default"

// Account is one CrankWheel account.
type Account struct {
	ID     string
	Server string // scheme://host[:port], no slash at the end
	APIKey Secret
	Zone   *time.Location // where its days begin
	// HistoryFrom is the first instant, in Zone, of the first day to load.
	HistoryFrom       time.Time
	RequestsPerSecond float64
	Streams           []Stream // all eight, in the order of Names
}

// Stream is one stream of one account, overrides applied.
type Stream struct {
	Name     string
	Enabled  bool
	Cron     string
	CronZone *time.Location // the account's zone unless the file names one
	Schedule cron.Schedule  // Cron in CronZone
	Window   int            // days; 0 for a snapshot (user_access, company_content)
	Lookback int            // days before today that are read again; 0 for a snapshot
	// OpenLookback is for how many days a day is read again while it holds an
	// unanswered request (demo_usage) or a running session (usage_new); 0 for others.
	OpenLookback      int
	Parallel          int     // windows at a time
	RequestsPerSecond float64 // 0: only the account's limit
	WindowEnd         string  // counted streams only: EndLastSecond or EndMidnight
}

// What `to` a counted stream (usage_shares, shares) sends for a day.
const (
	EndLastSecond = "23:59:59" // as the API's own examples do
	EndMidnight   = "24:00:00" // the next day's 00:00:00
)

// Snapshot reports whether the stream has no windows: each answer is the whole.
func (s Stream) Snapshot() bool { return s.Window == 0 }

// Options is what Load is given from outside. The zero value reads the process's
// environment and clock, as a service would.
type Options struct {
	Config string // flag: settings file
	Listen string // flag
	Log    string // flag

	Lookup   func(string) (string, bool) // os.LookupEnv when nil
	Now      func() time.Time            // time.Now when nil
	BuiltIn  bool                        // read no file at all
	Dir      string                      // where schedules.yaml is looked for; the working directory when empty
	Terminal bool                        // logs go to a terminal: console rather than JSON

	// Offline is for commands that never call the API: keys are neither wanted nor
	// read, and the default account may lack its server. What is set is checked.
	Offline bool
}

// Load reads all settings. Its error is an *Errors.
func Load(opts Options) (*Settings, error) {
	l := newLoader(opts)
	name, data, ok := l.read()
	if !ok {
		l.surroundings(nil) // still worth reporting together
		return nil, l.found()
	}
	return l.settings(name, data)
}

// loader is one Load: where values come from, and the problems found so far.
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

// settings lays data over the built-in file and the environment over both. Nil
// data is the built-in file alone.
func (l *loader) settings(name string, data []byte) (*Settings, error) {
	base := l.parseFile("built-in schedules.yaml", wheelhouse.Schedules)
	file := base
	if data != nil {
		file = l.parseFile(name, data)
	}
	s := l.surroundings(file)
	s.Source = name
	if file != nil && base != nil {
		s.Accounts = l.accounts(name, base, file)
	}
	if err := l.found(); err != nil {
		return nil, err
	}
	return s, nil
}

// plain is Settings without its methods, so that printing it does not recurse.
type plain Settings

func (s Settings) masked() plain {
	if s.Database != "" {
		s.Database = mask
	}
	return plain(s)
}

// Format prints s under any verb with the DSN masked.
func (s Settings) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), s.masked())
}

// MarshalJSON masks the DSN.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.masked()) }

// MarshalYAML masks the DSN.
func (s Settings) MarshalYAML() (any, error) { return s.masked(), nil }
