package web

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/net/html"

	"wheelhouse/extract"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const testKey = "literal-key"

// warehouse is a warehouse into which an account was loaded.
type warehouse struct {
	t       *testing.T
	dsn     string
	account settings.Account
	runner  *pipeline.Runner
	opened  *pipeline.Account
	now     time.Time
}

// mustLoad makes a warehouse and loads some days of a simulated account in a zone.
func mustLoad(t *testing.T, days int, zone string) *warehouse {
	t.Helper()
	now := time.Now().UTC()
	first := now.AddDate(0, 0, -days).Truncate(24 * time.Hour)
	api := httptest.NewServer(simulator.New(simulator.Options{
		Seed: 5, Agents: 6, APIKey: testKey, From: first, Until: now, Now: func() time.Time { return now }}))
	t.Cleanup(api.Close)
	w := &warehouse{t: t, dsn: testdb.New(t), now: now}
	w.load(api.URL, zone, first.Format(time.DateOnly))
	return w
}

// load opens an account of an API, and loads it from a day on.
func (w *warehouse) load(api, zone, from string) {
	w.t.Helper()
	env := map[string]string{"CRANKWHEEL_URL": api, "CRANKWHEEL_API_KEY": testKey, "DATABASE_URL": w.dsn, "WHEELHOUSE_TIMEZONE": zone,
		"WHEELHOUSE_HISTORY_FROM": from}
	s, err := settings.Load(settings.Options{BuiltIn: true, Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.account = s.Accounts[0]
	w.account.Unlimited()
	if w.opened, err = pipeline.OpenWith(w.account, extract.Config{Backoff: time.Millisecond}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.opened.Close)
	warehouse, err := load.Open(w.t.Context(), w.dsn, load.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(warehouse.Close)
	w.runner = &pipeline.Runner{Warehouse: warehouse, Log: zap.NewNop(), Version: "test", Host: "here", Now: func() time.Time { return w.now }}
	w.pass()
}

// pass loads what is missing.
func (w *warehouse) pass() {
	w.t.Helper()
	result, err := w.runner.Run(w.t.Context(), "run", []*pipeline.Account{w.opened}, nil, func(a *pipeline.Account) pipeline.Range { return a.Nightly(w.now) })
	if err != nil || !result.OK() {
		w.t.Fatalf("%+v, %v", result, err)
	}
}

// exec changes the warehouse behind the back of the program.
func (w *warehouse) exec(sql string, args ...any) {
	w.t.Helper()
	mustExec(w.t, w.dsn, sql, args...)
}

func mustExec(t *testing.T, dsn, sql string, args ...any) {
	t.Helper()
	conn := dial(t, dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

func dial(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// sql reads one value, as text.
func (w *warehouse) sql(query string, args ...any) string {
	w.t.Helper()
	conn := dial(w.t, w.dsn)
	defer conn.Close(context.Background())
	var s *string
	if err := conn.QueryRow(w.t.Context(), "SELECT ("+query+")::text", args...).Scan(&s); err != nil {
		w.t.Fatalf("%v\n%s", err, query)
	}
	if s == nil {
		return ""
	}
	return *s
}

// visitor is an HTTP client of the pages.
type visitor struct {
	t      *testing.T
	url    string
	header http.Header
	host   string // "": the server's
	logs   *observer.ObservedLogs
}

// visit serves the pages of a warehouse.
func visit(t *testing.T, dsn string, change func(*Options)) *visitor {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	o := Options{Database: dsn, Listen: "127.0.0.1:0", Log: zap.New(core)}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return &visitor{t: t, url: server.URL, header: http.Header{"Accept": {"text/html"}}, logs: logs}
}

// get requests an address, and fails unless the response has the status.
func (v *visitor) get(status int, path string) (body string, header http.Header) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = v.header.Clone()
	r.Host = v.host
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if response.StatusCode != status {
		v.t.Fatalf("%s: %s, want %d\n%.2000s\n%v", path, response.Status, status, data, v.logs.All())
	}
	return string(data), response.Header
}

// page gets a page, and checks that it is well-formed and accessible.
func (v *visitor) page(path string) *html.Node {
	v.t.Helper()
	body, _ := v.get(http.StatusOK, path)
	return wellFormed(v.t, path, body)
}

// csv gets a table of a page as CSV.
func (v *visitor) csv(path string) [][]string {
	v.t.Helper()
	body, header := v.get(http.StatusOK, path)
	if !strings.HasPrefix(header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment;") {
		v.t.Errorf("%s: %v", path, header)
	}
	all, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		v.t.Fatal(err)
	}
	return all
}
