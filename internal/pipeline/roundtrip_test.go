package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// traveller loads answers into a warehouse, each as an account of its own.
type traveller struct {
	warehouse *load.Warehouse
	client    *extract.Client
	run       int64
	body      atomic.Pointer[string]
	trips     int
}

func newTraveller(t testing.TB) *traveller {
	t.Helper()
	v := &traveller{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := *v.body.Load()
		switch {
		case r.URL.Query().Get("view") == "soft_deleted":
			body = "[]"
		case r.URL.Query().Get("page") > "1":
			body = `{"data":[]}`
		case strings.HasSuffix(r.URL.Path, "/shares") && strings.Contains(body, `"content_runtime_ms":5,"sessions"`):
			body = `{"data":[{"slug":"s","visits":1}],"pagination":{"total":1}}`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	var err error
	if v.warehouse, err = load.Open(t.Context(), testdb.New(t), load.Options{Connections: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.warehouse.Close)
	if v.client, err = extract.New(extract.Config{Server: server.URL, Key: testKey, Attempts: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.client.Close)
	if v.run, err = v.warehouse.Ledger.StartRun(t.Context(), "run", "test", "test"); err != nil {
		t.Fatal(err)
	}
	return v
}

// goes loads records, and fails unless the warehouse has the rows that were made of them. It returns the number of rows.
func (v *traveller) goes(t testing.TB, to trip, records string) int {
	t.Helper()
	v.trips++
	account := fmt.Sprint("trip", v.trips)
	body := fmt.Sprintf(to.frame, records)
	v.body.Store(&body)
	win := ledger.Window{Account: account, Stream: to.stream.Stream, Day: someDay, From: someDay, To: someDay.AddDate(0, 0, 1)}
	b := load.NewBatch(win)
	defer b.Close()
	var came arrivals
	if to.fetch(t.Context(), v.client, b, &came) != nil {
		return 0 // not accepted
	}
	claim, err := claim(t.Context(), v.warehouse, v.run, win, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commit(t, v.warehouse, claim, b); err != nil {
		t.Fatalf("what was accepted does not go in: %v", err)
	}
	var want, wantChildren, keys []string
	for _, row := range came.rows {
		if row, ok := stored(row); ok {
			columns, children := cells(reflect.ValueOf(row))
			want, wantChildren = append(want, strings.Join(columns, " | ")), append(wantChildren, children...)
			keys = append(keys, columns[to.key])
		}
	}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != len(want) {
		return 0 // records of one key become one row
	}
	pool := v.warehouse.Pool()
	rows, err := pool.Query(t.Context(), to.sql+" WHERE account_id = $1", account)
	mustBeSame(t, "rows", want, back(t, rows, err))
	if to.children != "" {
		rows, err := pool.Query(t.Context(), to.children+" WHERE account_id = $1", account)
		mustBeSame(t, "children", wantChildren, back(t, rows, err))
	}
	rejects := map[string]string{}
	for _, r := range came.rejects {
		columns := []string{cell(nil), cell(nil)}
		if r.JSON != nil {
			columns[0] = meaning(string(r.JSON))
		} else {
			columns[1] = cell(r.Text)
		}
		rejects[string(r.Hash[:])] = strings.Join(columns, " | ")
	}
	var rejected []string
	for _, r := range rejects {
		rejected = append(rejected, r)
	}
	rows, err = pool.Query(t.Context(), "SELECT raw::text, raw_text FROM wheelhouse.rejects WHERE account_id = $1", account)
	mustBeSame(t, "rejects", rejected, back(t, rows, err))
	return len(want)
}

func mustBeSame(t testing.TB, what string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if len(want) != len(got) {
		t.Fatalf("%d %s went in, %d came back", len(want), what, len(got))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("%s: went in as\n%.2000s\nand came back as\n%.2000s", what, want[i], got[i])
		}
	}
}
