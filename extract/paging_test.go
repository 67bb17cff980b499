package extract_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// library is a server's list of shares, and how the server sends it.
type library struct {
	slugs    []string
	pageMax  int  // the largest page that the server sends
	byAsked  bool // offsets count in pages of the size asked for, not of the size sent
	noTotal  bool
	extra    int                     // the total is larger than the list by this number
	onPage   int                     // if not 0: sends this page whatever is asked for
	lastOver bool                    // sends the last page also for later ones
	between  func(l *library, n int) // runs before request n
}

func shareNames(n int) (slugs []string) {
	for i := range n {
		slugs = append(slugs, fmt.Sprintf("s%03d", i))
	}
	return slugs
}

func (l *library) answer(n int, w http.ResponseWriter, r *http.Request) {
	if l.between != nil {
		l.between(l, n)
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	asked, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
	if l.onPage > 0 {
		page = l.onPage
	}
	size := min(asked, l.pageMax)
	step := size
	if l.byAsked {
		step = asked
	}
	if l.lastOver {
		page = min(page, (len(l.slugs)+step-1)/step)
	}
	from := min((page-1)*step, len(l.slugs))
	rows := []string{}
	for _, slug := range l.slugs[from:min(from+size, len(l.slugs))] {
		rows = append(rows, fmt.Sprintf(`{"slug":%q,"visits":1}`, slug))
	}
	total := fmt.Sprintf(`,"total":%d`, len(l.slugs)+l.extra)
	if l.noTotal {
		total = ""
	}
	sendJSON(w, fmt.Sprintf(`{"data":[%s],"pagination":{"page":%d,"page_size":%d%s}}`, strings.Join(rows, ","), page, size, total))
}

func slugsOf(recs []extract.Record[extract.Share]) (all []string) {
	for _, rec := range recs {
		all = append(all, rec.Value.Slug.V)
	}
	return all
}

func TestPaging(t *testing.T) {
	for _, byAsked := range []bool{false, true} {
		for _, noTotal := range []bool{false, true} {
			for _, c := range []struct{ rows, pageMax int }{{0, 100}, {1, 100}, {99, 100}, {100, 100}, {101, 100}, {250, 100}, {24, 25}, {25, 25}, {26, 25}, {130, 25}, {7, 1}} {
				t.Run(fmt.Sprintf("%d rows by %d, by asked %v, no total %v", c.rows, c.pageMax, byAsked, noTotal), func(t *testing.T) {
					l := &library{slugs: shareNames(c.rows), pageMax: c.pageMax, byAsked: byAsked, noTotal: noTotal}
					out, rep, err := shares(t, client(t, serve(t, l.answer).URL))
					if err != nil || !slices.Equal(slugsOf(out.kept), l.slugs) {
						t.Fatalf("%d rows: %v", len(out.kept), err)
					}
					if rep.Reconciled.Valid == noTotal || rep.Reconciled.V == noTotal || !noTotal && rep.SourceCount.V != int64(c.rows) {
						t.Errorf("%+v", rep)
					}
					if strings.Count(out.log, "C") != 1 || !strings.HasSuffix(out.log, "C") {
						t.Errorf("%s", out.log)
					}
				})
			}
		}
	}
}

func TestPageSizeFollowsTheCap(t *testing.T) {
	l := &library{slugs: shareNames(60), pageMax: 25, byAsked: true}
	server := serve(t, l.answer)
	if _, _, err := shares(t, client(t, server.URL)); err != nil {
		t.Fatal(err)
	}
	pages, sizes := strings.Join(server.queries("page"), " "), strings.Join(server.queries("page_size"), " ")
	if pages != "1 2 3 1 2 3" || sizes != "1000 25 25 1000 25 25" {
		t.Errorf("pages %s of sizes %s", pages, sizes)
	}
}

// A server that refuses a large page, or does not answer it, is asked for smaller ones. Only a refusal is remembered.
func TestLargePagesThatAreNotAnswered(t *testing.T) {
	for status, want := range map[int]string{400: "1000 100 100 100 100", 422: "1000 100 100 100 100", 504: "1000 1000 100 100 100 100"} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			l := &library{slugs: shareNames(150), pageMax: 100}
			server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if size, _ := strconv.Atoi(r.URL.Query().Get("page_size")); size > 100 {
					w.WriteHeader(status)
					return
				}
				l.answer(n, w, r)
			})
			out, _, err := shares(t, client(t, server.URL))
			if err != nil || !slices.Equal(slugsOf(out.kept), l.slugs) {
				t.Errorf("%d rows, %v", len(out.kept), err)
			}
			if sizes := strings.Join(server.queries("page_size"), " "); sizes != want {
				t.Errorf("pages of sizes %s, want %s", sizes, want)
			}
		})
	}
}

// A refusal that is not about the page's size fails.
func TestListThatIsRefused(t *testing.T) {
	server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	if _, _, err := shares(t, client(t, server.URL)); err == nil || !strings.Contains(err.Error(), "400") || len(server.asked()) != 2 {
		t.Errorf("%d requests: %v", len(server.asked()), err)
	}
}

