package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"wheelhouse/internal/simulator"
)

// figuresOf is the figures of a page, by name.
func figuresOf(doc *html.Node) map[string]string {
	found := map[string]string{}
	for _, dl := range all(doc, "dl") {
		if attr(dl, "class") != "figures" {
			continue
		}
		for _, div := range all(dl, "div") {
			found[textOf(all(div, "dt")[0])] = textOf(all(div, "dd")[0])
		}
	}
	return found
}

// drawn is the values in a page's charts, by the charts' names.
func drawn(doc *html.Node) map[string][]string {
	charts := map[string][]string{}
	for _, figure := range all(doc, "figure") {
		name := strings.TrimPrefix(attr(figure, "id"), "chart-")
		charts[name] = nil
		for d := range figure.Descendants() {
			if v := attr(d, "data-value"); d.Type == html.ElementNode && v != "" {
				charts[name] = append(charts[name], v)
			}
		}
	}
	return charts
}

// chartsShowTheirTables compares each chart with the CSV of its table.
func chartsShowTheirTables(t *testing.T, v *visitor, path string, doc *html.Node) {
	t.Helper()
	for name, values := range drawn(doc) {
		lines := v.csv(with(path, "format", "csv", "table", name))[1:]
		if len(lines) == 0 || len(values) == 0 {
			t.Errorf("%s: chart %s draws %d values of a table of %d rows", path, name, len(values), len(lines))
			continue
		}
		series := max(1, len(values)/len(lines))
		if strings.HasPrefix(name, "response-") {
			series = 24
		}
		var table []string
		for _, line := range lines {
			table = append(table, line[1:1+series]...)
		}
		table = slices.DeleteFunc(table, func(s string) bool { return s == "" })
		slices.Sort(table)
		slices.Sort(values)
		if !slices.Equal(table, values) {
			t.Errorf("%s: chart %s draws %v of %v", path, name, values, table)
		}
	}
}

