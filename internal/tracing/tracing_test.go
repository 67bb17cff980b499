package tracing_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	osexec "os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap"

	"wheelhouse/extract"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/tracing"
	"wheelhouse/load"
)

// misled is an environment variable that makes this test binary only start tracing.
const misled = "WHEELHOUSE_TEST_MISLED"

func TestMain(m *testing.M) {
	if os.Getenv(misled) == "" {
		testdb.Main(m)
	}
	traces, err := tracing.Start(context.Background(), "1", zap.NewExample())
	fmt.Println(traces != nil, err)
	os.Exit(0)
}

// OpenTelemetry logs errors about variables, possibly before Start. The program's output never shows the values.
func TestVariablesAreNotQuoted(t *testing.T) {
	for _, wrong := range []string{
		"OTEL_EXPORTER_OTLP_HEADERS=Authorization: Bearer canary", "OTEL_EXPORTER_OTLP_HEADERS=a key canary=x",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://who:canary@receiver.example:port", "OTEL_EXPORTER_OTLP_TIMEOUT=canary",
	} {
		program := osexec.Command(os.Args[0])
		program.Env = append(os.Environ(), misled+"=1", "OTEL_TRACES_EXPORTER=otlp", wrong)
		output, err := program.CombinedOutput()
		if err != nil || bytes.Contains(output, []byte("canary")) || !bytes.Contains(output, []byte("OTEL_")) {
			t.Errorf("%s: %v %s", wrong, err, output)
		}
	}
}

const canaryKey = "canary-key-of-the-traces"

var now = time.Date(2026, 3, 5, 15, 0, 0, 0, time.UTC)

