package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

// Anybody who knows the slug of a share can watch its video.
const slug, brokenSlug = "canary-slug-5521", "canary-slug-9902"

// difficult is an API that asks the client to wait, fails, and then answers. Its answers quote what must not be logged. The first answer
// for demo_usage does not come until the second process has its answer, so the second process waits for the lease of the first.
type difficult struct {
	first, second atomic.Int64 // requests for demo_usage of 1 March, and of another day
	details       atomic.Int64 // requests for the share
	asked         chan struct{}
	once          sync.Once
	answered      chan struct{}
}

func (d *difficult) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	say := func(status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
	quote := `{"error":"` + key + ` may not read canaria@prospect.example of ` + slug + `"}`
	switch r.URL.Path {
	case "/ss/api/demo_usage":
		if strings.HasPrefix(r.URL.Query().Get("from"), "2026-03-01") {
			if d.first.Add(1) == 1 {
				close(d.asked)
				<-d.answered
			}
			say(200, `{"sessions":[],"total_canceled_requests":0}`)
			return
		}
		switch d.second.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "1")
			say(429, quote)
		case 2:
			say(503, quote)
		default:
			say(200, `{"sessions":[{"id":1,"start_ts":"2026-03-02T10:00:00",`+person+`}],"total_canceled_requests":0}`)
			d.once.Do(func() { close(d.answered) })
		}
	case "/ss/api/company_content/shares":
		share := `{"visits":1,"created_at":"2026-03-01T10:00:00Z","slug":"`
		say(200, `{"data":[`+share+slug+`"},`+share+brokenSlug+`"}],"pagination":{"page":1,"page_size":100,"total":2}}`)
	case "/ss/api/company_content/shares/" + slug:
		if d.details.Add(1) == 1 {
			say(502, quote)
			return
		}
		say(200, `{"slug":"`+slug+`","summary":{"total_visits":1,"total_plays":1,"cta_clicks":0},
			"sessions":[{"visit_id":"Canaria","visited_at":"2026-03-02T10:00:00Z","played":true,"cta_clicked":false}]}`)
	case "/ss/api/company_content/shares/" + brokenSlug:
		say(403, quote)
	default:
		say(404, quote)
	}
}

// refusesOnce fails the first transaction that writes a demo request. It counts with a sequence, because a sequence is not rolled back.
const refusesOnce = `CREATE SEQUENCE public.tries;
	CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF nextval('public.tries') = 1 THEN
			RAISE EXCEPTION 'canaria@prospect.example' USING ERRCODE = '40001', DETAIL = NEW.prospect_name;
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER refuse BEFORE INSERT ON crankwheel.demo_requests FOR EACH ROW EXECUTE FUNCTION public.refuse()`

// logLine is a line of the log at level debug.
type logLine struct {
	Level, Msg, Account, Stream    string
	Method, Path, From, To, Result string
	Reason, Outcome                string
	Status, Attempt                int
	Bytes                          int64
	Took, Wait, Waited             duration
}

type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// debugLines returns the lines of level debug, and requires that all lines are JSON.
func debugLines(t *testing.T, log string) (lines []logLine) {
	t.Helper()
	for text := range strings.Lines(log) {
		var l logLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if l.Level == "debug" {
			if l.Msg != "retry of a transaction" && (l.Account != "default" || l.Stream == "") {
				t.Errorf("a line without account or stream: %s", text)
			}
			lines = append(lines, l)
		}
	}
	return lines
}

