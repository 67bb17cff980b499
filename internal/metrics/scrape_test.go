package metrics_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
)

// While the ledger cannot be read, wheelhouse_ledger_up is 0 and the other metrics are served.
func TestUnreadableLedgerIsReported(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	s.exec("ALTER TABLE wheelhouse.rejects RENAME TO elsewhere")
	got := s.fresh()
	if v := got.value("wheelhouse_ledger_up"); v != 0 {
		t.Errorf("up is %v", v)
	}
	for family := range got.families {
		if strings.HasPrefix(family, "wheelhouse_ledger_") && family != "wheelhouse_ledger_up" && family != "wheelhouse_ledger_read_duration_seconds" {
			t.Errorf("%s is served while the ledger cannot be read", family)
		}
	}
	got.value(`wheelhouse_rows_total{stream="shares",outcome="read"}`)
	s.exec("ALTER TABLE wheelhouse.elsewhere RENAME TO rejects")
	if v := s.fresh().value("wheelhouse_ledger_up"); v != 1 {
		t.Errorf("mended: up is %v", v)
	}
	if got := mustScrape(t, serve(t, metrics.New("1"))); got.value("wheelhouse_ledger_up") != 0 {
		t.Error("up before there is a database")
	}
}

func (s *scene) database() string {
	name := s.dsn[strings.LastIndex(s.dsn, "/")+1:]
	name, _, _ = strings.Cut(name, "?")
	return name
}

// The metrics of the queue show the stage of each window.
func TestQueueShowsStages(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	s.answers(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/usage_new") {
			asked <- struct{}{}
			<-answer
		}
		return false
	})
	over := make(chan struct{})
	go func() { defer close(over); s.run(0, 5) }()
	<-asked
	<-asked // two at a time, from the settings
	got := mustScrape(t, s.url)
	for stage, want := range map[string]float64{"waiting": 4, "asking": 2, "ready": 0, "committing": 0} {
		if v := got.value(fmt.Sprintf(`wheelhouse_queue_windows{stream="usage_new",stage=%q}`, stage)); v != want {
			t.Errorf("%s: %v windows, want %v", stage, v, want)
		}
	}
	if v := s.fresh().value(`wheelhouse_ledger_running_windows{stream="usage_new"}`); v < 2 {
		t.Errorf("%v windows are running", v)
	}
	close(answer)
	<-over
	for stage, v := range mustScrape(t, s.url).families["wheelhouse_queue_windows"].GetMetric() {
		if v.GetGauge().GetValue() != 0 {
			t.Errorf("left when all is loaded: %v %v", stage, v)
		}
	}
}

// The queue also shows windows that wait for a transaction or are in one.
func TestQueueShowsTransactions(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	conn := s.locked("crankwheel.users")
	over := make(chan struct{})
	go func() { defer close(over); s.run(5, 5) }()
	series := `wheelhouse_queue_windows{stream="user_access",stage="committing"}`
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if v := mustScrape(t, s.url).value(series); v == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Error("never in a transaction")
			break
		}
	}
	conn()
	<-over
}

