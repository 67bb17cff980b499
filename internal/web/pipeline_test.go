package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
)

// wrecked is a warehouse with one problem of each type: usage_new is not reconciled on one day, shares failed on another,
// demo_usage has a gap, and a record of users is rejected.
func wrecked(t *testing.T, zone string) *warehouse {
	w := mustLoad(t, 40, zone)
	day := func(ago int) string {
		return fmt.Sprintf(`(SELECT bi.day_start(today - %d, timezone) + interval '1 hour' FROM bi.accounts)`, ago)
	}
	w.exec(`UPDATE wheelhouse.loads SET reconciled = false WHERE stream = 'usage_new' AND span @> ` + day(5))
	w.exec(`UPDATE wheelhouse.loads SET status = 'failed', error = 'HTTP 503 <b>=1+1</b> ' || $1 WHERE stream = 'shares' AND span @> `+day(8), hostile)
	w.exec(`DELETE FROM wheelhouse.loads WHERE stream = 'demo_usage' AND span @> ` + day(12))
	w.exec(`INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw, raw_hash)
		SELECT max(id), 'default', 'user_access', '$.users[3]', '=cmd() ' || $1, '{"canary": "raw"}', '\x01' FROM wheelhouse.loads WHERE stream = 'user_access'`, hostile)
	return w
}

// hostile is a very long text of markup and changes of direction.
var hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'` + "\u202eright to left \u05e9\u05dc\u05d5\u05dd\u0007" + strings.Repeat("<b>x</b>\u202e", 100_000)

func pipelinePages() []string {
	return []string{"/pipeline", "/pipeline?days=7", "/pipeline/windows", "/pipeline/windows?stream=shares", "/pipeline/windows?stream=company_content&days=365",
		"/pipeline/runs", "/pipeline/rejects", "/pipeline/rejects?stream=user_access&all=yes", "/pipeline/changes", "/pipeline/changes?since=1"}
}

func TestPipelinePagesShowTheLedger(t *testing.T) {
	t.Parallel()
	w := wrecked(t, "America/New_York")
	v := visit(t, w.dsn, func(o *Options) {
		o.Streams = func(now time.Time) []settings.Row {
			return settings.Settings{Accounts: []settings.Account{w.account}}.Describe(now, 1)
		}
	})
	for _, path := range pipelinePages() {
		doc := v.page(path)
		for _, tag := range []string{"script", "img", "b"} {
			if len(all(doc, tag)) > 0 {
				t.Errorf("%s: the data became a <%s>", path, tag)
			}
		}
		body, header := v.get(http.StatusOK, path)
		if strings.Contains(body, "\u202e") || strings.Contains(body, "canary") || len(body) > 400_000 {
			t.Errorf("%s: hostile text is not escaped, or the page has %d bytes", path, len(body))
		}
		if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", path, header)
		}
		for _, a := range all(doc, "a") {
			if href := attr(a, "href"); strings.HasPrefix(href, "/") && href != "/" && !strings.HasPrefix(href, "/?") {
				v.get(http.StatusOK, href)
			}
		}
	}
	t.Run("days", func(t *testing.T) { daysMatchCoverage(t, w, v) })
	t.Run("problems", func(t *testing.T) { problemsAreShown(t, w, v) })
	t.Run("windows", func(t *testing.T) { windowsMatchTheLedger(t, w, v) })
	t.Run("csv", func(t *testing.T) { csvIsHarmless(t, w, v) })
}