// At level debug, the log has each request, each retry with its reason, and each wait with its end. It has nothing secret or personal. At
// level info, it has none of these lines.
func TestDebugLog(t *testing.T) {
	t.Parallel()
	api := &difficult{asked: make(chan struct{}), answered: make(chan struct{})}
	const demos, share = "/ss/api/demo_usage", "/ss/api/company_content/shares/…"
	dsn := testdb.New(t)
	mustExec(t, dsn, refusesOnce)
	l := &lab{t: t, api: api, dsn: withPassword(t, dsn), first: "2026-03-01", testTiming: testTiming{
		Now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC), Lease: 4 * time.Second, Backoff: 10 * time.Millisecond, Idle: 10 * time.Second}}
	l.settings = func(string) string {
		return "requests_per_second: 5\nstreams:\n  share_visits:\n    requests_per_second: 1000\n"
	}
	args := func(to string, more ...string) []string {
		return append([]string{"--from", "2026-03-01", "--to", to, "--log"}, more...)
	}

	silent := l.program(nil, append([]string{"backfill"}, args("2026-03-01", "json,info", "--streams", "demo_usage")...)...).start()
	<-api.asked
	p := l.program(nil, append([]string{"backfill"}, args("2026-03-02", "json,debug", "--streams", "demo_usage,share_visits")...)...).start()
	if code := p.wait(); code != exitIncomplete || !strings.Contains(p.output(), "load share_visits 2026-03-02: extract: GET "+share+": 403") {
		t.Fatalf("exit %d\n%s", code, p.output())
	}
	if code := silent.wait(); code != exitOK || len(debugLines(t, silent.errs.String())) > 0 {
		t.Errorf("exit %d\n%s", code, silent.output())
	}
	log := p.errs.String()
	for _, canary := range append(canaries, slug, brokenSlug) {
		if strings.Contains(p.output(), canary) {
			t.Errorf("the output shows %s:\n%s", canary, p.output())
		}
	}
	lines := debugLines(t, log)
	has := func(what string, is func(logLine) bool) {
		t.Helper()
		for _, line := range lines {
			if is(line) {
				return
			}
		}
		t.Errorf("%s is not in\n%s", what, log)
	}
	request := func(path string, attempt, status int, outcome string) {
		t.Helper()
		has(fmt.Sprintf("attempt %d at %s with status %d", attempt, path, status), func(l logLine) bool {
			return l.Msg == "request" && l.Method == "GET" && l.Path == path && l.Attempt == attempt && l.Status == status && l.Outcome == outcome &&
				l.Bytes > 0 && l.Took > 0 && l.From == "2026-03-02T00:00:00Z" && l.To == "2026-03-03T00:00:00Z"
		})
	}
	retry := func(path string, attempt int, reason string, atLeast time.Duration) {
		t.Helper()
		has(fmt.Sprintf("retry after attempt %d at %s", attempt, path), func(l logLine) bool {
			return l.Msg == "retry" && l.Path == path && l.Attempt == attempt && l.Reason == reason && l.From == "2026-03-02T00:00:00Z" &&
				l.Wait > duration(atLeast) && l.Wait < duration(atLeast+time.Second)
		})
	}
	request(demos, 1, 429, "throttled")
	retry(demos, 1, "throttled", 500*time.Millisecond)
	request(demos, 2, 503, "server_error")
	retry(demos, 2, "server_error", 0)
	request(demos, 3, 200, "ok")
	request("/ss/api/company_content/shares", 1, 200, "ok")
	has("the failed share", func(l logLine) bool {
		return l.Msg == "request" && l.Path == share && l.Status == 502 && l.Attempt == 1
	})
	has("the share", func(l logLine) bool { return l.Msg == "request" && l.Path == share && l.Status == 200 && l.Bytes > 0 })

	has("the failed transaction", func(l logLine) bool {
		return l.Msg == "retry of a transaction" && l.Attempt == 1 && strings.Contains(l.Reason, "40001") && l.Wait > 0
	})

	for reason, atLeast := range map[string]time.Duration{"rate limit": 10 * time.Millisecond, "Retry-After": 500 * time.Millisecond, "lease of another process": time.Second / 2} {
		begun, over := 0, 0
		longest := duration(0)
		for _, line := range lines {
			switch {
			case line.Msg == "wait" && line.Reason == reason:
				begun++
			case line.Msg == "wait is over" && line.Reason == reason:
				over++
				longest = max(longest, line.Waited)
			}
		}
		if begun == 0 || begun != over || longest < duration(atLeast) {
			t.Errorf("%s: %d waits, %d ends, the longest after %s:\n%s", reason, begun, over, time.Duration(longest), log)
		}
	}
	has("the end of the wait for a lease", func(l logLine) bool {
		return l.Msg == "wait is over" && l.Outcome == "loaded there" && l.Stream == "demo_usage" && l.From == "2026-03-01T00:00:00Z" && l.To == "2026-03-02T00:00:00Z"
	})

	verify := l.program(nil, append([]string{"verify"}, args("2026-03-02", "json,debug")...)...).start()
	verify.wait()
	if lines = debugLines(t, verify.errs.String()); len(lines) == 0 {
		t.Errorf("verify logs no request:\n%s", verify.output())
	}
}
