package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html"

	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// hostileTexts are texts that somebody might enter: markup, formulas, changes of direction, invisible characters, very long
// texts.
var hostileTexts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; DROP TABLE x; --`, `{{.Q}}`, `=HYPERLINK("http://evil.example","x")`, `+1+cmd|' /C calc'!A0`, `@SUM(A1)`,
	"\u202eevil\u202c متجر עברית", "a\u0000b"[:1] + "\ttab\r\nline", "\u200b\ufeff", `-none-`, `javascript:alert(1)`, `&lt;b&gt;`, strings.Repeat("long ", 200_000), strings.Repeat("x", 1<<20),
}

// plant makes an account in which every text that a page shows is hostile.
func plant(t *testing.T, dsn string) (agents []string) {
	t.Helper()
	conn := dial(t, dsn)
	defer conn.Close(context.Background())
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%v\n%.300s", err, sql)
		}
	}
	exec(testkit.LocalDays)
	exec(`INSERT INTO wheelhouse.accounts VALUES ('<b>acme</b>', 'https://x.is', 'UTC', '2025-01-01')`)
	for i, text := range hostileTexts {
		key := strings.ToLower(text[:min(500, len(text))])
		key = strings.TrimSpace(key) // as a load stores addresses of agents
		args := pgx.NamedArgs{"text": text, "key": key, "i": i}
		agents = append(agents, key)
		exec(`INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, availability_bucket, answered, seconds_to_respond, handled_by, accepted_from, prospect_name,
			prospect_location, request_origin, origin_channel, utm_source, utm_medium, utm_campaign, load_id, loaded_at)
			VALUES ('<b>acme</b>', @i, '2025-02-03 10:00Z', @text, true, 10, @key, @text, @text, @text, @text, 'website', @text, @text, @text, 1, now())`, args)
		exec(`INSERT INTO crankwheel.demo_answers VALUES ('<b>acme</b>', @i, @key, @text)`, args)
		exec(`INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, viewers, viewer_locations, load_id, loaded_at)
			VALUES ('<b>acme</b>', wheelhouse.session_id('<b>acme</b>', @key, '2025-02-03 10:00Z', 1), @key, '2025-02-03 10:00Z', 1, 60, true, 1, ARRAY[@text::text], 1, now())`, args)
		exec(`INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, load_id, loaded_at) VALUES ('<b>acme</b>', '2025-02-03', @key, @text, 1, 1, 1, now())`, args)
		exec(`INSERT INTO crankwheel.shares (account_id, slug, content_name, created_at, created_by_email, created_by_name, segment, load_id, loaded_at)
			VALUES ('<b>acme</b>', @key, @text, '2025-02-03 10:00Z', @key, @text, @text, 1, now())`, args)
		exec(`INSERT INTO crankwheel.share_details (account_id, slug, created_at, customer_account_id, load_id, loaded_at) VALUES ('<b>acme</b>', @key, '2025-02-03 10:00Z', @text, 1, now())`, args)
		exec(`INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, played, load_id, loaded_at) VALUES ('<b>acme</b>', @key, @key, '2025-02-03 11:00Z', true, 1, now())`, args)
		exec(`INSERT INTO crankwheel.share_engagement_daily VALUES ('<b>acme</b>', '2025-02-03', @key, 1, 1, 0, 0.5, 10, 1, now())`, args)
		exec(`INSERT INTO crankwheel.users (account_id, email, privilege, in_demo_pool, load_id, loaded_at) VALUES ('<b>acme</b>', @key, @text, true, 1, now())`, args)
	}
	return agents
}

// Hostile texts are shown as text, in their own direction, and break neither a page nor a spreadsheet.
func TestHostileTextsAreHarmless(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	agents := plant(t, dsn)
	v := visit(t, dsn, nil)
	const days = "from=2025-02-01&to=2025-02-05"
	paths := []string{"/?" + days, "/?all=tags&" + days}
	for _, key := range agents {
		paths = append(paths, "/agent?"+days+"&email="+url.QueryEscape(key), "/share?"+days+"&slug="+url.QueryEscape(key))
	}
	overview := v.page(paths[0])
	for _, table := range []string{"tags", "origins"} {
		for _, a := range all(byID(overview, "table-"+table), "a") {
			paths = append(paths, attr(a, "href"))
		}
	}
	if len(paths) < 3*len(hostileTexts) {
		t.Fatalf("only %d pages", len(paths))
	}
	for _, path := range paths {
		body, _ := v.get(http.StatusOK, path)
		doc := wellFormed(t, path, body)
		if len(body) > 1<<20 {
			t.Errorf("%.80s: %d bytes", path, len(body))
		}
		for _, name := range []string{"script", "b", "iframe", "object"} {
			if found := all(doc, name); len(found) > 0 {
				t.Errorf("%.80s: a <%s>", path, name)
			}
		}
		for _, img := range all(doc, "img") {
			t.Errorf("%.80s: a picture of %s", path, attr(img, "src"))
		}
		if strings.ContainsAny(textOf(doc), "\u202e\u202c\u0000") {
			t.Errorf("%.80s: the text changes the direction of the text after it", path)
		}
		spreadsheets(t, v, path, doc)
	}
}

// spreadsheets gets all tables of a page as CSV, and fails if one contains a formula.
func spreadsheets(t *testing.T, v *visitor, path string, doc *html.Node) {
	t.Helper()
	for _, a := range all(doc, "a") {
		if attr(a, "class") != "csv" {
			continue
		}
		for _, line := range v.csv(attr(a, "href")) {
			if slices.ContainsFunc(line, func(s string) bool { return s != "" && strings.Contains("=+@\t\r", s[:1]) }) {
				t.Errorf("%.80s: a formula: %.80q", path, line)
			}
		}
	}
}
