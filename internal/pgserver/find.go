//go:build linux || darwin || freebsd

package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldest is the first major version that counts.
const oldest = 14

// adviceNoPrograms is what a person reads where there is no PostgreSQL.
const adviceNoPrograms = `install it with "apt install postgresql" (Debian), "dnf install postgresql-server" (Fedora) ` +
	`or "brew install postgresql@18" (macOS), or set WHEELHOUSE_PG_BIN to the folder of postgres and initdb`

// errAbsent is a folder that does not hold both programs.
var errAbsent = errors.New("no postgres and initdb there")

// programs are PostgreSQL's server programs.
type programs struct {
	folder string
	major  int
}

// A finder looks for server programs.
type finder struct {
	explicit string   // a folder that was asked for: this or nothing
	source   string   // who asked for it
	globs    []string // folders outside PATH, in order of preference
	fetch    fetcher  // the last resort
}

func defaultFinder(o Options) finder {
	f := finder{
		explicit: o.Bin,
		source:   "Options.Bin",
		globs: []string{
			"/usr/lib/postgresql/*/bin",          // Debian
			"/opt/homebrew/opt/postgresql@*/bin", // Homebrew, three homes
			"/usr/local/opt/postgresql@*/bin",
			"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
			"/usr/pgsql-*/bin", // Fedora, from PostgreSQL's own packages
		},
		fetch: fetcher{release: pinned, caches: cacheFolders(), notice: o.notice},
	}
	if f.explicit == "" {
		f.explicit, f.source = os.Getenv("WHEELHOUSE_PG_BIN"), "WHEELHOUSE_PG_BIN"
	}
	return f
}

// find returns programs that the account can run, fetching them if it must.
func (f finder) find(ctx context.Context, as account) (programs, error) {
	if f.explicit != "" {
		found, err := probe(ctx, as, f.explicit)
		if err != nil {
			return programs{}, fmt.Errorf("%s: %s: %w", f.source, f.explicit, err)
		}
		return found, nil
	}
	var unusable []string
	for _, folder := range f.candidates() {
		found, err := probe(ctx, as, folder)
		if err == nil {
			return found, nil
		}
		if ctx.Err() != nil {
			return programs{}, ctx.Err()
		}
		if !errors.Is(err, errAbsent) {
			unusable = append(unusable, fmt.Sprintf("%s: %v", folder, err))
		}
	}
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		if npm, err := exec.LookPath("npm"); err == nil {
			folder, err := f.fetch.fetch(ctx, as, npm)
			if err != nil {
				return programs{}, fmt.Errorf("fetch its programs with npm: %w; or %s", err, adviceNoPrograms)
			}
			return probe(ctx, as, folder)
		}
	}
	return programs{}, noPrograms(unusable)
}

// noPrograms is the one-line error for a person with nothing installed.
func noPrograms(unusable []string) error {
	what := fmt.Sprintf("no PostgreSQL %d or newer found", oldest)
	if len(unusable) > 0 {
		what += " (" + strings.Join(unusable, "; ") + ")"
	}
	return errors.New(what + ": " + adviceNoPrograms)
}

// candidates are the folders to try: PATH's as they come, then those that match
// a pattern, the newest version first.
func (f finder) candidates() []string {
	var folders []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(folder) { // never what lies in the working folder
			folders = append(folders, folder)
		}
	}
	for _, pattern := range f.globs {
		matches, _ := filepath.Glob(pattern) // fails for a bad pattern only
		slices.SortFunc(matches, func(a, b string) int {
			return cmp.Compare(folderVersion(b), folderVersion(a))
		})
		folders = append(folders, matches...)
	}
	return folders
}

var digits = regexp.MustCompile(`\d+`)

// folderVersion is the last number in a path, as in /usr/pgsql-16/bin.
func folderVersion(path string) int {
	numbers := digits.FindAllString(path, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1])
	return n
}

// probe tries a folder: both programs are there, the account can run them, the
// version counts. A link to postgres alone, as in /usr/local/bin, leads to the
// folder where the programs really are.
func probe(ctx context.Context, as account, folder string) (programs, error) {
	resolved, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return programs{}, errAbsent
	case err != nil:
		return programs{}, err
	}
	if home := filepath.Dir(resolved); holdsBoth(home) {
		folder = home
	} else if !holdsBoth(folder) {
		return programs{}, errAbsent
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return programs{}, err
	}
	major, err := version(ctx, as, filepath.Join(folder, "postgres"))
	if err != nil {
		return programs{}, err
	}
	if major < oldest {
		return programs{}, fmt.Errorf("version %d is too old", major)
	}
	return programs{folder: folder, major: major}, nil
}

// holdsBoth says whether a folder has files postgres and initdb that someone may
// execute.
func holdsBoth(folder string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

var versionOutput = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// version runs postgres --version, as the account that is to run it later.
func version(ctx context.Context, as account, postgres string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, postgres, "--version")
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.SysProcAttr = as.attributes()
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("postgres --version: %w%s", err, inBrackets(string(out)))
	}
	match := versionOutput.FindStringSubmatch(string(out))
	if match == nil {
		return 0, fmt.Errorf("postgres --version: unknown answer%s", inBrackets(string(out)))
	}
	return strconv.Atoi(match[1])
}

// inBrackets is the last line of what a program said, cut short, to be appended
// to an error; empty if it said nothing.
func inBrackets(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	if line == "" {
		return ""
	}
	return " (" + line[:min(len(line), 300)] + ")"
}
