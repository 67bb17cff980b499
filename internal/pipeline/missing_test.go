package pipeline

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// partial is an API for which some requests always fail.
type partial struct {
	http.Handler
	mu    sync.Mutex
	sick  func(*http.Request) bool
	asked int // requests since fails
}

func (p *partial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked++
	sick := p.sick != nil && p.sick(r)
	p.mu.Unlock()
	if sick {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.Handler.ServeHTTP(w, r)
}

// fails sets which requests fail from now on; nil: none.
func (p *partial) fails(sick func(*http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sick, p.asked = sick, 0
}

func (p *partial) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// ofDays selects requests for a view of the content library whose window overlaps one of some days.
func ofDays(view string, days ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		q := r.URL.Query()
		return r.URL.Path == "/ss/api/company_content" && q.Get("view") == view && slices.ContainsFunc(days, func(day string) bool {
			return q.Get("from")[:10] <= day && day < q.Get("to")[:10]
		})
	}
}

// ofLibrary selects all requests for the content library.
func ofLibrary(r *http.Request) bool { return r.URL.Path == "/ss/api/company_content" }

// ofShares selects requests for the details of shares.
func ofShares(slugs ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		slug, isDetail := strings.CutPrefix(r.URL.Path, "/ss/api/company_content/shares/")
		return isDetail && (len(slugs) == 0 || slices.Contains(slugs, slug))
	}
}

const contents = "SELECT content_id, name, view, deleted_at IS NOT NULL FROM crankwheel.contents ORDER BY 1"

// partialBench is a simulated account of 60 days whose API can fail for some requests.
func partialBench(t *testing.T) (*bench, *partial, *observer.ObservedLogs) {
	t.Helper()
	api := &partial{Handler: newSimulator(mayDay, 60, nil)}
	b := newBench(t, api, mayDay, nil)
	b.impatient(3)
	core, logs := observer.New(zap.InfoLevel)
	b.runner.Log = zap.New(core)
	return b, api, logs
}

// loadStatus returns the status of a stream.
func (b *bench) loadStatus(stream string) ledger.StreamStatus {
	b.t.Helper()
	all, err := b.runner.Warehouse.Status(b.t.Context(), b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s ledger.StreamStatus) bool { return s.Stream == stream })
	if i < 0 {
		b.t.Fatalf("status does not know %s", stream)
	}
	return all[i]
}

