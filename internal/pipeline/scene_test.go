package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
)

// scene is an account in a warehouse that several scenes of a test share, with an API that the test controls.
type scene struct {
	*bench
	api *actor
}

// actor is an API that answers as the test wants, and counts requests.
type actor struct {
	answer atomic.Pointer[http.HandlerFunc]
	asked  atomic.Int32
}

func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	if r.Header.Get("Authorization") != "Basic "+testKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	(*a.answer.Load())(w, r)
}

// plays sets the handler of all requests from now on.
func (a *actor) plays(f http.HandlerFunc) { a.answer.Store(&f) }

// first sets a handler for the next n requests, and another for those after them.
func (a *actor) first(n int, f, after http.HandlerFunc) {
	until := a.asked.Load() + int32(n)
	a.plays(func(w http.ResponseWriter, r *http.Request) {
		if a.asked.Load() <= until {
			f(w, r)
			return
		}
		after(w, r)
	})
}

func newActorServer(t *testing.T, f http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

// scene makes a scene. cfg has the client's attempts and timeouts.
func (b *bench) scene(t *testing.T, account string, cfg extract.Config) scene {
	t.Helper()
	api := &actor{}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return scene{b.at(t, account, server.URL, cfg), api}
}

// at returns the bench with another account, at a server.
func (b *bench) at(t *testing.T, account, server string, cfg extract.Config) *bench {
	t.Helper()
	own := *b
	own.t = t
	own.account = mustAccount(t, server, b.now, func(a *settings.Account) { a.ID = account })
	cfg.Server, cfg.Key = server, testKey
	if cfg.Attempts == 0 {
		cfg.Attempts = 2
	}
	cfg.Backoff = time.Nanosecond
	client, err := extract.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	own.account.client.Close()
	own.account = newAccount(own.account.Account, client)
	t.Cleanup(client.Close)
	return &own
}

// says answers with a JSON body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

// rawly answers with raw bytes, and closes the connection.
func rawly(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = buf.WriteString(text)
		_ = buf.Flush()
		_ = conn.Close()
	}
}

// tuplesOfAccount returns each tuple of the account by table: its ctid, xmin and xmax, and its columns. Writing or locking a row
// changes it.
func (b *bench) tuplesOfAccount() map[string]string {
	b.t.Helper()
	var each []string
	for _, table := range testdb.Tables(b.t, b.url) {
		each = append(each, fmt.Sprintf(`SELECT '%[1]s', coalesce(string_agg(ctid::text || xmin::text || xmax::text || t::text, ',' ORDER BY ctid), '')
		                                 FROM crankwheel.%[1]s t WHERE account_id = $1`, table))
	}
	all := map[string]string{}
	for _, row := range b.rows(strings.Join(each, " UNION ALL "), b.account.ID) {
		all[row[0].(string)] = row[1].(string)
	}
	return all
}

// newestEntry returns what the ledger says about the account's newest load.
func (b *bench) newestEntry() string {
	b.t.Helper()
	return b.one(`SELECT status, rows_read, rows_rejected, attempts, coalesce(error, '') FROM wheelhouse.loads
	              WHERE account_id = $1 ORDER BY id DESC LIMIT 1`, b.account.ID)
}

// rehearsal is a stream with two answers of one record each. The second answer has the record changed.
type rehearsal struct{ path, before, after, table string }

var rehearsals = map[string]rehearsal{
	"demo_usage": {"demo_usage", `{"sessions":[{"id":1,"start_ts":"2026-03-10T09:00:00","seconds_to_respond":"never"}],"total_canceled_requests":0}`,
		`{"sessions":[{"id":1,"start_ts":"2026-03-10T09:00:00","seconds_to_respond":7}],"total_canceled_requests":1}`, "demo_requests"},
	"usage_new": {"usage_new", `{"sessions":[{"email":"a@x.com","start_date":"2026-03-10T09:00:00Z","end_date":"2026-03-10T09:01:00Z","duration":60}]}`,
		`{"sessions":[{"email":"a@x.com","start_date":"2026-03-10T09:00:00Z","end_date":"2026-03-10T09:01:00Z","duration":61}]}`, "screen_sessions"},
	"usage_shares": {"usage_shares", `{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":2}]}}`,
		`{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":3}]}}`, "share_usage_daily"},
	"shares": {sharesPath, `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`,
		`{"data":[{"slug":"s","visits":1,"segment":"new"}],"pagination":{"total":1}}`, "shares"},
	"share_details": {"share_details", `{"shares":[{"id":"s","created_at":"2026-03-10T09:00:00Z"}]}`,
		`{"shares":[{"id":"s","created_at":"2026-03-10T09:00:00Z","video_url":"new"}]}`, "share_details"},
	"user_access":     {"user_access", `[{"email":"a@x.com","privilege":"user"}]`, `[{"email":"a@x.com","privilege":"admin"}]`, "users"},
	"company_content": {contentPath, `[{"id":1,"name":"a"}]`, `[{"id":1,"name":"b"}]`, "contents"},
}
