//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/report"
)

// serverPackages are imported by the tests that start a server.
var serverPackages = []string{"wheelhouse/internal/testdb", "wheelhouse/internal/pgserver"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "postgres-versions:", err)
		os.Exit(2)
	}
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "postgres-versions:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	majors []int
	others bool     // leave out the version on which tests run by default
	args   []string // for go test
}

func parse(line []string, complain io.Writer) (o options, err error) {
	f := flag.NewFlagSet("postgres-versions", flag.ContinueOnError)
	f.SetOutput(complain)
	versions := f.String("versions", "", fmt.Sprintf("major versions, separated by commas (default: all of %v)", pgserver.Majors()))
	f.BoolVar(&o.others, "others", false, "leave out the version on which the tests run by default")
	if err := f.Parse(line); err != nil {
		return o, err
	}
	o.args = f.Args()
	if *versions == "" {
		o.majors = pgserver.Majors()
		return o, nil
	}
	for name := range strings.SplitSeq(*versions, ",") {
		major, err := strconv.Atoi(name)
		if err != nil || !slices.Contains(pgserver.Majors(), major) {
			return o, fmt.Errorf("-versions: %q is not one of %v", name, pgserver.Majors())
		}
		o.majors = append(o.majors, major)
	}
	return o, nil
}

// row is the result of one version.
type row struct {
	Version  string        `json:"postgres"`
	Packages int           `json:"packages"`
	Tests    int           `json:"tests"`
	Skipped  int           `json:"skipped"`
	Failed   int           `json:"failed"` // tests, and packages that failed without one
	Result   string        `json:"result"`
	Took     time.Duration `json:"time"`
}

var errFailed = errors.New("not every version passed")

// run runs the tests on each version, and prints the table even if some could not be run.
func run(ctx context.Context, o options, out, complain io.Writer) error {
	if o.others {
		own, err := pgserver.DefaultMajor(ctx)
		if err != nil {
			return err
		}
		o.majors = slices.DeleteFunc(o.majors, func(major int) bool { return major == own })
	}
	if !slices.ContainsFunc(o.args, func(arg string) bool { return !strings.HasPrefix(arg, "-") }) {
		packages, err := needServer(ctx)
		if err != nil {
			return err
		}
		o.args = append(o.args, packages...)
	}
	var rows []row
	all := true
	for _, major := range o.majors {
		r, err := test(ctx, major, o.args, complain)
		if err != nil {
			fmt.Fprintf(complain, "postgres-versions: %d: %v\n", major, err)
		}
		if ctx.Err() != nil {
			break
		}
		rows, all = append(rows, r), all && r.Result == "passed"
	}
	err := report.Table(out, rows, false)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case !all:
		return errFailed
	}
	return nil
}

// needServer lists the packages with tests that start a server.
func needServer(ctx context.Context) (packages []string, err error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", `{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}`, "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(serverPackages, name) }) {
			packages = append(packages, names[0])
		}
	}
	return packages, nil
}

// test runs the tests on one version.
func test(ctx context.Context, major int, args []string, complain io.Writer) (row, error) {
	r := row{Version: strconv.Itoa(major), Result: "not run"}
	bin, err := pgserver.Fetch(ctx, major, func(line string) { fmt.Fprintln(complain, line) })
	if err != nil {
		return r, err
	}
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return r, fmt.Errorf("postgres --version: %w", err)
	}
	r.Version = strings.TrimSpace(strings.TrimPrefix(string(version), "postgres (PostgreSQL) "))

	// -count=1: the cache of go test does not know that the server is another one.
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-count=1"}, args...)...)
	cmd.Env = append(os.Environ(), "WHEELHOUSE_PG_BIN="+bin, "TEST_DATABASE_URL=")
	cmd.Stderr = complain
	// The process gets a group of its own, so that an interrupt also reaches the test programs. They stop their servers.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	events, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	if err := r.count(events, r.Version, complain); err != nil {
		return r, errors.Join(err, cmd.Cancel(), cmd.Wait())
	}
	r.Result, r.Took = "passed", time.Since(began).Round(time.Second)
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case errors.As(err, &exit):
		r.Result = "FAILED"
	case err != nil:
		return r, fmt.Errorf("go test: %w", err)
	case r.Tests == 0:
		r.Result = "no tests"
	}
	return r, nil
}

// event is a line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

// count reads the events of go test, counts the tests, prints the output of those that fail, and a line for each package.
func (r *row) count(events io.Reader, version string, complain io.Writer) error {
	type key struct{ pkg, test string }
	output, failed := map[key]*bytes.Buffer{}, map[string]bool{}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("go test -json: %w", err)
		}
		// The output of a subtest is shown with its test.
		test, _, sub := strings.Cut(e.Test, "/")
		k := key{e.Package, test}
		switch e.Action {
		case "build-output":
			fmt.Fprint(complain, e.Output)
			continue
		case "output":
			if output[k] == nil {
				output[k] = &bytes.Buffer{}
			}
			output[k].WriteString(e.Output)
			continue
		}
		over := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
		if sub || !over {
			continue
		}
		if e.Action == "fail" && (test != "" || !failed[e.Package]) {
			r.Failed++
			failed[e.Package] = true
			fmt.Fprintf(complain, "\n== PostgreSQL %s, %s %s\n", version, e.Package, test)
			for other, text := range output {
				// A package that panicked, or ran into a timeout, ends with its tests unfinished.
				if other == k || test == "" && other.pkg == e.Package {
					_, _ = text.WriteTo(complain)
				}
			}
		}
		delete(output, k)
		switch {
		case test == "" && e.Action != "skip": // a skipped package has no tests
			r.Packages++
			fmt.Fprintf(complain, "PostgreSQL %s: %s %s, %.0f s\n", version, e.Action, e.Package, e.Elapsed)
		case test != "" && e.Action == "skip":
			r.Skipped++
		case test != "":
			r.Tests++
		}
	}
	return lines.Err()
}