// A day of the content library that never answers fails alone: the rest loads, nothing is deleted, the load's error says what is
// missing, and the next run that gets the day repairs everything (invariant 6).
func TestDayOfContentsThatNeverAnswers(t *testing.T) {
	t.Parallel()
	b, api, logs := partialBench(t)
	nightly := b.account.Nightly(b.now)
	b.mustRun(nightly, "company_content")
	want := b.lines(contents)
	wantEvents := b.one("SELECT count(*) FROM crankwheel.content_events")
	const bad = "2026-04-08"
	ofBad := b.lines("SELECT content_id FROM crankwheel.contents WHERE recorded_at::date = $1 AND view = 'active'", date(bad))
	if len(ofBad) == 0 {
		t.Fatal("the day has no contents")
	}
	// Rows that the API does not have must be deleted, changed ones updated and missing ones inserted, but an incomplete load deletes
	// none.
	b.exec(`INSERT INTO crankwheel.contents SELECT (jsonb_populate_record(t, '{"content_id":99999999}')).* FROM crankwheel.contents t LIMIT 1`)
	b.exec(`INSERT INTO crankwheel.content_events SELECT (jsonb_populate_record(t, '{"content_id":99999997}')).* FROM crankwheel.content_events t LIMIT 1`)
	b.exec("DELETE FROM crankwheel.content_events WHERE content_id % 2 = 0")
	b.rows("DELETE FROM crankwheel.contents WHERE content_id % 2 = 0 AND recorded_at::date IS DISTINCT FROM $1", date(bad))
	b.rows("UPDATE crankwheel.contents SET name = 'x' WHERE content_id = ANY ($1::text[]::bigint[])", ofBad)

	api.fails(ofDays("active", bad))
	r := b.run(nightly, "company_content")
	if r.OK() || r.Loaded != 1 || r.Unreconciled != 1 || r.Failed != 0 {
		t.Errorf("%+v", r)
	}
	if n := api.requests(); n > 60 {
		t.Errorf("%d requests", n)
	}
	b.want("loaded|0|false|∅|unreconciled", `SELECT l.status, l.rows_deleted, l.reconciled, l.response_hash, r.outcome
		FROM wheelhouse.loads l JOIN wheelhouse.runs r ON r.id = l.run_id ORDER BY l.id DESC LIMIT 1`)
	missing := b.one("SELECT error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	if !strings.HasPrefix(missing, "could not be had: the view active of "+bad+": GET …: 500 Internal Server Error") {
		t.Errorf("the ledger says %s", missing)
	}
	if logged := logs.FilterMessage("window loaded, and parts of it are missing").All(); len(logged) != 1 || logged[0].ContextMap()["missing"] != missing {
		t.Errorf("the log says %v", logged)
	}
	b.want("0", "SELECT count(*) FROM crankwheel.contents WHERE deleted_at IS NOT NULL")
	b.want("1", "SELECT count(*) FROM crankwheel.content_events WHERE content_id = 99999997")
	b.want(fmt.Sprint(len(want)+1), "SELECT count(*) FROM crankwheel.contents")
	b.want(fmt.Sprint(len(ofBad)), "SELECT count(*) FROM crankwheel.contents WHERE name = 'x'")
	b.want("unreconciled|"+missing, "SELECT status, error FROM bi.coverage WHERE stream = 'company_content' AND day = $1", date("2026-05-01"))
	if s := b.loadStatus("company_content"); s.Unreconciled != 1 || s.Last.Error == nil || *s.Last.Error != missing {
		t.Errorf("status: %+v %+v", s, s.Last)
	}
	health, err := b.runner.Warehouse.Ledger.Health(t.Context(), b.now, time.Minute, b.account.Configured())
	if i := slices.IndexFunc(health, func(h ledger.Health) bool { return h.Stream == "company_content" }); err != nil || health[i].Unreconciled != 1 {
		t.Errorf("health: %+v %v", health, err)
	}

	// verify says what it could not compare, and does not report the rows of the missing day.
	v, found := b.verify(Range{First: date("2026-04-01"), Last: date("2026-04-02"), Now: b.now}, "company_content")
	if v.Equal() || v.Failed != 1 || v.NotLoaded != 0 || len(found) != 0 {
		t.Errorf("verify: %+v %v", v, found)
	}
	told := logs.FilterMessage("window failed").All()
	if len(told) != 1 || !strings.Contains(fmt.Sprint(told[0].ContextMap()["error"]), "could not be had: the view active of "+bad) {
		t.Errorf("verify says %v", told)
	}

	// A backfill asks again, too.
	backfill := Range{First: date("2026-04-01"), Last: date("2026-05-01"), Now: b.now}
	b.wantDue("company_content", backfill, "05-01:unreconciled")
	api.fails(nil)
	b.mustRun(backfill, "company_content")
	b.wantDue("company_content", backfill, "")
	stray := "SELECT deleted_at IS NOT NULL FROM crankwheel.contents WHERE content_id = 99999999"
	b.want("true", stray)
	b.exec("DELETE FROM crankwheel.contents WHERE content_id = 99999999")
	b.want(strings.Join(want, "\n"), contents)
	b.want(wantEvents, "SELECT count(*) FROM crankwheel.content_events")
	b.want("true|∅", "SELECT coalesce(reconciled, true), error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	if s := b.loadStatus("company_content"); s.Unreconciled != 0 {
		t.Errorf("status: %+v", s)
	}
}

