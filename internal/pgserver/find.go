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

// oldest is the first major version that is supported.
const oldest = 14

// adviceNoPrograms is the advice for a machine without PostgreSQL.
const adviceNoPrograms = `install it with "apt install postgresql" (Debian), "dnf install postgresql-server" (Fedora) ` +
	`or "brew install postgresql@18" (macOS), or set WHEELHOUSE_PG_BIN to the folder of postgres and initdb`

// errAbsent: a folder does not have both programs.
var errAbsent = errors.New("no postgres and initdb there")

// programs are PostgreSQL's server programs.
type programs struct {
	folder string
	major  int
}

// A finder looks for server programs.
type finder struct {
	explicit string   // the only folder to use, if set
	source   string   // the setting that names it
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
		fetch: fetcher{release: newest(), caches: cacheFolders(), notice: o.notice},
	}
	if f.explicit == "" {
		f.explicit, f.source = os.Getenv("WHEELHOUSE_PG_BIN"), "WHEELHOUSE_PG_BIN"
	}
	return f
}

// find returns programs that the account can run, and downloads them if necessary.
func (f finder) find(ctx context.Context, as account) (programs, error) {
	if f.explicit != "" {
		found, err := probe(ctx, as, f.explicit)
		if ctx.Err() != nil {
			return programs{}, ctx.Err()
		}
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

// noPrograms is the one-line error for a machine without programs.
func noPrograms(unusable []string) error {
	what := fmt.Sprintf("no PostgreSQL %d or newer found", oldest)
	if len(unusable) > 0 {
		what += " (" + strings.Join(unusable, "; ") + ")"
	}
	return errors.New(what + ": " + adviceNoPrograms)
}

// candidates are the folders to try: those of PATH in order, then those that match
// a pattern, newest version first.
func (f finder) candidates() []string {
	var folders []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(folder) { // never programs in the working folder
			folders = append(folders, folder)
		}
	}
	for _, pattern := range f.globs {
		matches, _ := filepath.Glob(pattern) // fails only for a malformed pattern
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

// probe tries a folder: both programs must be there, the account must be able to run
// them, and the version must be supported. A link to postgres alone, as in
// /usr/local/bin, is followed to the folder of the programs.
func probe(ctx context.Context, as account, folder string) (programs, error) {
	resolved, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return programs{}, errAbsent
	case err != nil:
		return programs{}, err
	}
	if home := filepath.Dir(resolved); hasBoth(home) {
		folder = home
	} else if !hasBoth(folder) {
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

// hasBoth reports whether a folder has executable files postgres and initdb.
func hasBoth(folder string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

var versionOutput = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// version runs postgres --version, as the account that the server will run as.
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
		return 0, fmt.Errorf("postgres --version: unknown output%s", inBrackets(string(out)))
	}
	return strconv.Atoi(match[1])
}

// inBrackets is the last line of a program's output, shortened, to be appended to
// an error. It is empty if there is no output.
func inBrackets(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	if line == "" {
		return ""
	}
	return " (" + line[:min(len(line), 300)] + ")"
}
