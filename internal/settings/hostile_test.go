package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wheelhouse"
	"wheelhouse/internal/stream"
)

// hostile returns files that must be read or refused quickly.
func hostile() map[string]string {
	whole := func(part string) string { return strings.Repeat(part, maxFile/len(part)-4) }
	laughs := "a: &a [lol, lol]\n"
	for c := 'b'; c < 'z'; c++ {
		laughs += string(c) + ": &" + string(c) + strings.Repeat(" *"+string(c-1), 9) + "\n"
	}
	return map[string]string{
		"aliases": laughs, "brackets": whole("["), "braces": whole("{a: "), "dashes": whole("- "), "questions": whole("? "),
		"colons": whole("a: "), "anchors": whole("&a "), "tags": whole("!!a "), "keys": whole("a: 1\n"), "documents": whole("---\n"),
		"lines": "log: " + whole(" x\n"), "quoted": `log: "` + whole("x\n"), "comments": whole("# x\n"), "spaces": whole(" "),
		"newlines": whole("\n"), "entries": "accounts:\n" + strings.Repeat("- a\n", 20_000), "zeros": whole("\x00"),
		"accounts": "accounts:\n" + strings.Repeat("- {id: a}\n", 6_000), "long key": strings.Repeat("k", maxFile/2) + ": 1\n",
		"never": "streams:\n  shares: {cron: '0 0 31 2 *'}\naccounts:\n" + strings.Repeat("- streams: {shares: {cron: '0 0 31 2 *'}}\n", 1000),
		"indent": func() string {
			var b strings.Builder
			for i := 0; b.Len() < maxFile-2000; i++ {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}(),
	}
}

func TestHostileFilesAreRefusedQuickly(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := newLoader(options(three())).settings("schedules.yaml", []byte(text))
			var wrong *Errors
			if err != nil && (!errors.As(err, &wrong) || len(err.Error()) > 50_000) {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
			t.Logf("%v: %.150v", time.Since(start), err)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// FuzzSettings checks that any file gives complete settings, or problems with places, and never a panic.
func FuzzSettings(f *testing.F) {
	f.Add(wheelhouse.Schedules)
	f.Add([]byte(several))
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range hostile() {
		f.Add([]byte(text[:min(len(text), 300)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := options(three())
		opts.Offline = true // no file of this machine is read
		s, err := newLoader(opts).settings("schedules.yaml", data)
		var wrong *Errors
		if err != nil {
			if !errors.As(err, &wrong) || s != nil {
				t.Fatalf("error %T, settings %v", err, s)
			}
			for _, p := range wrong.Problems {
				if p.Message == "" || p.File == "" && p.Path == "" {
					t.Errorf("problem %+v", p)
				}
			}
			return
		}
		for _, a := range s.Accounts {
			if a.ID == "" || a.Zone == nil || a.HistoryFrom.IsZero() || a.RequestsPerSecond < 0.01 || len(a.Streams) != len(stream.All) {
				t.Errorf("account %+v", a)
			}
			for i, st := range a.Streams {
				if st.Schedule.Next(now).IsZero() || st.Parallel < 1 || st.Parallel > 32 || st.Window > stream.All[i].LongestWindow() {
					t.Errorf("stream %+v", st)
				}
			}
		}
	})
}

// FuzzCron checks that an accepted expression fires in any zone.
func FuzzCron(f *testing.F) {
	for _, text := range []string{"17 4 * * *", "TZ=UTC", "* * * * TZ=UTC", "@every 1m", "0 0 30 2 *", "@", "*/99 ? 1-5/2 jan-mar sun", "CRON_TZ= * * * * *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseCron(text); err != nil {
			return
		}
		havana := zone(t, "America/Havana")
		if next := schedule(text, havana).Next(now); !next.After(now) {
			t.Errorf("%q fires at %v", text, next)
		}
	})
}