// daysMatchCoverage compares bi.coverage with the table of streams, the calendars, their tables and the CSV.
func daysMatchCoverage(t *testing.T, w *warehouse, v *visitor) {
	doc := v.page("/pipeline")
	lines := v.csv("/pipeline?format=csv&table=days")
	if got, want := strconv.Itoa(len(lines)-1), w.sql(`SELECT count(*) FROM bi.coverage`); got != want {
		t.Errorf("%s days as CSV, want %s", got, want)
	}
	for _, row := range tableOf(t, doc, "streams") {
		stream := row[0]
		for i, status := range map[int]string{3: loaded, 4: unreconciled, 5: failed} {
			if want := w.sql(`SELECT count(*) FROM bi.coverage WHERE stream = $1 AND status = $2`, stream, status); row[i] != want {
				t.Errorf("%s: %s days %s, want %s", stream, row[i], status, want)
			}
		}
		if want := w.sql(`SELECT count(*) FROM bi.rejects WHERE stream = $1 AND resolved_at IS NULL`, stream); row[7] != want {
			t.Errorf("%s: %s rejects, want %s", stream, row[7], want)
		}
		figure := byID(doc, "chart-days-of-"+stream)
		var squares []string
		for _, rect := range all(figure, "rect") {
			squares = append(squares, attr(rect, "data-value")+" "+strings.TrimPrefix(attr(rect, "class"), "day-"))
		}
		var listed []string
		for _, line := range lines[1:] {
			if line[0] == stream {
				listed = append(listed, line[1]+" "+line[2])
			}
		}
		if !slices.Equal(squares, listed) {
			t.Errorf("%s: the picture and the CSV differ:\n%v\n%v", stream, squares, listed)
		}
		if days := stretches(t, doc, stream); days != len(listed) {
			t.Errorf("%s: stretches of %d days, want %d", stream, days, len(listed))
		}
		dueOrGap := w.sql(`SELECT count(*) FROM bi.coverage WHERE stream = $1 AND status = 'gap'`, stream)
		n := 0
		for _, line := range listed {
			if strings.HasSuffix(line, " gap") || strings.HasSuffix(line, " due") {
				n++
			}
		}
		if strconv.Itoa(n) != dueOrGap {
			t.Errorf("%s: %d gaps and days not due, want %s", stream, n, dueOrGap)
		}
	}
}

// stretches is the number of days in a stream's stretches.
func stretches(t *testing.T, doc *html.Node, stream string) (days int) {
	t.Helper()
	for _, row := range tableOf(t, doc, "days-of-"+strings.ReplaceAll(stream, "_", "-")) {
		n, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		days += n
	}
	return days
}