func TestCountShares(t *testing.T) {
	for _, c := range []struct{ rows, pageMax, list int }{{0, 1000, 1}, {1000, 1000, 1}, {1001, 1000, 4}, {250, 100, 6}} {
		l := &library{slugs: shareNames(c.rows), pageMax: c.pageMax}
		n, err := client(t, serve(t, l.answer).URL).CountShares(t.Context(), day)
		if want := (extract.ShareCount{List: int64(c.list), Visited: int64(c.rows)}); err != nil || n != want {
			t.Errorf("%d shares by %d: %+v, %v, want %+v", c.rows, c.pageMax, n, err, want)
		}
	}
}

// TestPasses: a list of one page is read once, a longer list twice.
func TestPasses(t *testing.T) {
	for rows, want := range map[int]int{0: 1, 5: 1, 100: 1, 101: 4} {
		l := &library{slugs: shareNames(rows), pageMax: 100}
		server := serve(t, l.answer)
		if _, _, err := shares(t, client(t, server.URL)); err != nil || len(server.asked()) != want {
			t.Errorf("%d rows: %d requests, want %d (%v)", rows, len(server.asked()), want, err)
		}
	}
}

func TestPagesThatMove(t *testing.T) {
	for name, between := range map[string]func(l *library, n int){
		"one comes": func(l *library, n int) { move(l, n == 2, append([]string{"new"}, l.slugs...)) },
		"one goes":  func(l *library, n int) { move(l, n == 2, l.slugs[1:]) },
		"one goes, one comes": func(l *library, n int) {
			move(l, n == 2, append([]string{"new"}, l.slugs[:len(l.slugs)-1]...))
		},
		"the second page empties": func(l *library, n int) { move(l, n == 2, l.slugs[:50]) },
		"all change":              func(l *library, n int) { move(l, n == 4, append(shareNames(150), "x")) },
	} {
		t.Run(name, func(t *testing.T) {
			l := &library{slugs: shareNames(101), pageMax: 100, between: between}
			out, rep, err := shares(t, client(t, serve(t, l.answer).URL))
			if got := slugsOf(out.kept); err != nil || !slices.Equal(got, l.slugs) || !rep.Reconciled.V {
				t.Errorf("%d rows, %+v, %v", len(got), rep, err)
			}
		})
	}
}

func move(l *library, when bool, to []string) {
	if when {
		l.slugs = to
	}
}

// TestListsThatKeepChanging: the call fails, after a bounded number of requests.
func TestListsThatKeepChanging(t *testing.T) {
	for name, c := range map[string]struct {
		l     library
		words string
	}{
		"the same page again":      {library{slugs: shareNames(250), pageMax: 100, onPage: 1}, "the same page again and again"},
		"without a total":          {library{slugs: shareNames(250), pageMax: 100, onPage: 1, noTotal: true}, "the same page again and again"},
		"a total too large":        {library{slugs: shareNames(30), pageMax: 100, extra: 1}, "kept changing"},
		"a total too small":        {library{slugs: shareNames(30), pageMax: 100, extra: -1}, "kept changing"},
		"a total without rows":     {library{pageMax: 100, extra: 3}, "kept changing"},
		"the last page again":      {library{slugs: shareNames(130), pageMax: 100, lastOver: true, extra: 1}, "the same page again and again"},
		"always another one first": {library{slugs: shareNames(150), pageMax: 100, between: func(l *library, n int) { l.slugs = append([]string{fmt.Sprint(n)}, l.slugs...) }}, "kept changing"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, c.l.answer)
			out, _, err := shares(t, client(t, server.URL))
			if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(out.log, "C") {
				t.Errorf("%s %v", out.log, err)
			}
			if n := len(server.asked()); n > 15 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestAShareThatAlwaysComesTwice: the call succeeds and is not reconciled, because another share may be missing.
func TestAShareThatAlwaysComesTwice(t *testing.T) {
	for name, l := range map[string]library{
		"on one page":  {slugs: []string{"a", "b", "a"}, pageMax: 100},
		"on two pages": {slugs: append(shareNames(120), "s003"), pageMax: 100},
	} {
		out, rep, err := shares(t, client(t, serve(t, l.answer).URL))
		if err != nil || len(out.kept) != len(l.slugs) || rep.Reconciled.V || !rep.Reconciled.Valid {
			t.Errorf("%s: %d rows, %+v, %v", name, len(out.kept), rep, err)
		}
	}
}

// TestSharesWithoutASlug: shares without a slug are rows like others; package transform makes them rejects.
func TestSharesWithoutASlug(t *testing.T) {
	server := serve(t, always([]byte(`{"data":[{"visits":1},{"slug":""},7,{"slug":null},{"slug":"a"},null],"pagination":{"total":6}}`)))
	out, rep, err := shares(t, client(t, server.URL))
	if err != nil || len(out.kept) != 6 || !rep.Reconciled.V || rep.Attempts != 1 {
		t.Errorf("%d rows, %+v, %v", len(out.kept), rep, err)
	}
}

func TestAFailingPageIsRetriedAlone(t *testing.T) {
	l := &library{slugs: shareNames(150), pageMax: 100}
	server := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 2 {
			w.WriteHeader(502)
			return
		}
		l.answer(n, w, r)
	})
	out, _, err := shares(t, client(t, server.URL))
	if got := strings.Join(server.queries("page"), " "); err != nil || len(out.kept) != 150 || got != "1 2 2 1 2" {
		t.Errorf("%d rows by pages %s: %v", len(out.kept), got, err)
	}
}
