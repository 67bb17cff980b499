package metrics_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/zap"

	"wheelhouse/extract"
	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var goVersion = runtime.Version()

const canaryKey = "canary-key-of-the-metrics"

// first is the first day of every history in these tests; now is in the afternoon, five days later.
var (
	first = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	now   = first.AddDate(0, 0, 5).Add(15 * time.Hour)
)

// scene is an account, an API that tests can change, a warehouse, and served metrics.
type scene struct {
	t       *testing.T
	dsn     string
	api     http.Handler
	meddle  atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // returns whether it has answered
	account *pipeline.Account
	runner  *pipeline.Runner
	metrics *metrics.Metrics
	url     string
}

func newScene(t *testing.T, schedules func() []scheduler.State) *scene {
	t.Helper()
	s := &scene{t: t, dsn: testdb.New(t), metrics: metrics.New("1.2.3")}
	s.answers(func(http.ResponseWriter, *http.Request) bool { return false })
	s.api = simulator.New(simulator.Options{Seed: 3, Agents: 5, APIKey: canaryKey, From: first, Until: now, Now: func() time.Time { return now }, Density: 3})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !(*s.meddle.Load())(w, r) {
			s.api.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(api.Close)
	warehouse, err := load.Open(t.Context(), s.dsn, load.Options{Connections: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(warehouse.Close)
	s.account = mustAccount(t, api.URL)
	s.runner = &pipeline.Runner{
		Warehouse: warehouse, Log: zap.NewNop(), Version: "test", Host: "test", Now: func() time.Time { return now },
		Observe: s.metrics, Queue: &pipeline.Queue{},
	}
	s.metrics.Attach(metrics.Sources{Warehouse: warehouse, Accounts: []*pipeline.Account{s.account}, Queue: s.runner.Queue, Schedules: schedules, Now: s.runner.Now})
	s.url = serve(t, s.metrics)
	return s
}

func serve(t *testing.T, m *metrics.Metrics) (url string) {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

func mustAccount(t *testing.T, api string) *pipeline.Account {
	t.Helper()
	env := map[string]string{
		"CRANKWHEEL_URL": api, "CRANKWHEEL_API_KEY": canaryKey, "DATABASE_URL": "postgres://localhost/x", "WHEELHOUSE_HISTORY_FROM": first.Format(time.DateOnly),
	}
	known, err := settings.Load(settings.Options{
		Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
		Now:    func() time.Time { return now }, BuiltIn: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	a := known.Accounts[0]
	a.Unlimited()
	account, err := pipeline.OpenWith(a, extract.Config{Backoff: time.Millisecond, Attempts: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Close)
	return account
}

// answers sets a handler that may answer in place of the simulated API.
func (s *scene) answers(f func(http.ResponseWriter, *http.Request) bool) { s.meddle.Store(&f) }

// run loads days, both included. Day 0 is the first day of the history.
func (s *scene) run(from, to int) {
	s.t.Helper()
	s.load(pipeline.Range{First: first.AddDate(0, 0, from), Last: first.AddDate(0, 0, to), Now: now})
}

// force is run that loads windows again.
func (s *scene) force(from, to int) {
	s.t.Helper()
	s.load(pipeline.Range{First: first.AddDate(0, 0, from), Last: first.AddDate(0, 0, to), Now: now, Force: true})
}

func (s *scene) load(r pipeline.Range) {
	s.t.Helper()
	if _, err := s.runner.Run(s.t.Context(), "run", []*pipeline.Account{s.account}, nil, func(*pipeline.Account) pipeline.Range { return r }); err != nil {
		s.t.Fatal(err)
	}
}

// fresh serves new metrics of the same warehouse, which have not read the ledger yet.
func (s *scene) fresh() scrape {
	s.t.Helper()
	m := metrics.New("1.2.3")
	m.Attach(metrics.Sources{Warehouse: s.runner.Warehouse, Accounts: []*pipeline.Account{s.account}, Queue: s.runner.Queue, Now: s.runner.Now})
	return mustScrape(s.t, serve(s.t, m))
}

func (s *scene) exec(sql string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// scrape is a response, as text and parsed.
type scrape struct {
	t        *testing.T
	text     string
	families map[string]*dto.MetricFamily
}

func mustScrape(t *testing.T, url string) scrape {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %v\n%s", response.Status, err, text)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return scrape{t, string(text), families}
}

// pair is a label as text: name="value".
var pair = regexp.MustCompile(`(\w+)="([^"]*)"`)

// value is the value of a series. The series is written as in a query, with all labels but the account.
func (s scrape) value(series string) float64 {
	s.t.Helper()
	if v, found := s.find(series); found {
		return v
	}
	s.t.Errorf("no series %s", series)
	return -1
}

func (s scrape) find(series string) (float64, bool) {
	name, _, _ := strings.Cut(series, "{")
	want := map[string]string{}
	for _, p := range pair.FindAllStringSubmatch(series, -1) {
		want[p[1]] = p[2]
	}
	for _, m := range s.families[name].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			if l.GetName() != "account" {
				labels[l.GetName()] = l.GetValue()
			}
		}
		if maps.Equal(labels, want) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()), true
		}
	}
	return 0, false
}

var update = flag.Bool("update", false, "write docs/metrics.md anew")

// list has a row of a Markdown table for each metric of Wheelhouse.
func (s scrape) list() (rows []string) {
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		if !strings.HasPrefix(name, "wheelhouse_") {
			continue
		}
		family := s.families[name]
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", name, strings.ToLower(family.GetType().String()), strings.Join(labels, ", "), family.GetHelp()))
	}
	return rows
}

// locked locks a table until unlock is called.
func (s *scene) locked(table string) (unlock func()) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err = conn.Exec(s.t.Context(), "BEGIN; LOCK TABLE "+table); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(s.t.Context(), "ROLLBACK"); err != nil {
			s.t.Error(err)
		}
	}
}
