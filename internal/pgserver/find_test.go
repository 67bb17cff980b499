//go:build linux || darwin || freebsd

package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// MustPrograms makes a folder with a postgres that only prints a version, and an
// initdb.
func MustPrograms(t *testing.T, folder, version string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	MustWrite(t, filepath.Join(folder, "postgres"), fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version), 0o755)
	MustWrite(t, filepath.Join(folder, "initdb"), "#!/bin/sh\n", 0o755)
	return folder
}

func mustAccount(t *testing.T) account {
	t.Helper()
	as, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	return as
}

func TestFindChoosesPrograms(t *testing.T) {
	home, as := MustFolder(t), mustAccount(t)
	old := MustPrograms(t, home+"/pg/9/bin", "9.6.24")
	middle := MustPrograms(t, home+"/pg/14/bin", "14.2 (Debian 14.2-1)")
	newest := MustPrograms(t, home+"/pg/18/bin", "18beta1")
	broken := MustPrograms(t, home+"/broken", "17.1")
	MustWrite(t, broken+"/postgres", "#!/bin/sh\necho missing library >&2\nexit 127\n", 0o755)
	alone := MustPrograms(t, home+"/alone", "17.1")
	links := filepath.Join(home, "links")
	for _, err := range []error{
		os.Remove(filepath.Join(alone, "initdb")),
		os.Mkdir(links, 0o755),
		os.Symlink(filepath.Join(middle, "postgres"), filepath.Join(links, "postgres")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	globs := []string{home + "/pg/*/bin"}

	for _, test := range []struct {
		name   string
		path   string
		finder finder
		want   programs
		fails  string
	}{
		{name: "PATH first", path: middle, finder: finder{globs: globs}, want: programs{middle, 14}},
		{name: "newest of a pattern", finder: finder{globs: globs}, want: programs{newest, 18}},
		{name: "link leads to the programs", path: links, want: programs{middle, 14}},
		{name: "postgres without initdb is ignored", path: alone, finder: finder{globs: globs}, want: programs{newest, 18}},
		{name: "broken is passed over", path: broken, finder: finder{globs: globs}, want: programs{newest, 18}},
		{name: "relative folders of PATH are not used", path: ".:bin", finder: finder{globs: globs}, want: programs{newest, 18}},
		{name: "explicit wins", path: newest, finder: finder{explicit: middle, source: "X"}, want: programs{middle, 14}},
		{name: "explicit without programs", path: newest, finder: finder{explicit: home, source: "X"}, fails: "X: " + home + ": no postgres and initdb there"},
		{name: "explicit and too old", path: newest, finder: finder{explicit: old, source: "X"}, fails: "X: " + old + ": version 9 is too old"},
		{name: "only unusable ones", path: broken + ":" + old, fails: "no PostgreSQL 14 or newer found (" +
			broken + ": postgres --version: exit status 127 (missing library); " + old + ": version 9 is too old): " + adviceNoPrograms},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", test.path)
			got, err := test.finder.find(t.Context(), as)
			if test.fails != "" {
				if err == nil || err.Error() != test.fails {
					t.Errorf("error %v\nwant  %s", err, test.fails)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("%v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestWithoutProgramsTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := start(t.Context(), Options{}, finder{})
	if err == nil {
		t.Fatal("started without programs")
	}
	const want = `no PostgreSQL 14 or newer found: install it with "apt install postgresql" (Debian), ` +
		`"dnf install postgresql-server" (Fedora) or "brew install postgresql@18" (macOS), ` +
		`or set WHEELHOUSE_PG_BIN to the folder of postgres and initdb`
	if err.Error() != want || strings.Contains(want, "\n") {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestExplicitFolderIsUsed(t *testing.T) {
	empty := MustFolder(t)
	t.Setenv("WHEELHOUSE_PG_BIN", empty)
	_, err := Start(t.Context(), Options{})
	want := "start postgres: WHEELHOUSE_PG_BIN: " + empty + ": no postgres and initdb there"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = Start(t.Context(), Options{Bin: "/nowhere"})
	if err == nil || !strings.Contains(err.Error(), "Options.Bin: /nowhere") {
		t.Errorf("Options.Bin does not win: %v", err)
	}
}