// Several days of both views are found, each by itself. If too many requests fail one after another, or the API is down, the load
// fails after few requests, and nothing is written.
func TestContentsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	b, api, _ := partialBench(t)
	nightly := b.account.Nightly(b.now)
	api.fails(func(r *http.Request) bool {
		return ofDays("active", "2026-03-20", "2026-04-08")(r) || ofDays("soft_deleted", "2026-04-08")(r)
	})
	if r := b.run(nightly, "company_content"); r.Unreconciled != 1 || r.Failed != 0 {
		t.Errorf("%+v", r)
	}
	missing := b.one("SELECT error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	if !strings.Contains(missing, "the view active of 2026-03-20, 2026-04-08; the view soft_deleted of 2026-04-08: ") {
		t.Errorf("the ledger says %s", missing)
	}
	api.fails(nil)
	b.mustRun(nightly, "company_content")

	var month []string
	for day := date("2026-03-20"); len(month) < 31; day = day.AddDate(0, 0, 1) {
		month = append(month, day.Format(time.DateOnly))
	}
	for name, sick := range map[string]func(*http.Request) bool{"down": ofLibrary, "a month": ofDays("active", month...)} {
		api.fails(sick)
		b.mustWriteNothing(name, func() {
			if r := b.run(nightly, "company_content"); r.Failed != 1 || r.Loaded != 0 {
				t.Errorf("%s: %+v", name, r)
			}
		})
		if n := api.requests(); name == "down" && n != 13 || n > 80 {
			t.Errorf("%s: %d requests", name, n)
		}
		if said := b.one("SELECT status || error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1"); !strings.HasPrefix(said, "failedextract: 6 requests failed one after another: ") {
			t.Errorf("%s: the ledger says %s", name, said)
		}
	}
}

// A reject is not resolved by a load that is missing the day of its record.
func TestRejectsOfADayThatCannotBeHad(t *testing.T) {
	t.Parallel()
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	b.impatient(2)
	sick, entry := false, `{"name":"without an id"}`
	api.answer(contentPath, func(q url.Values) (int, string) {
		from, to := q.Get("from")[:10], q.Get("to")[:10]
		switch holds := from <= "2026-04-08" && "2026-04-08" < to && q.Get("view") == "active"; {
		case holds && sick:
			return 500, `{}`
		case holds:
			return 200, `[` + entry + `]`
		}
		return 200, `[]`
	})
	const open = "SELECT count(*) FILTER (WHERE resolved_at IS NULL), count(*) FROM wheelhouse.rejects"
	nightly := b.account.Nightly(b.now)
	b.mustRun(nightly, "company_content")
	b.want("1|1", open)
	sick = true
	if r := b.run(nightly, "company_content"); r.Unreconciled != 1 {
		t.Errorf("%+v", r)
	}
	b.want("1|1", open)
	sick, entry = false, `{"id":1}`
	b.mustRun(nightly, "company_content")
	b.want("0|1", open)
}

// visitedShares returns the shares with a loaded visit on a day.
func (b *bench) visitedShares(day string) []string {
	return b.lines("SELECT DISTINCT slug FROM crankwheel.share_visits WHERE visited_at::date = $1 AND deleted_at IS NULL ORDER BY slug", date(day))
}