// The metrics after a load contain no secret and no personal data, and labels have values of closed sets.
func TestMetricsContainNothingPersonal(t *testing.T) {
	t.Parallel()
	s := newScene(t, someSchedules)
	s.run(0, 5)
	got := mustScrape(t, s.url)
	for what, found := range map[string]*regexp.Regexp{
		"the key": regexp.MustCompile(canaryKey), "an address": regexp.MustCompile(`@|%40`), "a URL": regexp.MustCompile(`://|/ss/`),
		"the database": regexp.MustCompile(s.database()), "a record's key": regexp.MustCompile(`prospect|slug`),
	} {
		for _, line := range strings.Split(got.text, "\n") {
			if !strings.HasPrefix(line, "#") && found.MatchString(line) {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
	allowed := regexp.MustCompile(`^(account="default"|stream="[a-z_]+"|outcome="[a-z_]+"|stage="[a-z]+"|reason="[a-z]+"|le="[0-9.e+Inf]+"|quantile="[0-9.]+"|version="[^"]*"|go_version="[^"]*")$`)
	for _, line := range strings.Split(got.text, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, p := range pair.FindAllString(line, -1) {
			if !allowed.MatchString(p) {
				t.Errorf("label %s in %s", p, line)
			}
		}
	}
}

// someSchedules are the states of a stream with a running pass, of one without a past tick, and of one that never fires.
func someSchedules() []scheduler.State {
	return []scheduler.State{
		{Account: "default", Stream: "usage_new", Due: now.Add(-6 * time.Hour), Next: now.Add(18 * time.Hour), Running: true, Started: now, Finished: now.Add(-time.Hour), Passes: 3, Skipped: 2, Panics: 1},
		{Account: "default", Stream: "shares", Next: now.Add(time.Hour)},
		{Account: "default", Stream: "demo_usage"},
	}
}

func TestSchedulesAreShown(t *testing.T) {
	t.Parallel()
	got := mustScrape(t, newScene(t, someSchedules).url)
	for series, want := range map[string]float64{
		`wheelhouse_schedule_due_timestamp_seconds{stream="usage_new"}`:       float64(now.Unix() - 6*3600),
		`wheelhouse_schedule_next_timestamp_seconds{stream="usage_new"}`:      float64(now.Unix() + 18*3600),
		`wheelhouse_schedule_interval_seconds{stream="usage_new"}`:            24 * 3600,
		`wheelhouse_schedule_pass_running{stream="usage_new"}`:                1,
		`wheelhouse_schedule_last_pass_timestamp_seconds{stream="usage_new"}`: float64(now.Unix() - 3600),
		`wheelhouse_schedule_passes_total{stream="usage_new"}`:                3,
		`wheelhouse_schedule_skipped_total{stream="usage_new"}`:               2,
		`wheelhouse_schedule_panics_total{stream="usage_new"}`:                1,
		`wheelhouse_schedule_next_timestamp_seconds{stream="shares"}`:         float64(now.Unix() + 3600),
		`wheelhouse_schedule_passes_total{stream="demo_usage"}`:               0,
	} {
		if v := got.value(series); v != want {
			t.Errorf("%s = %v, want %v", series, v, want)
		}
	}
	for _, series := range []string{
		`wheelhouse_schedule_due_timestamp_seconds{stream="shares"}`, `wheelhouse_schedule_interval_seconds{stream="shares"}`,
		`wheelhouse_schedule_next_timestamp_seconds{stream="demo_usage"}`, `wheelhouse_schedule_last_pass_timestamp_seconds{stream="demo_usage"}`,
	} {
		if v, found := got.find(series); found {
			t.Errorf("%s = %v, but there is no such time", series, v)
		}
	}
}

// The ledger has five years of every stream, and each scrape reads it again.
func TestScrapeOfYearsIsFast(t *testing.T) { // not parallel: it measures time
	s := newScene(t, nil)
	s.account.HistoryFrom = first.AddDate(-5, 0, 0)
	s.exec("INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'test')")
	s.exec(`INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, requested_at, finished_at)
		SELECT 1, 'default', k.stream, tstzrange(d, d + interval '1 day'), 'loaded', true, d, d
		FROM generate_series($1::timestamptz, $2, interval '1 day') AS d
		CROSS JOIN wheelhouse.streams AS k`,
		s.account.HistoryFrom, now.Truncate(24*time.Hour).AddDate(0, 0, -1))
	s.exec("VACUUM ANALYZE wheelhouse.loads")
	best := time.Hour
	for range 7 {
		m := metrics.New("1.2.3")
		m.Attach(metrics.Sources{Warehouse: s.runner.Warehouse, Accounts: []*pipeline.Account{s.account}, Queue: s.runner.Queue, Now: s.runner.Now})
		url := serve(t, m)
		began := time.Now()
		got := mustScrape(t, url)
		best = min(best, time.Since(began))
		if gaps := got.value(`wheelhouse_ledger_gaps{stream="shares"}`); gaps != 0 {
			t.Errorf("%v days are missing", gaps)
		}
	}
	t.Logf("5 years of every stream: %v", best)
	if best > 3*time.Second { // 0.05 s on an idle machine; Prometheus waits for 10 s
		t.Errorf("a scrape takes %v", best)
	}
}

// promtool accepts the names and help texts.
func TestPromtoolAcceptsTheMetrics(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not on this machine (Debian: apt-get install prometheus)")
	}
	s := newScene(t, someSchedules)
	s.run(5, 5)
	cmd := exec.Command(program, "check", "metrics")
	cmd.Stdin = strings.NewReader(mustScrape(t, s.url).text)
	if output, err := cmd.CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("%v\n%s", err, output)
	}
}

const list = "../../docs/metrics.md"

// docs/metrics.md lists each metric.
func TestList(t *testing.T) {
	t.Parallel()
	s := newScene(t, someSchedules)
	rows := "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
	for _, row := range mustScrape(t, s.url).list() {
		rows += row + "\n"
	}
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), "<!-- metrics -->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !found || !ends {
		t.Fatalf("%s has no place for the list", list)
	}
	if want := before + "<!-- metrics -->\n" + rows + "<!-- end -->" + after; string(text) != want {
		if *update {
			err = os.WriteFile(list, []byte(want), 0o644)
		} else {
			err = fmt.Errorf("%s is not up to date: run go test ./internal/metrics -run TestList -update", list)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