// with adds parameters to an address.
func with(path string, more ...string) string {
	u, err := url.Parse(path)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// csvSays compares a table's CSV with a statement's rows, in order.
func (s *seller) csvSays(v *visitor, path, table, query string) {
	s.t.Helper()
	conn := dial(s.t, s.dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(s.t.Context(), "SET ROLE wheelhouse_reader"); err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, line := range v.csv(with(path, "format", "csv", "table", table))[1:] {
		got = append(got, strings.Join(line, "|"))
	}
	slices.Sort(got)
	want := textRows(s.t, conn, query)
	for i, row := range want {
		want[i] = strings.ReplaceAll(row, "∅", "")
	}
	slices.Sort(want)
	if len(want) == 0 || !slices.Equal(got, want) {
		s.t.Errorf("%s, table %s:\ngot  %v\nwant %v", path, table, got, want)
	}
}

// between is the range of the tests, and the range before it.
const (
	between = `BETWEEN '2025-03-05' AND '2025-03-11'`
	earlier = `BETWEEN '2025-02-26' AND '2025-03-04'`
	these   = "?from=2025-03-05&to=2025-03-11"
)

func TestSalesPagesMatchSQL(t *testing.T) {
	t.Parallel()
	s := sell(t, simulator.Options{Seed: 31, Agents: 5, Density: 1.5}, "America/New_York", "2025-02-24", "2025-03-12 15:30")
	for _, page := range []struct {
		name string
		test func(*seller, *testing.T, *visitor)
	}{{"overview", (*seller).overview}, {"agent", (*seller).agentPage}, {"share", (*seller).sharePage}, {"campaign", (*seller).campaignPage}, {"trust", (*seller).trustLine}} {
		t.Run(page.name, func(t *testing.T) {
			own, w := *s, *s.warehouse
			w.t, own.warehouse = t, &w
			page.test(&own, t, visit(t, s.dsn, nil))
		})
	}
}

func (s *seller) figures(t *testing.T, doc *html.Node, want map[string]string) {
	t.Helper()
	got := figuresOf(doc)
	for name, query := range want {
		if sql := s.sql(query); got[name] != sql {
			t.Errorf("%s is %q, want %q", name, got[name], sql)
		}
	}
}

func (s *seller) overview(t *testing.T, v *visitor) {
	path := "/" + these
	doc := v.page(path)
	s.figures(t, doc, map[string]string{
		"Demo requests":   `SELECT count(*) FROM bi.demo_requests WHERE day ` + between,
		"Cancelled":       `SELECT sum(canceled) FROM bi.demo_funnel_daily WHERE day ` + between,
		"Answered":        `SELECT sum(answered) FROM bi.demo_funnel_daily WHERE day ` + between,
		"Never answered":  `SELECT count(*) FROM bi.demo_requests WHERE seconds_to_respond IS NULL AND day ` + between,
		"Calls confirmed": `SELECT sum(call_confirmed) FROM bi.demo_funnel_daily WHERE day ` + between,
		"Screens shared":  `SELECT sum(screen_shared) FROM bi.demo_funnel_daily WHERE day ` + between,
		"Visits":          `SELECT sum(visits) FROM bi.share_engagement_daily WHERE day ` + between,
		"Plays":           `SELECT sum(plays) FROM bi.share_engagement_daily WHERE day ` + between,
		"Clicks":          `SELECT sum(cta_clicks) FROM bi.share_engagement_daily WHERE day ` + between,
	})
	if canceled := s.sql(`SELECT sum(canceled) / sum(requested + canceled) FROM bi.demo_funnel_daily WHERE day ` + between); !strings.Contains(textOf(doc), showShare(mustFloat(t, canceled))+" of all requests") {
		t.Errorf("of all requests %s were cancelled", canceled)
	}
	chartsShowTheirTables(t, v, path, doc)
	if charts := drawn(doc); len(charts) != 9 {
		t.Errorf("%d charts", len(charts))
	}
	s.csvSays(v, path, "agents", `SELECT agent_email, sum(sessions) FILTER (WHERE day `+between+`), coalesce(sum(session_seconds) FILTER (WHERE day `+between+`), 0)::double precision / 3600,
		coalesce(sum(viewers) FILTER (WHERE day `+between+`), 0), sum(demos_handled) FILTER (WHERE day `+between+`), sum(demos_screen_shared) FILTER (WHERE day `+between+`),
		sum(shares) FILTER (WHERE day `+between+`), sum(plays) FILTER (WHERE day `+between+`),
		coalesce(sum(sessions) FILTER (WHERE day `+earlier+`), 0), coalesce(sum(demos_handled) FILTER (WHERE day `+earlier+`), 0), coalesce(sum(plays) FILTER (WHERE day `+earlier+`), 0)
		FROM bi.agent_daily GROUP BY 1 HAVING count(*) FILTER (WHERE day `+between+`) > 0`)
	s.csvSays(v, path, "tags", `SELECT utm_campaign, utm_source, utm_medium, sum(requested) FILTER (WHERE day `+between+`), sum(answered) FILTER (WHERE day `+between+`),
		sum(call_confirmed) FILTER (WHERE day `+between+`), sum(screen_shared) FILTER (WHERE day `+between+`),
		sum(screen_shared) FILTER (WHERE day `+between+`)::double precision / (sum(requested) FILTER (WHERE day `+between+`))::double precision, coalesce(sum(requested) FILTER (WHERE day `+earlier+`), 0)
		FROM bi.utm_performance GROUP BY 1, 2, 3 HAVING count(*) FILTER (WHERE day `+between+`) > 0`)
	s.csvSays(v, path, "origins", `SELECT origin_name, CASE origin_channel WHEN 'website' THEN 'page' WHEN 'email_campaign' THEN 'campaign link' ELSE '–' END,
		sum(requested) FILTER (WHERE day `+between+`), sum(answered) FILTER (WHERE day `+between+`),
		sum(call_confirmed) FILTER (WHERE day `+between+`), sum(screen_shared) FILTER (WHERE day `+between+`),
		sum(screen_shared) FILTER (WHERE day `+between+`)::double precision / (sum(requested) FILTER (WHERE day `+between+`))::double precision, coalesce(sum(requested) FILTER (WHERE day `+earlier+`), 0)
		FROM bi.campaign_daily GROUP BY 1, 2, origin_channel HAVING count(*) FILTER (WHERE day `+between+`) > 0`)
	s.csvSays(v, path, "funnel", `SELECT step, n, n::double precision / asked::double precision
		FROM (SELECT sum(requested + canceled) AS asked, sum(requested) AS requested, sum(answered) AS answered, sum(call_confirmed) AS confirmed, sum(screen_shared) AS shared
			FROM bi.demo_funnel_daily WHERE day `+between+`) f
		CROSS JOIN LATERAL (VALUES ('All requests', asked), ('Requested', requested), ('Answered', answered), ('Call confirmed', confirmed), ('Screen shared', shared)) s (step, n)`)
	s.csvSays(v, path, "requests", `SELECT d::date, count(r.demo_id), count(r.demo_id) FILTER (WHERE answered)
		FROM generate_series(timestamp '2025-03-05', '2025-03-11', '1 day') d LEFT JOIN bi.demo_requests r ON r.day = d::date GROUP BY 1`)
	s.response(t, v, path)
	if long := v.page("/?from=2024-01-01&to=2025-03-11"); len(drawn(long)["requests"]) != 2*63 {
		t.Errorf("a long range has %d points", len(drawn(long)["requests"]))
	}
	if !strings.Contains(textOf(doc), "against the 7 days before") || strings.Contains(textOf(v.page("/?from=2025-02-24&to=2025-03-01")), "% against") {
		t.Error("trends compare with ranges that are not in the history")
	}
}

func mustFloat(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// response compares the heat maps of the overview with SQL, cell by cell.
func (s *seller) response(t *testing.T, v *visitor, path string) {
	t.Helper()
	conn := dial(t, s.dsn)
	defer conn.Close(context.Background())
	for table, of := range map[string]string{
		"response-requests": "count(*)", "response-never": "count(*) FILTER (WHERE seconds_to_respond IS NULL) / count(*)::double precision",
		"response-median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond)", "response-p90": "percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond)",
	} {
		want := textRows(t, conn, `SELECT weekday, hour, `+of+` AS v FROM bi.demo_requests WHERE day `+between+` GROUP BY 1, 2 HAVING `+of+` IS NOT NULL`)
		var got []string
		for d, line := range v.csv(with(path, "format", "csv", "table", table))[1:] {
			for h, value := range line[1:] {
				if value != "" {
					got = append(got, fmt.Sprintf("%d|%d|%s", d+1, h, value))
				}
			}
		}
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", table, got, want)
		}
	}
}

func (s *seller) agentPage(t *testing.T, v *visitor) {
	email := s.sql(`SELECT agent_email FROM bi.agent_daily WHERE day ` + between + ` GROUP BY 1 ORDER BY sum(sessions) DESC LIMIT 1`)
	path := "/agent" + these + "&email=" + url.QueryEscape(email)
	doc := v.page(path)
	who := ` WHERE agent_email = '` + email + `' AND day ` + between
	handled := ` FROM bi.demo_requests WHERE handled_by = '` + email + `' AND day ` + between
	s.figures(t, doc, map[string]string{
		"Sessions": `SELECT count(*) FROM bi.screen_sessions` + who, "Viewers": `SELECT sum(viewers) FROM bi.screen_sessions` + who,
		"Recordings": `SELECT count(recording_content_id) FROM bi.screen_sessions` + who, "Plays": `SELECT sum(plays) FROM bi.agent_daily` + who,
		"Shares": `SELECT sum(shares) FROM bi.agent_daily` + who, "Demos handled": `SELECT count(*)` + handled,
		"Calls confirmed": `SELECT count(*) FILTER (WHERE call_confirmed)` + handled, "Screens shared": `SELECT count(*) FILTER (WHERE screen_shared)` + handled,
	})
	chartsShowTheirTables(t, v, path, doc)
	s.csvSays(v, path, "days", `SELECT day, sessions, session_seconds, coalesce(viewers, 0), demos_handled, demos_call_confirmed, demos_screen_shared, shares, plays FROM bi.agent_daily`+who)
	s.csvSays(v, path, "sessions", `SELECT to_char(started_at AT TIME ZONE 'America/New_York', 'YYYY-MM-DD"T"HH24:MI:SS') || replace(to_char((started_at AT TIME ZONE 'America/New_York' - started_at AT TIME ZONE 'UTC'), 'HH24:MI'), '-0', '-0'),
		duration_seconds, viewers, max_viewers, array_to_string(viewer_locations, '; '), rtc_seconds, webcam_seconds, recording_content_id FROM bi.screen_sessions`+who)
	s.csvSays(v, path, "shares", `SELECT slug, to_char(created_at AT TIME ZONE 'America/New_York', 'YYYY-MM-DD"T"HH24:MI:SS') || to_char((created_at AT TIME ZONE 'America/New_York' - created_at AT TIME ZONE 'UTC'), 'HH24:MI'),
		segment, customer_account_id FROM bi.shares WHERE created_by_email = '`+email+`' AND created_at >= '2025-03-05 05:00Z' AND created_at < '2025-03-12 04:00Z'`)
	// The pages together have the same rows, in the same order.
	var paged, whole [][]string
	for _, line := range v.csv(with(path, "format", "csv", "table", "sessions"))[1:] {
		whole = append(whole, line[:1])
	}
	for page := 1; len(paged) < len(whole); page++ {
		rows := tableOf(t, v.page(with(path, "page-sessions", fmt.Sprint(page))), "sessions")
		if len(rows) == 0 || len(rows) > pageRows {
			t.Fatalf("page %d has %d rows", page, len(rows))
		}
		paged = append(paged, rows...)
	}
	if len(whole) <= pageRows || len(paged) != len(whole) {
		t.Errorf("%d rows in pages, %d in all", len(paged), len(whole))
	}
	v.get(http.StatusNotFound, "/agent?email=nobody%40acme.example")
	v.get(http.StatusBadRequest, "/agent")
}

func (s *seller) sharePage(t *testing.T, v *visitor) {
	slug := s.sql(`SELECT slug FROM bi.share_visits WHERE day ` + between + ` GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`)
	path := "/share" + these + "&slug=" + slug
	doc := v.page(path)
	where := ` FROM bi.share_visits WHERE slug = '` + slug + `' AND day ` + between
	s.figures(t, doc, map[string]string{"Visits": `SELECT count(*)` + where, "Plays": `SELECT count(*) FILTER (WHERE played)` + where, "Clicks": `SELECT count(*) FILTER (WHERE cta_clicked)` + where})
	chartsShowTheirTables(t, v, path, doc)
	s.csvSays(v, path, "days", `SELECT day, visits, plays, cta_clicks, avg_percent_watched, engagement_score FROM bi.share_engagement_daily WHERE slug = '`+slug+`' AND day `+between)
	if rows := v.csv(with(path, "format", "csv", "table", "visits")); fmt.Sprint(len(rows)-1) != s.sql(`SELECT count(*)`+where) {
		t.Errorf("%d visits", len(rows)-1)
	}
	v.get(http.StatusNotFound, "/share?slug=nothing")
	v.get(http.StatusBadRequest, "/share")
}

func (s *seller) campaignPage(t *testing.T, v *visitor) {
	conn := dial(t, s.dsn)
	defer conn.Close(context.Background())
	// Each campaign of the overview links to a page with its requests.
	doc, seen := v.page("/"+these), 0
	for _, table := range []string{"tags", "origins"} {
		column := map[string]int{"tags": 3, "origins": 2}[table]
		for i, tr := range all(all(byID(doc, "table-"+table), "tbody")[0], "tr") {
			row := tableOf(t, doc, table)[i]
			href := attr(all(tr, "a")[0], "href")
			page := v.page(href)
			if got := figuresOf(page)["Demo requests"]; got != row[column] {
				t.Errorf("%s has %s requests, the overview says %s", href, got, row[column])
			}
			if i == 0 {
				chartsShowTheirTables(t, v, href, page)
			}
			seen++
		}
	}
	if seen < 8 {
		t.Errorf("only %d campaigns", seen)
	}
	source := s.sql(`SELECT utm_source FROM bi.demo_requests WHERE utm_source IS NOT NULL AND day ` + between + ` GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`)
	path := "/campaign" + these + "&source=" + source
	s.csvSays(v, path, "agents", `SELECT coalesce(handled_by, 'nobody'), count(*), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screen_shared), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond)
		FROM bi.demo_requests WHERE utm_source = '`+source+`' AND day `+between+` GROUP BY handled_by`)
	if rows := v.csv(with(path, "format", "csv", "table", "demos")); fmt.Sprint(len(rows)-1) != s.sql(`SELECT count(*) FROM bi.demo_requests WHERE utm_source = '`+source+`' AND day `+between) {
		t.Errorf("%d requests", len(rows)-1)
	}
	v.get(http.StatusNotFound, "/campaign?source=nothing")
	v.get(http.StatusBadRequest, "/campaign")
	if body, _ := v.get(http.StatusOK, "/campaign?source="+source+"&from=2020-01-01&to=2020-01-07"); !strings.Contains(body, "No demo request in this range.") {
		t.Error("a campaign in a range without requests has no page")
	}
}

// trustLine checks a complete range, then one with a day that is not loaded and a day that is not reconciled.
func (s *seller) trustLine(t *testing.T, v *visitor) {
	line := func(path string) string {
		for _, p := range all(v.page(path), "p") {
			if attr(p, "class") == "trust" {
				return textOf(p)
			}
		}
		return ""
	}
	if got := line("/" + these); !strings.HasPrefix(got, "Complete:") {
		t.Error(got)
	}
	for path, want := range map[string]string{
		"/?from=2025-02-20&to=2025-03-01": "4 days before 24 Feb 2025", "/?from=2020-01-01&to=2020-01-03": "3 days before 24 Feb 2025",
		"/?from=2125-03-10&to=2125-03-10": "1 day in the future", "/?from=2025-02-24&to=2025-03-01": "Complete:",
	} {
		if got := line(path); !strings.Contains(got, want) || strings.HasPrefix(got, "Complete:") != (want == "Complete:") {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := line("/?from=2025-03-10&to=2025-03-20"); !strings.Contains(got, "share_details: 9 days not loaded") || strings.Contains(got, "user_access") {
		t.Error(got)
	}
	// In another zone, totals of New York's days belong to no day, but sessions and requests do.
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'Europe/Berlin'`)
	moved := line("/" + these)
	for _, text := range []string{"; shares: 7 days not loaded", "usage_shares: 7 days not loaded"} {
		if !strings.Contains(moved, text) {
			t.Errorf("in another zone: %q is not in %q", text, moved)
		}
	}
	if strings.Contains(moved, "share_visits") {
		t.Errorf("in another zone: %q", moved)
	}
	s.exec(`UPDATE wheelhouse.accounts SET timezone = 'America/New_York'`)
	s.exec(`DELETE FROM wheelhouse.loads WHERE stream = 'demo_usage' AND lower(span) = '2025-03-06 05:00Z';
		UPDATE wheelhouse.loads SET reconciled = false WHERE stream = 'usage_new' AND lower(span) = '2025-03-07 05:00Z'`)
	got := line("/" + these)
	for _, text := range []string{"Incomplete:", "demo_usage: 1 day not loaded", "usage_new: 1 day loaded in part, or not reconciled with the API's totals"} {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in %q", text, got)
		}
	}
}
