package settings

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"wheelhouse"
	"wheelhouse/internal/stream"
)

func mustLoad(t *testing.T, opts Options, yaml string) *Settings {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	if yaml != "" {
		if err := os.WriteFile(filepath.Join(opts.Dir, defaultFile), []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestThreeVariablesAreEnough(t *testing.T) {
	s := mustLoad(t, options(three()), "")
	if s.Source != builtIn || len(s.Accounts) != 1 {
		t.Fatalf("source %s, accounts %v", s.Source, s.Accounts)
	}
	a := s.Accounts[0]
	if a.ID != "default" || a.Server != "https://meeting.is" || a.APIKey.Reveal() != canary || a.Zone != time.UTC ||
		a.RequestsPerSecond != 2 || a.HistoryFrom != time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("account %+v, key %q", a, a.APIKey.Reveal())
	}
	if s.Listen != "127.0.0.1:8080" || s.Log != (Log{"json", "info"}) || !strings.Contains(s.Database.Reveal(), canary) {
		t.Errorf("settings %+v", s)
	}
	names := make([]string, len(a.Streams))
	for i, s := range a.Streams {
		names[i] = s.Name
	}
	if !slices.Equal(names, stream.Names()) {
		t.Errorf("streams %v", names)
	}
}

// The built-in file is the only place of the streams' defaults. It is valid, has each key of each stream, and lets each
// stream fire once a night, at a minute of its own.
func TestBuiltInIsComplete(t *testing.T) {
	l := newLoader(options(three()))
	d := l.parseFile(defaultFile, wheelhouse.Schedules)
	if err := l.found(); err != nil {
		t.Fatal(err)
	}
	root := d.root.(map[string]any)
	if root["requests_per_second"] == nil {
		t.Error("no requests_per_second")
	}
	minutes := map[string]string{}
	for _, s := range stream.All {
		defaults := root["streams"].(map[string]any)[s.Name].(map[string]any)
		for _, key := range streamKeys(s.Name) {
			if _, optional := map[string]bool{"timezone": true, "requests_per_second": true}[key]; defaults[key] == nil && !optional {
				t.Errorf("%s: no %s", s.Name, key)
			}
		}
		minute, rest, _ := strings.Cut(defaults["cron"].(string), " ")
		if defaults["enabled"] != true || rest != "4 * * *" || minute == "0" || minutes[minute] != "" {
			t.Errorf("%s: enabled %v, fires at %s, as %s", s.Name, defaults["enabled"], defaults["cron"], minutes[minute])
		}
		minutes[minute] = s.Name
	}
	for _, key := range slices.Concat(keysOf(""), keysOf("#/definitions/account"), streamKeys("demo_usage"), streamKeys("shares")) {
		if !strings.Contains(string(wheelhouse.Schedules), key+":") {
			t.Errorf("%s cannot be found in schedules.yaml", key)
		}
	}
}

// The commented example of the built-in file works without its comment signs.
func TestCommentedExampleWorks(t *testing.T) {
	text := string(wheelhouse.Schedules)
	at := strings.Index(text, "\n# accounts:")
	example := strings.ReplaceAll(text[at:], "\n# ", "\n")
	for _, line := range []string{"listen: ", "log: ", "    timezone: ", "    requests_per_second: 1"} {
		text = strings.ReplaceAll(text, strings.TrimRight(line, " ")[:len(line)-len(strings.TrimLeft(line, " "))]+"# "+strings.TrimLeft(line, " "), line)
	}
	at = strings.Index(text, "\n# accounts:")
	s := mustLoad(t, options(three().with(env{"ACME_API_KEY": "k"})), text[:at]+example)
	if len(s.Accounts) != 2 || s.Accounts[1].ID != "acme" || s.Accounts[1].Streams[1].Cron != "37 2,10,18 * * *" {
		t.Errorf("accounts %+v", s.Accounts)
	}
	if s.Listen != DefaultListen || s.Accounts[0].Streams[1].CronZone.String() != "UTC" || s.Accounts[0].Streams[1].RequestsPerSecond != 1 {
		t.Errorf("settings %+v", s)
	}
}

func TestFlagsOverrideEnvironmentOverridesFile(t *testing.T) {
	const yaml = "listen: 127.0.0.1:2\nlog: json,warn\naccounts:\n- id: default\n  server: https://file.example\n  api_key_env: FILE_KEY\n  timezone: Europe/Berlin\n"
	set := env{"WHEELHOUSE_LISTEN": "127.0.0.1:3", "WHEELHOUSE_LOG": "error", "CRANKWHEEL_URL": "https://env.example", "CRANKWHEEL_API_KEY": "env", "WHEELHOUSE_TIMEZONE": "Asia/Tokyo"}
	fileKey := env{"FILE_KEY": "file"}
	for _, c := range []struct {
		name, yaml   string
		env          env
		opts         Options
		listen       string
		log          Log
		key, server  string
		zone, source string
	}{
		{"default", "", three(), Options{}, "127.0.0.1:8080", Log{"json", "info"}, canary, "https://meeting.is", "UTC", builtIn},
		{"terminal", "", three(), Options{Terminal: true}, "127.0.0.1:8080", Log{"console", "info"}, canary, "https://meeting.is", "UTC", builtIn},
		{"file", yaml, fileKey, Options{Terminal: true}, "127.0.0.1:2", Log{"json", "warn"}, "file", "https://file.example", "Europe/Berlin", defaultFile},
		{"environment", yaml, fileKey.with(set), Options{}, "127.0.0.1:3", Log{"json", "error"}, "env", "https://env.example", "Asia/Tokyo", defaultFile},
		{"flag", yaml, fileKey.with(set), Options{Listen: ":4", Log: "console"}, ":4", Log{"console", "error"}, "env", "https://env.example", "Asia/Tokyo", defaultFile},
		{"empty is not set", yaml, fileKey.with(env{"WHEELHOUSE_LISTEN": "", "CRANKWHEEL_API_KEY": "", "CRANKWHEEL_URL": ""}), Options{}, "127.0.0.1:2", Log{"json", "warn"}, "file", "https://file.example", "Europe/Berlin", defaultFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.Lookup, c.opts.Now = c.env.lookup, func() time.Time { return now }
			s := mustLoad(t, c.opts, c.yaml)
			a := s.Accounts[0]
			got := []any{s.Listen, s.Log, a.APIKey.Reveal(), a.Server, a.Zone.String(), s.Source}
			if want := []any{c.listen, c.log, c.key, c.server, c.zone, c.source}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestConfigFileIsFound(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, two := write("one.yaml", "listen: :1\n"), write("two.yaml", "listen: :2\n")
	opts := options(three().with(env{"WHEELHOUSE_CONFIG": one}))
	if s := mustLoad(t, opts, ""); s.Listen != ":1" || s.Source != one {
		t.Errorf("by environment: %+v", s)
	}
	opts.Config = two
	if s := mustLoad(t, opts, ""); s.Listen != ":2" || s.Source != two {
		t.Errorf("by flag: %+v", s)
	}
	for _, c := range []struct{ path, message string }{
		{"/nowhere/x.yaml", `--config: read "/nowhere/x.yaml": no such file or directory: name a settings file, or none for the built-in one`},
		{write("large.yaml", strings.Repeat("# large\n", maxFile/8+1)), "large.yaml: larger than 1 MiB: this is not a settings file"},
	} {
		opts.Config = c.path
		if _, err := Load(opts); err == nil || !strings.HasSuffix(err.Error(), c.message) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	opts.Config = write("empty.yaml", "")
	if s := mustLoad(t, opts, ""); len(s.Accounts) != 1 || s.Source != opts.Config {
		t.Errorf("empty file: %+v", s)
	}
	opts.Config = write("bom.yaml", "\ufefflisten: ':3'\r\nstreams:\r\naccounts:\r\n")
	if s := mustLoad(t, opts, ""); s.Listen != ":3" {
		t.Errorf("file of another editor: %+v", s)
	}
}

// An unreadable file and a wrong environment are reported together.
func TestUnreadableFileAndEnvironmentAreReported(t *testing.T) {
	opts := options(three().with(env{"WHEELHOUSE_LISTEN": "x"}))
	opts.Config = t.TempDir()
	var wrong *Errors
	if _, err := Load(opts); !errors.As(err, &wrong) || len(wrong.Problems) != 2 {
		t.Errorf("error %v", err)
	}
}

const several = `
requests_per_second: 4
streams:
  usage_new: {window: 7d, timezone: America/New_York}
  shares: {enabled: false}
accounts:
  - id: north
    server: https://north.example/
    api_key_env: NORTH_KEY
    timezone: Europe/Helsinki
    history_from: 2024-02-29
    streams:
      usage_new: {cron: "1 5 * * 1-5", parallel: 9, requests_per_second: 0.5}
      shares: {enabled: true, window_end: "24:00:00"}
  - id: south_1
    server: http://127.0.0.1:4000
    api_key_file: testdata/key
    requests_per_second: 0.25
`

func TestAccountsOverrideTheFile(t *testing.T) {
	s := mustLoad(t, options(env{"NORTH_KEY": "resellerimpersonate-north-s3cr3t/+="}), several)
	north, south := s.Accounts[0], s.Accounts[1]
	helsinki, newYork := zone(t, "Europe/Helsinki"), zone(t, "America/New_York")
	if north.Server != "https://north.example" || north.APIKey.Reveal() != "resellerimpersonate-north-s3cr3t/+=" || north.RequestsPerSecond != 4 ||
		!north.HistoryFrom.Equal(time.Date(2024, 2, 29, 0, 0, 0, 0, helsinki)) || north.HistoryFrom.Day() != 29 {
		t.Errorf("north %+v", north)
	}
	if south.Server != "http://127.0.0.1:4000" || south.APIKey.Reveal() != canary || south.RequestsPerSecond != 0.25 || south.Zone != time.UTC {
		t.Errorf("south %+v", south)
	}
	check := func(got Stream, want Stream) {
		t.Helper()
		if got.Schedule == nil || got.CronZone.String() != want.CronZone.String() {
			t.Errorf("%s: schedule %v in %v", got.Name, got.Schedule, got.CronZone)
		}
		got.Schedule, got.CronZone, want.CronZone = nil, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	check(north.Streams[1], Stream{"usage_new", true, "1 5 * * 1-5", newYork, cron.Schedule(nil), 7, 3, 7, 9, 0.5, ""})
	check(south.Streams[1], Stream{"usage_new", true, "17 4 * * *", newYork, nil, 7, 3, 7, 2, 0, ""})
	check(north.Streams[3], Stream{"shares", true, "29 4 * * *", helsinki, nil, 1, 3, 0, 1, 0, EndMidnight})
	check(south.Streams[3], Stream{"shares", false, "29 4 * * *", time.UTC, nil, 1, 3, 0, 1, 0, EndLastSecond})
	check(south.Streams[6], Stream{"user_access", true, "3 4 * * *", time.UTC, nil, 0, 0, 0, 1, 0, ""})
	if !south.Streams[6].Snapshot() || south.Streams[0].Snapshot() {
		t.Error("Snapshot")
	}
}

// Commands such as `status` and `migrate` need no key and read none.
func TestOfflineReadsNoKey(t *testing.T) {
	opts := options(env{"DATABASE_URL_FILE": "testdata/dsn", "CRANKWHEEL_API_KEY_FILE": "testdata/nowhere"})
	opts.Offline = true
	s := mustLoad(t, opts, "")
	if len(s.Accounts) != 1 || !s.Accounts[0].APIKey.Empty() || s.Database.Reveal() != "postgres://u:"+canary+"@h/d" {
		t.Errorf("settings %+v", s)
	}
	opts.Lookup = env{"CRANKWHEEL_URL": "http://meeting.is"}.lookup
	if _, err := Load(opts); err == nil {
		t.Error("accepted a wrong server")
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
