package transform_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// The tests get their records as JSON through the client, never as structs that they fill in themselves.

var (
	answer atomic.Pointer[[]byte] // what the server answers; so tests of this package must not run in parallel
	listed atomic.Pointer[[]byte] // if not nil: what the server answers for the list of shares
	api    *extract.Client
)

func TestMain(m *testing.M) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("view") == "soft_deleted" {
			_, _ = w.Write([]byte("[]"))
			return
		}
		if list := listed.Load(); list != nil && r.URL.Path == "/ss/api/company_content/shares" {
			_, _ = w.Write(*list)
			return
		}
		_, _ = w.Write(*answer.Load())
	}))
	c, err := extract.New(extract.Config{Server: server.URL, Key: "k", Attempts: 1, Backoff: 1})
	if err != nil {
		panic(err)
	}
	api = c
	code := m.Run()
	c.Close()
	server.Close()
	os.Exit(code)
}

var window = extract.Window{
	From: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
	To:   time.Date(2024, 3, 1, 1, 0, 0, 0, time.UTC), // too short to be asked for in halves
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "extract", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// result is what a record was normalised to.
type result[R any] struct {
	Row     R
	OK      bool
	Rejects []transform.Reject
}

// taken returns a row callback that normalises each record and collects the results.
func taken[E, R any](results *[]result[R], normalise func(extract.Record[E]) (R, bool, []transform.Reject)) func(extract.Record[E]) error {
	return func(rec extract.Record[E]) error {
		row, ok, rejects := normalise(rec)
		*results = append(*results, result[R]{row, ok, slices.Clone(rejects)})
		return nil
	}
}

// rowsOf makes the server answer with body, and returns what ask collects.
func rowsOf[R any](body []byte, ask func(context.Context, *[]result[R]) error) ([]result[R], error) {
	body = bytes.Clone(body)
	answer.Store(&body)
	var all []result[R]
	err := ask(context.Background(), &all)
	return all, err
}

func demoRows(body []byte) ([]result[transform.DemoRequest], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.DemoRequest]) error {
		_, _, err := api.DemoUsage(ctx, window, discard{}, taken(all, transform.DemoUsage))
		return err
	})
}

func sessionRows(body []byte) ([]result[transform.ScreenSession], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.ScreenSession]) error {
		_, err := api.UsageNew(ctx, window, extract.Sum{}, discard{}, taken(all, transform.UsageNew))
		return err
	})
}

func usageRows(body []byte) ([]result[transform.ShareUsage], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.ShareUsage]) error {
		_, err := api.UsageShares(ctx, window, discard{}, taken(all, transform.UsageShares))
		return err
	})
}

func shareRows(body []byte) ([]result[transform.Share], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.Share]) error {
		_, err := api.Shares(ctx, window, discard{}, taken(all, transform.Shares))
		return err
	})
}

func detailRows(body []byte) ([]result[transform.ShareDetail], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.ShareDetail]) error {
		_, err := api.ShareDetails(ctx, window, discard{}, taken(all, transform.ShareDetails))
		return err
	})
}

func userRows(body []byte) ([]result[transform.User], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.User]) error {
		_, err := api.UserAccess(ctx, discard{}, taken(all, transform.UserAccess))
		return err
	})
}

func contentRows(body []byte) ([]result[transform.Content], error) {
	return rowsOf(body, func(ctx context.Context, all *[]result[transform.Content]) error {
		_, err := api.CompanyContent(ctx, window, discard{}, taken(all, transform.CompanyContent))
		return err
	})
}

// visitsOf asks for the visits of the shares in list, and also returns the shares.
func visitsOf(list, detail []byte) (all []result[transform.ShareVisit], shares []transform.Share, err error) {
	listed.Store(&list)
	defer listed.Store(nil)
	all, err = rowsOf(detail, func(ctx context.Context, all *[]result[transform.ShareVisit]) error {
		_, err := api.ShareVisits(ctx, window, discard{}, taken(all, transform.ShareVisits), func(s extract.WatchedShare) error {
			if row, ok, _ := transform.WatchedShare(s); ok {
				shares = append(shares, row)
			}
			return nil
		})
		return err
	})
	return all, shares, err
}

func visitRows(t testing.TB, detail []byte) ([]result[transform.ShareVisit], []transform.Share) {
	t.Helper()
	all, shares, err := visitsOf(recorded(t, "company_content.shares"), detail)
	if err != nil {
		t.Fatal(err)
	}
	return all, shares
}

// only returns the result of the one record in an answer.
func only[R any](t testing.TB, ask func([]byte) ([]result[R], error), body string) result[R] {
	t.Helper()
	all, err := ask([]byte(body))
	if err != nil || len(all) != 1 {
		t.Fatalf("%.200s: %d records, %v", body, len(all), err)
	}
	return all[0]
}

// Answers with one record each. The record has the members that its row needs, and then more.
func demo(more string) string {
	return `{"sessions":[{"id":7,"start_ts":"2024-03-01T10:00:00"` + comma(more) + `}]}`
}

func session(more string) string {
	return `{"sessions":[{"email":"a@b.is","start_date":"2024-03-01T10:00:00Z"` + comma(more) + `}]}`
}

func share(more string) string {
	return `{"data":[{"slug":"s"` + comma(more) + `}],"pagination":{"total":1}}`
}

func detail(more string) string {
	return `{"shares":[{"id":"s","created_at":"2024-03-01T10:00:00Z"` + comma(more) + `}]}`
}

func usage(more string) string {
	return `{"stats":{"by_user":[{"email":"a@b.is","shares_count":1,"plays_count":2` + comma(more) + `}]}}`
}

func visit(more string) string {
	return `{"sessions":[{"visit_id":"v","visited_at":"2024-03-01T10:00:00Z"` + comma(more) + `}]}`
}

func user(more string) string    { return `[{"email":"a@b.is"` + comma(more) + `}]` }
func content(more string) string { return `[{"id":7` + comma(more) + `}]` }

func comma(more string) string {
	if more == "" {
		return ""
	}
	return "," + more
}
