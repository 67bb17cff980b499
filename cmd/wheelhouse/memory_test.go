package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// While serve loads, the largest CSV costs little memory, because its rows go through a file.
func TestTheLargestCSVNeedsLittleMemory(t *testing.T) { // not parallel: it measures memory
	if runtime.GOOS != "linux" {
		t.Skip("the peak of a process's memory is read from Linux's /proc")
	}
	testkit.SkipIfShort(t, "it loads some thousand sessions in the meantime")
	dsn := testdb.New(t)
	now := time.Now()
	api := simulator.New(simulator.Options{Seed: 3, Agents: 60, Density: 3, APIKey: key, From: now.AddDate(0, 0, -100), Until: now, Now: func() time.Time { return now }})
	u := newUser(t, api, dsn)
	at := freePort(t)
	u.env = append(u.env, "WHEELHOUSE_LISTEN="+at, "WHEELHOUSE_TOKEN="+pagesToken, "GOMEMLIMIT=64MiB", "WHEELHOUSE_HISTORY_FROM="+now.AddDate(0, 0, -99).Format(time.DateOnly))
	cmd, _, errs := u.command("serve", "--log", "json,info")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() }) // it may have ended
	windows := func() int {
		text, _ := read(t, "http://"+at+"/metrics", pagesToken) // empty until it answers
		n := 0
		for _, found := range regexp.MustCompile(`wheelhouse_windows_total\{account="default",outcome="loaded",stream="[a-z_]*"\} (\d+)`).FindAllStringSubmatch(text, -1) {
			some, _ := strconv.Atoi(found[1]) // digits
			n += some
		}
		return n
	}
	for deadline := time.Now().Add(time.Minute); windows() < 20; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is loaded:\n%s", errs)
		}
	}
	mustExec(t, dsn, `INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, local_day, played, percent_watched, watch_time_seconds, cta_clicked, load_id, loaded_at)
		SELECT 'default', 'much-visited', md5(n::text), timestamptz '2025-03-01 12:00Z' + n * interval '0.5 seconds', '2025-03-01', true, 0.5, 60, false, 1, now() FROM generate_series(1, 50000) n;
		INSERT INTO crankwheel.shares (account_id, slug, created_at, load_id, loaded_at) VALUES ('default', 'much-visited', '2025-03-01Z', 1, now())`)
	beside := peakOf(t, cmd.Process.Pid)
	before := windows()
	var size int
	for range 4 {
		body, status := read(t, "http://"+at+"/share?slug=much-visited&format=csv&table=visits&from=2025-03-01&to=2025-03-01", pagesToken)
		if lines := strings.Count(body, "\n"); status != http.StatusOK || lines != 50_001 {
			t.Fatalf("%d: %d lines", status, lines)
		}
		size = len(body)
	}
	after := windows()
	peak := peakOf(t, cmd.Process.Pid)
	t.Logf("peak of the process: %d MiB while it loads, %d MiB with a CSV of %d KiB; %d windows were loaded meanwhile", beside>>20, peak>>20, size>>10, after-before)
	if after == before {
		t.Error("nothing was loaded meanwhile")
	}
	limit := int64(24 << 20)
	if raceDetector { // its own memory is several times the program's
		limit *= 4
	}
	if peak-beside > limit {
		t.Errorf("the CSV costs %d MiB", (peak-beside)>>20)
	}
}

// peakOf is the most memory in bytes that a process has had in RAM.
func peakOf(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if value, found := bytes.CutPrefix(line, []byte("VmHWM:")); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(value)), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no peak in /proc")
	return 0
}
