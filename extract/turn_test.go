package extract_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wheelhouse/extract"
)

// The rows of the window that was asked for first come first, even if its answer comes later.
func TestAnEarlierWindowIsReadFirst(t *testing.T) {
	extract.DecodeOneAtATime(t)
	march := func(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
	older, newer := extract.Window{From: march(1), To: march(2)}, extract.Window{From: march(2), To: march(3)}
	const sessions = 20000 // many buffers
	olderAsked, newerBegun := make(chan struct{}), make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		from := newer.From
		if strings.Contains(r.URL.RawQuery, "2026-03-01") {
			from = older.From
			close(olderAsked)
			<-newerBegun
		}
		var all []string
		for i := range sessions {
			all = append(all, fmt.Sprintf(`{"user_email":"a@x.test","start_time":%q}`,
				from.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05Z")))
		}
		fmt.Fprintf(w, `{"sessions":[%s]}`, strings.Join(all, ","))
	}))
	defer api.Close()
	client, err := extract.New(extract.Config{Server: api.URL, Key: "k", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var rows []bool // whether each row was one of the older window
	ask := func(w extract.Window, begun func()) {
		_, err := client.UsageNew(context.Background(), w, extract.Sum{}, discard{}, func(extract.Record[extract.Session]) error {
			begun()
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, w == older)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	var both sync.WaitGroup
	both.Go(func() { ask(older, func() {}) })
	<-olderAsked
	both.Go(func() {
		ask(newer, sync.OnceFunc(func() {
			close(newerBegun)
			for !extract.OneWaitsForItsTurn() {
				time.Sleep(time.Millisecond)
			}
		}))
	})
	both.Wait()
	first := 0 // rows of the newer window before the last one of the older window
	for i, older := range rows {
		if older {
			first = i + 1 - sessions
		}
	}
	if len(rows) != 2*sessions || first == 0 || first > sessions/2 {
		t.Errorf("%d rows; %d of the newer window came before the end of the older one, want some, and few", len(rows), first)
	}
}
