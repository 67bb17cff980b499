package pipeline

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"wheelhouse/extract"
)

// pages answers the list of shares page by page. list returns the shares at request n (from 1), and most is the size of the largest
// page.
func pages(a *actor, most int, list func(n int) []string, total func(n, shares int) int) http.HandlerFunc {
	from := a.asked.Load()
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(a.asked.Load() - from)
		slugs := list(n)
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
		size = min(size, most)
		at := min((page-1)*size, len(slugs))
		var rows []string
		for _, slug := range slugs[at:min(at+size, len(slugs))] {
			rows = append(rows, fmt.Sprintf(`{"slug":%q,"visits":1}`, slug))
		}
		says(fmt.Sprintf(`{"data":[%s],"pagination":{"total":%d}}`, strings.Join(rows, ","), total(n, len(slugs))))(w, r)
	}
}

// honest is the right total.
func honest(_, shares int) int { return shares }

// If pages or totals do not fit the rows, the window fails or is not reconciled.
func TestFaultsOfPagingAndTotals(t *testing.T) {
	t.Parallel()
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	five := []string{"a", "b", "c", "d", "e"}
	still := func(int) []string { return five }
	sessions := func(n, seconds int) http.HandlerFunc {
		return says(fmt.Sprintf(`{"sessions":[%s],"stats":{"total_count":%d,"total_sec":%d}}`,
			session("a@x.com", "2026-03-10 09:00:00", "2026-03-10 09:10:00", ""), n, seconds))
	}
	usage := func(plays int) http.HandlerFunc {
		return says(fmt.Sprintf(`{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":2}],"total_shares":1,"total_plays":%d}}`, plays))
	}
	for name, c := range map[string]struct {
		stream   string
		play     func(*actor)
		entry    string // of the ledger: status, rows inserted, reconciled, error
		requests int
	}{
		"pages stand still": {"shares", func(a *actor) { a.plays(pages(a, 100, still, honest)) }, "loaded|5|true|", 1},
		"the server caps a page": {"shares", func(a *actor) { a.plays(pages(a, 2, still, honest)) },
			"loaded|5|true|", 6}, // three pages, read twice
		"a row moves while pages are read": {"shares", func(a *actor) {
			a.plays(pages(a, 2, func(n int) []string {
				if n == 1 {
					return []string{"b", "c", "a", "d", "e"}
				}
				return five
			}, honest))
		}, "loaded|5|true|", 9},
		"rows never stop changing": {"shares", func(a *actor) {
			a.plays(pages(a, 2, func(n int) []string { return []string{"a", "b", "c", "d", fmt.Sprint("pass ", (n-1)/3)} }, honest))
		}, "failed|0|∅|kept changing", 15},
		"one slug on two pages": {"shares", func(a *actor) {
			a.plays(pages(a, 2, func(int) []string { return []string{"a", "b", "b", "c"} }, honest))
		}, "loaded|3|false|", 4},
		"total above what comes": {"shares", func(a *actor) { a.plays(pages(a, 100, still, func(_, n int) int { return n + 1 })) },
			"failed|0|∅|kept changing", 10},
		"total wrong at first": {"shares", func(a *actor) {
			a.plays(pages(a, 100, still, func(n, shares int) int { return shares + max(0, 3-n) }))
		}, "loaded|5|true|", 3}, // the two pages of the first pass state different totals
		"the same page for ever": {"shares", func(a *actor) { a.plays(says(`{"data":[{"slug":"a"},{"slug":"b"}],"pagination":{"total":9}}`)) },
			"failed|0|∅|the same page again and again", 10},
		"usage_new is reconciled at last":    {"usage_new", func(a *actor) { a.first(2, sessions(2, 1200), sessions(1, 600)) }, "loaded|1|true|", 3},
		"usage_new is never reconciled":      {"usage_new", func(a *actor) { a.plays(sessions(2, 1200)) }, "loaded|1|false|", 3},
		"usage_new, seconds disagree":        {"usage_new", func(a *actor) { a.plays(sessions(1, 601)) }, "loaded|1|false|", 3},
		"usage_shares is reconciled at last": {"usage_shares", func(a *actor) { a.first(1, usage(3), usage(2)) }, "loaded|1|true|", 2},
		"usage_shares is never reconciled":   {"usage_shares", func(a *actor) { a.plays(usage(3)) }, "loaded|1|false|", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := b.scene(t, strings.NewReplacer(" ", "-", ",", "").Replace(name), extract.Config{})
			c.play(s.api)
			result := s.run(s.day("2026-03-10"), c.stream)
			got := s.one(`SELECT status, rows_inserted, reconciled, coalesce(error, '') FROM wheelhouse.loads WHERE account_id = $1`, s.account.ID)
			status, words := c.entry[:strings.LastIndex(c.entry, "|")+1], c.entry[strings.LastIndex(c.entry, "|")+1:]
			if !strings.HasPrefix(got, status) || !strings.Contains(got, words) || result.Requests != c.requests {
				t.Errorf("%d requests, the ledger says %s; want %d and %s", result.Requests, got, c.requests, c.entry)
			}
			if result.OK() != strings.Contains(status, "|true|") {
				t.Errorf("%+v", result)
			}
		})
	}
}