// Each window is a trace with its requests and its transaction, without secrets even if something fails.
func TestEachWindowIsATrace(t *testing.T) {
	r := &receiver{names: map[string]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_SERVICE_NAME", "nightly")
	traces, err := tracing.Start(t.Context(), "1.2.3", zap.NewNop())
	if err != nil || traces == nil {
		t.Fatal(traces, err)
	}
	dsn, canaries := testdb.New(t), []string{canaryKey, "Basic "}
	sim := simulator.New(simulator.Options{Seed: 3, Agents: 5, APIKey: canaryKey, From: now.AddDate(0, 0, -3), Until: now, Now: func() time.Time { return now }, Density: 3})
	var headers sync.Map
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			headers.Store(name, true)
		}
		if strings.HasSuffix(r.URL.Path, "/usage_shares") { // Postgres's error quotes a value
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"stats":{"by_user":[{"email":"canary@prospect.example","shares_count":2000000000,"plays_count":1}]}}`)
			return
		}
		if strings.Contains(r.URL.Path, "/company_content/shares/") { // the error quotes the path
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/share_details") { // net/http's error quotes the address
			panic(http.ErrAbortHandler)
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	exec(t, dsn, `CREATE FUNCTION crankwheel.refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN RAISE EXCEPTION 'no % here', NEW.agent_email; END$$;
		CREATE TRIGGER refuse BEFORE INSERT ON crankwheel.share_usage_daily FOR EACH ROW EXECUTE FUNCTION crankwheel.refuse()`)
	loadAll(t, dsn, api.URL, traces)
	traces.Stop()

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names["service.name"] != "nightly" || r.names["service.version"] != "1.2.3" || r.names["host.name"] != "" {
		t.Errorf("resource %v", r.names)
	}
	r.check(t, dsn)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if password, has := u.User.Password(); has {
		canaries = append(canaries, password)
	}
	for _, secret := range append(canaries, u.Host, strings.Trim(u.Path, "/"), "canary", "?from", "from=", "DETAIL") {
		if at := bytes.Index(r.bytes.Bytes(), []byte(secret)); at >= 0 {
			t.Errorf("%q is in the traces: …%q…", secret, r.bytes.Bytes()[max(0, at-80):min(r.bytes.Len(), at+80)])
		}
	}
	for _, datum := range column(t, dsn, "SELECT slug FROM crankwheel.shares UNION SELECT email FROM crankwheel.users UNION SELECT prospect_email FROM crankwheel.demo_requests WHERE prospect_email IS NOT NULL") {
		if bytes.Contains(r.bytes.Bytes(), []byte(datum)) {
			t.Errorf("%s is in the traces", datum)
		}
	}
	if _, sent := headers.Load("Traceparent"); sent {
		t.Error("the API gets the id of the trace")
	}
}

// check compares the spans with the windows in the ledger.
func (r *receiver) check(t *testing.T, dsn string) {
	t.Helper()
	windows, requests := 0, 0
	for _, s := range r.spans {
		stream, is := strings.CutPrefix(s.Name, "load ")
		if !is || held(s) { // its lease was released: it is not in the ledger
			continue
		}
		windows++
		if len(s.ParentSpanId) > 0 || attribute(s, "wheelhouse.account") != "default" || attribute(s, "wheelhouse.stream") != stream || attribute(s, "wheelhouse.from") == "" {
			t.Errorf("%s: %v", s.Name, s.Attributes)
		}
		commits := 0
		for _, child := range r.below(s) {
			if child.StartTimeUnixNano < s.StartTimeUnixNano || child.EndTimeUnixNano > s.EndTimeUnixNano {
				t.Errorf("%s: %s is not within", s.Name, child.Name)
			}
			switch {
			case strings.HasPrefix(child.Name, "GET /ss/api/"):
				requests++
			case child.Name == "commit":
				commits++
			}
		}
		unanswered := stream == "share_visits" || stream == "share_details"
		failed := s.Status.GetCode() == spans.Status_STATUS_CODE_ERROR
		if (commits < 1) != unanswered || failed != (unanswered || stream == "usage_shares") || failed && !strings.HasPrefix(s.Status.GetMessage(), "load "+stream) {
			t.Errorf("%s: %d transactions, %v", s.Name, commits, s.Status)
		}
	}
	statements := 0
	for _, s := range r.spans {
		if s.Name == "commit" {
			statements += len(r.below(s))
		}
		if len(s.ParentSpanId) == 0 && !strings.HasPrefix(s.Name, "load ") {
			t.Errorf("%s is a trace of its own", s.Name)
		}
	}
	want := column(t, dsn, "SELECT count(*)::text FROM wheelhouse.loads UNION ALL SELECT sum(attempts)::text FROM wheelhouse.loads")
	if want[0] != strconv.Itoa(windows) || want[1] != strconv.Itoa(requests) || statements < windows {
		t.Errorf("%d windows, %d requests and %d statements; the ledger has %v", windows, requests, statements, want)
	}
}

func loadAll(t *testing.T, dsn, api string, traces *tracing.Tracing) {
	t.Helper()
	warehouse, err := load.Open(t.Context(), dsn, load.Options{Tracer: traces.Database()})
	if err != nil {
		t.Fatal(err)
	}
	defer warehouse.Close()
	env := map[string]string{"CRANKWHEEL_URL": api, "CRANKWHEEL_API_KEY": canaryKey, "DATABASE_URL": "postgres://localhost/x"}
	s, err := settings.Load(settings.Options{Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok }, BuiltIn: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Accounts[0].Unlimited()
	account, err := pipeline.OpenWith(s.Accounts[0], extract.Config{Backoff: time.Millisecond, Transport: traces.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	r := pipeline.Runner{Warehouse: warehouse, Log: zap.NewNop(), Version: "test", Host: "test", Now: func() time.Time { return now }}
	days := pipeline.Range{First: now.AddDate(0, 0, -2).Truncate(24 * time.Hour), Last: now.Truncate(24 * time.Hour), Now: now}
	if _, err := r.Run(t.Context(), "run", []*pipeline.Account{account}, nil, func(*pipeline.Account) pipeline.Range { return days }); err != nil {
		t.Fatal(err)
	}
}

// Tracing is off unless it is asked for. Unsupported exporters and protocols are refused.
func TestTracingIsOffUnlessAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		wanted bool
		wrong  string
	}{
		"nothing":          {nil, false, ""},
		"an endpoint":      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		"its own endpoint": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		"an exporter":      {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"none":             {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false, ""},
		"switched off":     {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false, ""},
		"another exporter": {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		"another protocol": {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_EXPORTER": "otlp"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			wanted, err := tracing.Wanted()
			if wanted != c.wanted || (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v %v", wanted, err)
			}
			if c.wanted {
				return
			}
			before := otel.GetTracerProvider()
			if traces, err := tracing.Start(t.Context(), "1", zap.NewNop()); traces != nil || (err != nil) != (c.wrong != "") || otel.GetTracerProvider() != before ||
				traces.Transport() != nil || traces.Database() != nil {
				t.Errorf("off, and there is %v %v", traces, err)
			}
		})
	}
}

// Stop does not wait long for a receiver that does not answer.
func TestStopIsLimited(t *testing.T) {
	over := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(over) })
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", hangs.URL)
	traces, err := tracing.Start(t.Context(), "1", zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "one")
	span.End()
	began := time.Now()
	if traces.Stop(); time.Since(began) > 6*time.Second {
		t.Errorf("it took %s", time.Since(began))
	}
}

func exec(t *testing.T, dsn, sql string) { column(t, dsn, sql) }

// column reads a query's only column.
func column(t *testing.T, dsn, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if !strings.HasPrefix(sql, "SELECT") {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