// problemsAreShown checks that each problem has its row, its square and its figure.
func problemsAreShown(t *testing.T, w *warehouse, v *visitor) {
	doc := v.page("/pipeline")
	day := func(ago int) time.Time {
		d, err := time.Parse(time.DateOnly, w.sql(`SELECT today - $1::int FROM bi.accounts`, ago))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	found := tableOf(t, doc, "troubled")
	for _, c := range []struct {
		stream, status, mark string
		day                  time.Time
	}{{"usage_new", unreconciled, "≠", day(5)}, {"shares", failed, "×", day(8)}, {"demo_usage", gap, "G", day(12)}} {
		if !slices.ContainsFunc(found, func(row []string) bool {
			return row[0] == showDay(c.day) && row[1] == c.stream && row[2] == stateText[c.status]
		}) {
			t.Errorf("%+v is not in %v", c, found)
		}
		square := false
		for _, rect := range all(byID(doc, "chart-days-of-"+c.stream), "rect") {
			if attr(rect, "data-value") == c.day.Format(time.DateOnly) {
				square = attr(rect, "class") == "day-"+c.status && strings.HasPrefix(textOf(rect), showDay(c.day)+": "+stateText[c.status]) &&
					rect.NextSibling != nil && textOf(rect.NextSibling) == c.mark
			}
		}
		if !square {
			t.Errorf("%+v has no square with its letter", c)
		}
	}
	rejects := tableOf(t, v.page("/pipeline/rejects"), "rejects")
	if len(rejects) != 1 || rejects[0][1] != "user_access" || !strings.HasPrefix(rejects[0][2], "=cmd() <script>") || rejects[0][3] != "$.users[3]" ||
		rejects[0][6] != "open" || len([]rune(rejects[0][2])) > longestShown+1 {
		t.Errorf("%.500v", rejects)
	}
	figures := textOf(all(doc, "dl")[0])
	for _, part := range []string{"Not reconciled1", "Failed1", "Gaps1", "Open rejects1"} {
		if !strings.Contains(figures, part) {
			t.Errorf("no %q in %s", part, figures)
		}
	}
}

// windowsMatchTheLedger compares a window's history with the ledger.
func windowsMatchTheLedger(t *testing.T, w *warehouse, v *visitor) {
	w.exec(`UPDATE wheelhouse.loads SET request_ids = ARRAY['req-1', 'req-2'] WHERE id = (SELECT max(id) FROM wheelhouse.loads WHERE stream = 'usage_new')`)
	load := w.sql(`SELECT max(id) FROM wheelhouse.loads WHERE stream = 'usage_new'`)
	doc := v.page("/pipeline/window?load=" + load)
	row := tableOf(t, doc, "loads")[0]
	for i, column := range map[int]string{0: "id", 1: "run_id", 3: "rows_read", 4: "rows_inserted", 5: "rows_updated", 6: "rows_unchanged", 7: "rows_deleted", 8: "rows_rejected", 10: "source_count"} {
		if want := w.sql(`SELECT `+column+` FROM wheelhouse.loads WHERE id = $1::text::bigint`, load); row[i] != want {
			t.Errorf("%s is %s, want %s", column, row[i], want)
		}
	}
	if requests := tableOf(t, doc, "requests")[0]; requests[3] != w.sql(`SELECT attempts FROM wheelhouse.loads WHERE id = $1::text::bigint`, load) || requests[4] != "req-1 req-2" {
		t.Error(requests)
	}
	windows := tableOf(t, v.page("/pipeline/windows?stream=usage_new&days=365"), "windows")
	if want := w.sql(`SELECT count(DISTINCT span) FROM wheelhouse.loads WHERE stream = 'usage_new'`); strconv.Itoa(len(windows)) != want {
		t.Errorf("%d windows, want %s", len(windows), want)
	}
	v.get(http.StatusNotFound, "/pipeline/window?load=999999999")
	v.get(http.StatusBadRequest, "/pipeline/window?load=x")
	v.get(http.StatusNotFound, "/pipeline/windows?stream=nothing")
	v.get(http.StatusNotFound, "/pipeline/rejects?stream=%27")
	v.get(http.StatusNotFound, "/pipeline/changes?since=999999999")
	v.get(http.StatusBadRequest, "/pipeline/changes?since=-1")
}

// csvIsHarmless checks that a formula is text in a spreadsheet, and that a number stays a number.
func csvIsHarmless(t *testing.T, w *warehouse, v *visitor) {
	lines := v.csv("/pipeline/rejects?format=csv&table=rejects")
	if len(lines) != 2 || lines[0][2] != "Reason" || !strings.HasPrefix(lines[1][2], "'=cmd() <script>") {
		t.Errorf("%.300v", lines)
	}
	if len(lines[1][2]) < 1500 {
		t.Errorf("the CSV is shortened as the page is: %d", len(lines[1][2]))
	}
	for _, line := range v.csv("/pipeline/windows?stream=usage_new&format=csv&table=windows")[1:] {
		if _, err := strconv.Atoi(line[2]); err != nil {
			t.Error(line)
		}
	}
}

// The page of changes shows the counts of later loads and keys of rows that they changed.
func TestChangesAreThoseOfLaterLoads(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, 12, "UTC")
	first := w.sql(`SELECT max(id) FROM wheelhouse.runs`)
	v := visit(t, w.dsn, nil)
	if doc := v.page("/pipeline/changes?since=" + first); byID(doc, "table-changes") != nil {
		t.Error("something changed before anything was loaded again")
	}
	w.exec(`UPDATE crankwheel.screen_sessions SET viewers = 999 WHERE session_id IN (SELECT session_id FROM crankwheel.screen_sessions ORDER BY session_id DESC LIMIT 3)`)
	w.exec(`UPDATE crankwheel.demo_requests SET prospect_name = 'canary-name' WHERE demo_id = (SELECT max(demo_id) FROM crankwheel.demo_requests)`)
	w.exec(`UPDATE wheelhouse.loads SET response_hash = NULL`)
	w.pass()
	body, _ := v.get(http.StatusOK, "/pipeline/changes?since="+first)
	doc := v.page("/pipeline/changes?since=" + first)
	if strings.Contains(body, "canary-name") {
		t.Error("the page shows a prospect's name")
	}
	changed := map[string][3]int{}
	for _, row := range tableOf(t, doc, "changes") {
		s := changed[row[1]]
		for i := range s {
			n, err := strconv.Atoi(row[2+i])
			if err != nil {
				t.Fatal(err)
			}
			s[i] += n
		}
		changed[row[1]] = s
	}
	for _, stream := range []string{"usage_new", "demo_usage"} {
		want := w.sql(`SELECT concat_ws(' ', sum(rows_inserted), sum(rows_updated), sum(rows_deleted)) FROM wheelhouse.loads WHERE run_id > $1::text::bigint AND stream = $2`, first, stream)
		s := changed[stream]
		if got := fmt.Sprintf("%d %d %d", s[0], s[1], s[2]); got != want {
			t.Errorf("%s: %s, want %s", stream, got, want)
		}
	}
	if changed["usage_new"][1] < 3 || changed["demo_usage"][1] < 1 {
		t.Errorf("rows that were changed back are not counted: %v", changed)
	}
	sample := tableOf(t, doc, "sample")
	for table, key := range map[string]string{"screen_sessions": "session_id::text", "demo_requests": "demo_id::text"} {
		n := 0
		for _, row := range sample {
			if row[0] == table {
				n++
				if got := w.sql(`SELECT load_id FROM crankwheel.`+table+` WHERE `+key+` = $1`, row[1]); got != row[3] {
					t.Errorf("%v: its load is %s", row, got)
				}
			}
		}
		if n == 0 {
			t.Errorf("no row of %s in %v", table, sample)
		}
	}
}

