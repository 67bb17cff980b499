package extract_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"wheelhouse/extract"
)

const key = "resellerimpersonate-7-c4n4ry0key0f0the0account"

var day = extract.Window{
	From: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
	To:   time.Date(2024, 3, 2, 0, 0, 0, 0, time.UTC),
}

// recorded returns a recorded answer of the API, byte for byte.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// api is a server that keeps the requests it gets.
type api struct {
	URL string
	mu  sync.Mutex
	got []*http.Request
}

// serve starts a server. answer gets the number of the request, counted from 1.
func serve(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *api {
	t.Helper()
	a := &api{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.got = append(a.got, r.Clone(r.Context()))
		n := len(a.got)
		a.mu.Unlock()
		w.Header().Set("X-Request-Id", "req-"+strconv.Itoa(n))
		answer(n, w, r)
	}))
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

func (a *api) asked() []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.got
}

// queries returns the values of one parameter, request by request.
func (a *api) queries(name string) []string {
	var all []string
	for _, r := range a.asked() {
		all = append(all, r.URL.Query().Get(name))
	}
	return all
}

// always answers every request with one JSON body.
func always(body []byte) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { sendJSON(w, string(body)) }
}

func sendJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

// client returns a client with short timeouts and backoff.
func client(t *testing.T, server string, change ...func(*extract.Config)) *extract.Client {
	t.Helper()
	cfg := extract.Config{
		Server: server, Key: key, Attempts: 3, Backoff: time.Millisecond, UserAgent: "wheelhouse-test",
		FirstByte: 2 * time.Second, Idle: 2 * time.Second, Whole: 5 * time.Second,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := extract.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func attempts(n int) func(*extract.Config) { return func(c *extract.Config) { c.Attempts = n } }

// batch keeps the records that count after Begin and Commit.
type batch[T any] struct {
	kept, open []extract.Record[T]
	log        string // B for Begin, C for Commit, r for a row
}

func (b *batch[T]) Begin()  { b.open = nil; b.log += "B" }
func (b *batch[T]) Commit() { b.kept = append(b.kept, b.open...); b.open = nil; b.log += "C" }

func (b *batch[T]) row(rec extract.Record[T]) error {
	rec.Raw = bytes.Clone(rec.Raw)
	b.open = append(b.open, rec)
	b.log += "r"
	return nil
}

func gzipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body)
	_ = w.Close()
	return b.Bytes()
}

// raw writes text to the connection in place of an HTTP answer, and closes the connection.
func raw(w http.ResponseWriter, text string) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = buf.WriteString(text)
	_ = buf.Flush()
	_ = conn.Close()
}

// users asks for user_access, the simplest of the streams.
func users(t *testing.T, c *extract.Client) (*batch[extract.User], extract.Report, error) {
	t.Helper()
	out := &batch[extract.User]{}
	rep, err := c.UserAccess(t.Context(), out, out.row)
	return out, rep, err
}

// sessions asks for usage_new.
func sessions(t *testing.T, c *extract.Client, w extract.Window) (*batch[extract.Session], extract.Report, error) {
	t.Helper()
	out := &batch[extract.Session]{}
	rep, err := c.UsageNew(t.Context(), w, unknown, out, out.row)
	return out, rep, err
}

// shares asks for company_content/shares.
func shares(t *testing.T, c *extract.Client) (*batch[extract.Share], extract.Report, error) {
	t.Helper()
	out := &batch[extract.Share]{}
	rep, err := c.Shares(t.Context(), day, out, out.row)
	return out, rep, err
}

func mustInstant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