// A share whose detail never answers fails alone: the visits of the others load, nothing of the day is deleted, and the next run
// that gets the detail repairs everything (invariant 6).
func TestShareThatNeverAnswers(t *testing.T) {
	t.Parallel()
	b, api, logs := partialBench(t)
	const day = "2026-04-08"
	b.mustRun(b.day(day), "share_visits")
	slugs := b.visitedShares(day)
	if len(slugs) < 3 {
		t.Fatalf("%d shares were visited", len(slugs))
	}
	sick, other := slugs[1], slugs[2]
	const visits = "SELECT slug, visit_id, visited_at, played, deleted_at IS NOT NULL FROM crankwheel.share_visits ORDER BY 1, 2"
	want := b.lines(visits)
	for _, slug := range []string{sick, other} {
		b.rows(`INSERT INTO crankwheel.share_visits SELECT (jsonb_populate_record(t, '{"visit_id":"stray"}')).* FROM crankwheel.share_visits t WHERE slug = $1 LIMIT 1`, slug)
	}
	b.rows("DELETE FROM crankwheel.share_visits WHERE slug = ANY ($1) AND visit_id <> 'stray'", []string{slugs[0], other})
	theirs := b.one("SELECT count(*) FROM crankwheel.share_visits WHERE slug = $1 AND deleted_at IS NULL", sick)

	forced := b.day(day)
	forced.Force = true
	api.fails(ofShares(sick))
	if r := b.run(forced, "share_visits"); r.Loaded != 1 || r.Unreconciled != 1 || r.Failed != 0 {
		t.Errorf("%+v", r)
	}
	b.want("0|1|0", "SELECT count(*) FILTER (WHERE deleted_at IS NOT NULL), count(*) FILTER (WHERE visit_id = 'stray' AND slug = $1), count(*) FILTER (WHERE slug = $2) FROM crankwheel.share_visits WHERE slug <> ALL ($3)",
		other, sick, []string{sick})
	b.want(theirs, "SELECT count(*) FROM crankwheel.share_visits WHERE slug = $1 AND deleted_at IS NULL", sick)
	b.want(fmt.Sprint(len(want)+2), "SELECT count(*) FROM crankwheel.share_visits")
	missing := b.one("SELECT error FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
	if !strings.HasPrefix(missing, fmt.Sprintf("could not be had: the visits of 1 of %d shares: GET …: 500", len(slugs))) {
		t.Errorf("the ledger says %s", missing)
	}
	b.want("unreconciled|"+missing, "SELECT status, error FROM bi.coverage WHERE stream = 'share_visits' AND day = $1", date(day))

	v, found := b.verify(b.day(day), "share_visits")
	if v.Equal() || v.Failed != 1 || len(found) != 0 {
		t.Errorf("verify: %+v %v", v, found)
	}
	for _, line := range logs.All() {
		if strings.Contains(fmt.Sprint(line.Message, line.ContextMap()), sick) {
			t.Errorf("the log names the share: %s %v", line.Message, line.ContextMap())
		}
	}

	for range 6 { // a missing share is asked for again in each run
		if r := b.run(b.day(day), "share_visits"); r.Windows != 1 || r.Unreconciled != 1 {
			t.Errorf("%+v", r)
		}
	}
	b.wantDue("share_visits", b.day(day), "04-08:unreconciled")
	api.fails(nil)
	b.mustRun(b.day(day), "share_visits")
	b.wantDue("share_visits", b.day(day), "")
	b.want("2", "SELECT count(*) FROM crankwheel.share_visits WHERE visit_id = 'stray' AND deleted_at IS NOT NULL")
	b.exec("DELETE FROM crankwheel.share_visits WHERE visit_id = 'stray'")
	b.want(strings.Join(want, "\n"), visits)
}

// If no detail can be had, the window fails after few requests, and nothing is written.
func TestSharesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	listed := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"slug":"s%d","visits":1}`, i))
		}
		return fmt.Sprintf(`{"data":[%s],"pagination":{"total":%d}}`, strings.Join(all, ","), n)
	}
	for _, tt := range []struct {
		shares   int // visited
		from     int // the first one that fails
		says     string
		requests int
	}{
		{20, 0, "extract: 6 requests failed one after another: ", 1 + 3 + 5*2},
		{20, 10, "extract: 6 requests failed one after another: ", 1 + 10 + 3 + 5*2},
		{3, 0, "extract: GET ", 1 + 3 + 2*2},
		{1, 0, "extract: GET ", 1 + 3},
	} {
		api := newCanned()
		api.say(sharesPath, listed(tt.shares))
		for i := range tt.shares {
			if i < tt.from {
				api.say(fmt.Sprintf("%s/s%d", sharesPath, i), `{"sessions":[{"visit_id":"v","visited_at":"2026-03-10T10:00:00Z"}]}`)
			} else {
				api.status(fmt.Sprintf("%s/s%d", sharesPath, i), 500, `{}`)
			}
		}
		b := newBench(t, api, mayDay, nil)
		b.impatient(3)
		if r := b.run(b.day("2026-03-10"), "share_visits"); r.Failed != 1 || r.Loaded != 0 {
			t.Errorf("%+v: %+v", tt, r)
		}
		b.want("0", "SELECT count(*) FROM crankwheel.share_visits")
		b.want("0", "SELECT count(*) FROM crankwheel.shares")
		if said := b.one("SELECT status || error FROM wheelhouse.loads"); !strings.HasPrefix(said, "failed"+tt.says) {
			t.Errorf("%+v: the ledger says %s", tt, said)
		}
		n := 0
		for _, asked := range api.requests() {
			n += asked
		}
		if n != tt.requests {
			t.Errorf("%+v: %d requests", tt, n)
		}
	}
}

// An incomplete load does not speak for rows that it does not have. An earlier answer of the window next to it may insert them.
func TestEarlierAnswerFillsWhatALaterOneLacks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		missing  string
		together bool
		visits   string
	}{
		"incomplete":                 {"some", false, "1"},
		"incomplete, one commit":     {"some", true, "1"},
		"is complete":                {"", false, "0"},
		"is complete, in one commit": {"", true, "0"},
	} {
		b := newBench(t, newCanned(), mayDay, nil)
		w := b.runner.Warehouse
		run := b.mustStart()
		batch := func(day time.Time) *load.Batch {
			batch := load.NewBatch(b.window(load.ShareVisits, day))
			t.Cleanup(batch.Close)
			batch.Begin()
			return batch
		}
		first := mustClaim(t, w, run, b.window(load.ShareVisits, someDay.AddDate(0, 0, 1)))
		next := mustClaim(t, w, run, b.window(load.ShareVisits, someDay))
		earlier := batch(someDay.AddDate(0, 0, 1))
		time.Sleep(100 * time.Millisecond) // the two claims' clocks agree to a round trip
		later := batch(someDay)
		if err := earlier.ShareVisit(transform.ShareVisit{Slug: "s", VisitID: "v", VisitedAt: someDay.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		earlier.Commit()
		later.Commit()
		later.Incomplete(tt.missing)
		loads := []load.Ready{{Claim: next, Batch: later}, {Claim: first, Batch: earlier}}
		var done []load.Committed
		if tt.together { // Commit loads them in the order of time, in whatever order they are given
			done = w.Commit(t.Context(), loads...)
		} else {
			done = append(w.Commit(t.Context(), loads[0]), w.Commit(t.Context(), loads[1])...)
		}
		for _, c := range done {
			if c.Err != nil {
				t.Fatal(c.Err)
			}
		}
		if got := b.one("SELECT count(*) FROM crankwheel.share_visits"); got != tt.visits {
			t.Errorf("the later one %s: %s visits, want %s", name, got, tt.visits)
		}
	}
}

// What a window lacks is asked for until it is had, also in shorter windows: the first of them says nothing of the others.
func TestPartsAreMissingFromALongerWindow(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say(sharesPath, `{"data":[{"slug":"well","visits":1},{"slug":"sick","visits":1}],"pagination":{"total":2}}`)
	sick := true
	for _, slug := range []string{"well", "sick"} {
		api.answer(sharesPath+"/"+slug, func(q url.Values) (int, string) {
			if slug == "sick" && sick {
				return 500, `{}`
			}
			var visits []string // one a day
			for day := date(q.Get("from")[:10]); day.Format(time.DateOnly) < q.Get("to")[:10]; day = day.AddDate(0, 0, 1) {
				visits = append(visits, fmt.Sprintf(`{"visit_id":"%s %s","visited_at":"%[2]sT09:00:00Z"}`, slug, day.Format(time.DateOnly)))
			}
			return 200, fmt.Sprintf(`{"content_runtime_ms":5,"sessions":[%s]}`, strings.Join(visits, ","))
		})
	}
	inWindowsOf := func(days int) func(*settings.Account) {
		return func(a *settings.Account) {
			for i := range a.Streams {
				if a.Streams[i].Name == "share_visits" {
					a.Streams[i].Window = days
				}
			}
		}
	}
	b := newBench(t, api, mayDay, inWindowsOf(3))
	b.impatient(1)
	all := Range{First: date("2026-03-08"), Last: date("2026-03-10"), Now: b.now}
	if r := b.run(all, "share_visits"); r.Loaded != 1 || r.Unreconciled != 1 {
		t.Fatalf("%+v", r)
	}
	b.account = mustAccount(t, b.account.Server, b.now, inWindowsOf(1))
	sick = false
	b.mustRun(b.day("2026-03-08"), "share_visits")
	b.wantDue("share_visits", all, "03-09:unreconciled") // both days as one
	if s := b.loadStatus("share_visits"); s.Unreconciled != 1 {
		t.Errorf("%d windows are not reconciled, says status", s.Unreconciled)
	}
	b.mustRun(all, "share_visits")
	b.wantDue("share_visits", all, "")
	b.want("6", "SELECT count(*) FROM crankwheel.share_visits")
	if s := b.loadStatus("share_visits"); s.Unreconciled != 0 {
		t.Errorf("%d windows are not reconciled, says status", s.Unreconciled)
	}
}