// The list of an account's runs does not count runs of other accounts.
func TestRunsAreOfOneAccount(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('acme', 'https://x.is', 'UTC', '2026-01-01'), ('beta', 'https://y.is', 'UTC', '2026-01-01');
		INSERT INTO wheelhouse.runs (kind, started_at, finished_at, outcome, version, host)
		SELECT 'schedule', now() - (701 - n) * interval '1 minute', now(), 'loaded', 'v', 'h' FROM generate_series(1, 700) n;
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status)
		SELECT id, CASE WHEN id <= 100 THEN 'acme' ELSE 'beta' END, 'shares', tstzrange(started_at, started_at + interval '1 second'), 'loaded' FROM wheelhouse.runs`)
	v := visit(t, dsn, nil)
	for account, want := range map[string]int{"acme": 100, "beta": mostRuns} {
		doc := v.page("/pipeline/runs?account=" + account)
		if n := len(tableOf(t, doc, "runs")); n != want {
			t.Errorf("%s: %d runs, want %d", account, n, want)
		}
		if more := strings.Contains(textOf(doc), "The newest"); more != (want == mostRuns) {
			t.Errorf("%s: the page says that older runs are left out: %t", account, more)
		}
	}
}

// The figures count all changes, even those that the table leaves out. A run that is running has not ended.
func TestFiguresCountAllChanges(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2020-01-01');
		INSERT INTO wheelhouse.runs (kind, started_at, finished_at, outcome, version, host) VALUES
			('run', '2026-03-01 10:00Z', '2026-03-01 11:00Z', 'loaded', 'v', 'h'), ('backfill', '2026-03-01 12:00Z', NULL, NULL, 'v', 'h');
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, rows_inserted, rows_updated, rows_deleted, started_at, finished_at)
		SELECT 2, 'a', 'usage_new', tstzrange(d, d + interval '1 day'), 'loaded', 3, 2, 1, '2026-03-01 12:30Z', '2026-03-01 12:30Z'
		FROM generate_series(timestamptz '2024-01-01Z', timestamptz '2024-01-01Z' + interval '599 days', '1 day') d`)
	v := visit(t, dsn, nil)
	doc := v.page("/pipeline/changes?since=1")
	figures := figuresOf(doc)
	for name, want := range map[string]int64{"Rows inserted": 1800, "Rows updated": 1200, "Rows deleted": 600, "Windows": 600} {
		if figures[name] != showCount(want) {
			t.Errorf("%s: %s, want %d", name, figures[name], want)
		}
	}
	if n := len(tableOf(t, doc, "changes")); n != mostChanges || !strings.Contains(textOf(doc), "The newest 500 of 600 windows") || !strings.Contains(textOf(doc), "which ended 1 Mar 2026 11:00") {
		t.Errorf("%d windows", n)
	}
	if text := textOf(v.page("/pipeline/changes?since=2")); !strings.Contains(text, "which has not ended and began 1 Mar 2026 12:00") {
		t.Error(text)
	}
}

// The page of a window says so if it leaves out loads.
func TestWindowPageSaysHowManyLoadsItLeavesOut(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2020-01-01');
		INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'v', 'h');
		INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status) SELECT 1, 'a', 'shares', '[2026-01-01Z,2026-01-02Z)', 'loaded' FROM generate_series(1, 501);
		INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw_hash) SELECT 1, 'a', 'shares', '$.data[0]', 'no slug', decode(md5(n::text), 'hex') FROM generate_series(1, 501) n`)
	text := textOf(visit(t, dsn, nil).page("/pipeline/window?load=1"))
	if strings.Count(text, "The newest 500 of 501.") != 2 || !strings.Contains(text, "`wheelhouse rejects list` lists all") {
		t.Error(text)
	}
}
