package pipeline

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testdb"
)

func (b *bench) verify(r Range, streams ...string) (Verified, []Finding) {
	b.t.Helper()
	r.Force = true
	var found []Finding
	v, err := b.runner.Verify(b.t.Context(), []*Account{b.account}, streams, func(a *Account) Range { return a.WholeDays(r) },
		func(f Finding) { found = append(found, f) })
	if err != nil {
		b.t.Fatal(err)
	}
	if v.Findings != len(found) {
		b.t.Errorf("%d differences counted, %d told", v.Findings, len(found))
	}
	return v, found
}

// loadedAccount makes a warehouse with some days of a simulated account, and returns their range.
func loadedAccount(t *testing.T, change func(*simulator.Options)) (*bench, Range) {
	t.Helper()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	b := newBench(t, twelveDays.simulator(t, &now, change), now, func(a *settings.Account) { a.HistoryFrom = twelveDays.first })
	b.mustRun(b.account.Nightly(now))
	return b, Range{First: twelveDays.first, Last: twelveDays.last, Now: now}
}

func TestVerifyFindsNothingAfterALoad(t *testing.T) {
	t.Parallel()
	b, r := loadedAccount(t, nil)
	before, loads := b.tuples(), b.lines("SELECT * FROM wheelhouse.loads ORDER BY id")
	v, found := b.verify(r)
	if !v.Equal() || v.Windows < 50 || v.Rows < 400 {
		t.Errorf("%+v\n%v", v, found)
	}
	b.want("equal", "SELECT outcome FROM wheelhouse.runs WHERE kind = 'verify'")
	for table, tuples := range b.tuples() {
		if tuples != before[table] {
			t.Errorf("%s was written", table)
		}
	}
	if !slices.Equal(loads, b.lines("SELECT * FROM wheelhouse.loads ORDER BY id")) {
		t.Error("the ledger was written")
	}
}

// Every column of every table is compared: verify finds a change in it, and names the column.
func TestVerifyFindsAChangeOfAnyColumn(t *testing.T) {
	t.Parallel()
	b, r := loadedAccount(t, nil)
	streams := map[string]string{}
	for stream, tables := range map[string]string{
		"demo_usage": "demo_requests demo_answers demo_cancellations_daily", "usage_new": "screen_sessions screen_session_events",
		"usage_shares": "share_usage_daily", "shares": "share_engagement_daily", "shares share_visits": "shares", "share_visits": "share_visits",
		"share_details": "share_details", "user_access": "users", "company_content": "contents content_events",
	} {
		for table := range strings.FieldsSeq(tables) {
			streams[table] = stream
		}
	}
	changes := map[string]string{
		"text": "coalesce(%s, '') || 'x'", "text[]": "coalesce(%s, '{}') || 'x'::text", "integer": "coalesce(%s, 0) + 1", "bigint": "coalesce(%s, 0) + 1",
		"smallint": "coalesce(%s, 0) + 1", "date": "%s + 1", "double precision": "coalesce(%s, 0) + 0.1", "boolean": "NOT coalesce(%s, false)", "jsonb": `'{"x":1}'`,
		"timestamp with time zone": "coalesce(%s, now()) + interval '1 second'",
	}
	earliest := map[string]string{
		"demo_requests": "started_at", "demo_answers": "demo_id", "demo_cancellations_daily": "day", "screen_sessions": "started_at",
		"screen_session_events": "session_id", "share_usage_daily": "day", "share_engagement_daily": "day", "share_visits": "visited_at",
		"share_details": "created_at", "users": "email", "contents": "content_id", "content_events": "content_id",
	}
	tables := map[string][][2]string{}
	columns := 0
	for _, c := range b.rows(`SELECT table_name::text, column_name::text, CASE data_type WHEN 'ARRAY' THEN 'text[]' ELSE data_type END::text
		FROM information_schema.columns c WHERE table_schema = 'crankwheel'
		  AND column_name NOT IN ('account_id', 'load_id', 'detail_load_id', 'loaded_at', 'deleted_at')
		  AND is_generated = 'NEVER'
		  AND NOT EXISTS (SELECT FROM information_schema.key_column_usage k WHERE k.table_schema = 'crankwheel'
		                  AND k.table_name = c.table_name AND k.column_name = c.column_name) ORDER BY 1, ordinal_position`) {
		table, column, kind := c[0].(string), c[1].(string), c[2].(string)
		if changes[kind] == "" {
			t.Fatalf("%s.%s is of type %s", table, column, kind)
		}
		tables[table] = append(tables[table], [2]string{column, strings.ReplaceAll(changes[kind], "%s", column)})
		columns++
	}
	if columns < 80 || len(tables) != len(testdb.Tables(t, b.url)) {
		t.Errorf("%d columns of %d tables", columns, len(tables))
	}
	for table, columns := range tables {
		if streams[table] == "" || earliest[table] == "" && table != "shares" {
			t.Fatalf("add %s to the maps streams and earliest of this test", table)
		}
		set := make([]string, len(columns))
		for i, c := range columns {
			set[i] = c[0] + " = " + c[1]
		}
		victim := "WHERE ctid = (SELECT ctid FROM crankwheel." + table + " ORDER BY " + earliest[table] + " LIMIT 1)" // within the range
		if table == "shares" {                                                                                        // one whose detail is read
			victim = "WHERE slug = (SELECT min(slug) FROM crankwheel.share_engagement_daily WHERE visits > 0)"
		}
		b.exec("UPDATE crankwheel." + table + " SET " + strings.Join(set, ", ") + " " + victim)
		ofTable := strings.Fields(streams[table])
		_, found := b.verify(r, ofTable...)
		for _, c := range columns {
			hit := slices.IndexFunc(found, func(f Finding) bool { return f.Table == table && f.Column == c[0] })
			if hit < 0 {
				t.Errorf("a change of %s.%s is not found: %v", table, c[0], found)
			} else if f := found[hit]; f.Warehouse == f.API && f.Warehouse != "differs" {
				t.Errorf("%+v", f)
			}
		}
		b.repairAll(r, ofTable...)
		if v, found := b.verify(r, ofTable...); !v.Equal() {
			t.Fatalf("%s: not repaired by a load: %v", table, found)
		}
	}
}

// repairAll loads a range again by force.
func (b *bench) repairAll(r Range, streams ...string) {
	b.t.Helper()
	b.forgetHashes()
	r.Force = true
	b.mustRun(r, streams...)
}

func (b *bench) exec(sql string) { b.t.Helper(); b.rows(sql) }

func TestVerifyFindsMissingAndExtraRows(t *testing.T) {
	t.Parallel()
	b, r := loadedAccount(t, nil)
	for _, tt := range []struct{ stream, sql, want string }{
		{"usage_new", `WITH s AS (DELETE FROM crankwheel.screen_sessions WHERE ctid = (SELECT min(ctid) FROM crankwheel.screen_sessions) RETURNING session_id)
			DELETE FROM crankwheel.screen_session_events e USING s WHERE e.session_id = s.session_id`, "screen_sessions: is not there, is there"},
		{"usage_new", "UPDATE crankwheel.screen_sessions SET deleted_at = now() WHERE ctid = (SELECT min(ctid) FROM crankwheel.screen_sessions)", "screen_sessions: is not there, is there"},
		{"usage_new", `INSERT INTO crankwheel.screen_sessions SELECT (jsonb_populate_record(s, jsonb_build_object('agent_email', 'ghost@x.com', 'session_id',
			wheelhouse.session_id(account_id, 'ghost@x.com', started_at, 1)))).* FROM crankwheel.screen_sessions s WHERE ctid = (SELECT min(ctid) FROM crankwheel.screen_sessions)`,
			"screen_sessions: is there, is not there"},
		{"usage_new", "DELETE FROM crankwheel.screen_session_events WHERE ctid = (SELECT min(ctid) FROM crankwheel.screen_session_events)", "screen_session_events: is not there, is there"},
		{"demo_usage", "DELETE FROM crankwheel.demo_answers WHERE ctid = (SELECT min(ctid) FROM crankwheel.demo_answers)", "demo_answers: is not there, is there"},
		{"demo_usage", `WITH r AS (UPDATE crankwheel.demo_requests SET demo_id = demo_id + 1000000 WHERE ctid = (SELECT min(ctid) FROM crankwheel.demo_requests) RETURNING demo_id)
			DELETE FROM crankwheel.demo_answers a USING r WHERE a.demo_id = r.demo_id - 1000000`, "demo_requests: is there, is not there"},
		{"usage_shares", "UPDATE crankwheel.share_usage_daily SET agent_email = 'ghost@x.com' WHERE ctid = (SELECT min(ctid) FROM crankwheel.share_usage_daily)", "share_usage_daily: is there, is not there"},
		{"shares", "DELETE FROM crankwheel.share_engagement_daily WHERE ctid = (SELECT min(ctid) FROM crankwheel.share_engagement_daily)", "share_engagement_daily: is not there, is there"},
		{"share_visits", "UPDATE crankwheel.share_visits SET visit_id = 'ghost' WHERE ctid = (SELECT min(ctid) FROM crankwheel.share_visits)", "share_visits: is there, is not there"},
		{"share_details", "UPDATE crankwheel.share_details SET slug = 'ghost' WHERE ctid = (SELECT min(ctid) FROM crankwheel.share_details)", "share_details: is there, is not there"},
		{"user_access", "UPDATE crankwheel.users SET email = 'ghost@x.com' WHERE ctid = (SELECT min(ctid) FROM crankwheel.users)", "users: is there, is not there"},
		{"company_content", "DELETE FROM crankwheel.content_events WHERE ctid = (SELECT min(ctid) FROM crankwheel.content_events)", "content_events: is not there, is there"},
		{"usage_new", "UPDATE wheelhouse.loads SET source_seconds = source_seconds + 1 WHERE id = (SELECT max(id) FROM wheelhouse.loads WHERE stream = 'usage_new' AND status = 'loaded')", ": "},
	} {
		b.exec(tt.sql)
		v, found := b.verify(r, tt.stream)
		told := make([]string, len(found))
		for i, f := range found {
			told[i] = f.Table + ": " + f.Warehouse + ", " + f.API
		}
		if v.Equal() || !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, tt.want) }) {
			t.Errorf("after %s\n%+v %v", tt.sql, v, found)
		}
		b.repairAll(r, tt.stream)
		if v, found := b.verify(r, tt.stream); !v.Equal() {
			t.Fatalf("after %s: not repaired by a load: %v", tt.sql, found)
		}
	}
}

func TestVerifyTellsWhatIsNotLoadedAndWhatIsPersonal(t *testing.T) {
	t.Parallel()
	b, r := loadedAccount(t, nil)
	day := twelveDays.first.AddDate(0, 0, 1)
	b.rows("DELETE FROM wheelhouse.loads WHERE stream = 'usage_new' AND lower(span) = $1", day)
	if v, found := b.verify(r, "usage_new"); v.NotLoaded != 1 || len(found) != 1 || found[0].Warehouse != "not loaded" {
		t.Errorf("%+v %v", v, found)
	}
	b.exec("UPDATE crankwheel.demo_requests SET prospect_name = 'Jane Secret', handled_by = 'agent@x.com'")
	b.exec("UPDATE crankwheel.demo_answers SET answer = 'Jane Secret'")
	_, found := b.verify(r, "demo_usage")
	if s := fmt.Sprint(found); strings.Contains(s, "Secret") || !strings.Contains(s, "prospect_name differs differs") || !strings.Contains(s, "handled_by agent@x.com") {
		t.Errorf("%s", s)
	}
}

// If the API loses or doubles events in the last second of a day, the sums of the days are not the counts of the range.
func TestVerifyChecksBorders(t *testing.T) {
	t.Parallel()
	api := newCanned()
	b := newBench(t, api, mayDay, nil)
	r := Range{First: date("2026-03-10"), Last: date("2026-03-12"), Now: mayDay}
	counts := func(ofDay, ofRange int) {
		perWindow(t, api, "usage_shares", `{"stats":{"by_user":[{"email":"a@x.com","shares_count":%d,"plays_count":1}]}}`, ofDay, ofRange)
		perWindow(t, api, "demo_usage", `{"sessions":[],"total_canceled_requests":%d}`, ofDay, ofRange)
		perWindow(t, api, sharesPath, `{"data":[{"slug":"s","visits":%d,"plays":0,"cta_clicks":0}],"pagination":{"total":1}}`, ofDay, ofRange)
	}
	streams := []string{"usage_shares", "demo_usage", "shares"}
	counts(2, 6)
	b.mustRun(r, streams...)
	v, found := b.verify(r, streams...)
	if len(found) != 1 || found[0].Column != "plays" || found[0].Warehouse != "3" || found[0].API != "1" || v.Equal() {
		t.Errorf("only the plays differ: %+v %v", v, found)
	}
	counts(2, 7)
	_, found = b.verify(r, streams...)
	for _, want := range []string{"demo_cancellations_daily canceled 6 7", "share_engagement_daily visits 6 7", "share_usage_daily shares 6 7"} {
		if !slices.ContainsFunc(found, func(f Finding) bool {
			return f.Days == "2026-03-10 to 2026-03-12" && strings.Join([]string{f.Table, f.Column, f.Warehouse, f.API}, " ") == want
		}) {
			t.Errorf("%s is not found: %v", want, found)
		}
	}
	if v, found := b.verify(Range{First: r.First, Last: r.First, Now: mayDay}, streams...); !v.Equal() {
		t.Errorf("a single day has no border to check: %v", found)
	}
}

// perWindow answers with one number for the window of a day, and with another for a longer window.
func perWindow(t *testing.T, api *canned, path, body string, day, longer int) {
	api.answer(path, func(q url.Values) (int, string) {
		if windowOf(t, q) > 25*time.Hour {
			return 200, fmt.Sprintf(body, longer)
		}
		return 200, fmt.Sprintf(body, day)
	})
}

// verify finds every change by hand within a range of days, backfill --force repairs it, and then verify finds no difference
// (invariant 3).
func TestVerifyFindsAndForceRepairsEverything(t *testing.T) {
	t.Parallel()
	b, r := loadedAccount(t, nil)
	want := b.contents()
	for name, damage := range map[string][]string{
		"rows deleted, their children left": {
			"DELETE FROM crankwheel.demo_requests WHERE demo_id % 2 = 0", "DELETE FROM crankwheel.screen_sessions WHERE viewers = 1",
			"DELETE FROM crankwheel.contents WHERE content_id % 2 = 0", "DELETE FROM crankwheel.users", "DELETE FROM crankwheel.share_visits WHERE played",
			"DELETE FROM crankwheel.share_details", "DELETE FROM crankwheel.share_usage_daily WHERE plays > 0", "DELETE FROM crankwheel.demo_cancellations_daily",
			"DELETE FROM crankwheel.share_engagement_daily WHERE plays > 0",
		},
		"children deleted": {
			"DELETE FROM crankwheel.demo_answers", "DELETE FROM crankwheel.screen_session_events WHERE seq = 1", "DELETE FROM crankwheel.content_events",
		},
		"tables emptied": {"TRUNCATE crankwheel.screen_sessions, crankwheel.demo_requests, crankwheel.share_visits"},
		"rows added": {
			`INSERT INTO crankwheel.users SELECT (jsonb_populate_record(t, '{"email":"nobody@x.com"}')).* FROM crankwheel.users t LIMIT 1`,
			`INSERT INTO crankwheel.contents SELECT (jsonb_populate_record(t, '{"content_id":99999999}')).* FROM crankwheel.contents t LIMIT 1`,
			`INSERT INTO crankwheel.content_events SELECT (jsonb_populate_record(t, '{"seq":99}')).* FROM crankwheel.content_events t LIMIT 1`,
			`INSERT INTO crankwheel.share_usage_daily SELECT (jsonb_populate_record(t, '{"agent_email":"nobody@x.com"}')).* FROM crankwheel.share_usage_daily t ORDER BY day LIMIT 1`,
			`INSERT INTO crankwheel.share_visits SELECT (jsonb_populate_record(t, '{"visit_id":"none"}')).* FROM crankwheel.share_visits t ORDER BY visited_at LIMIT 1`,
			`INSERT INTO crankwheel.screen_sessions SELECT (jsonb_populate_record(t, jsonb_build_object('agent_email', 'nobody@x.com',
				'session_id', left(t.session_id::text, 24) || '000000000000'))).* FROM crankwheel.screen_sessions t ORDER BY started_at LIMIT 1`,
			`INSERT INTO crankwheel.screen_session_events SELECT (jsonb_populate_record(t, '{"seq":99}')).* FROM crankwheel.screen_session_events t ORDER BY session_id LIMIT 1`,
			`INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, local_day, local_hour, answered, load_id, loaded_at)
				SELECT account_id, 99999999, started_at, local_day, local_hour, false, load_id, now() FROM crankwheel.demo_requests ORDER BY started_at LIMIT 1`,
		},
		"sessions moved": {"UPDATE crankwheel.screen_sessions SET started_at = started_at - interval '1 year', agent_email = 'x' WHERE viewers > 1"},
	} {
		if testing.Short() && name != "rows deleted, their children left" && name != "rows added" {
			continue
		}
		for _, sql := range damage {
			b.exec(sql)
		}
		if v, _ := b.verify(r); v.Equal() {
			t.Errorf("%s: verify finds nothing", name)
		}
		forced := r
		forced.Force = true
		if result := b.run(forced); !result.OK() {
			t.Errorf("%s: %+v %v", name, result, b.lines("SELECT stream, error FROM wheelhouse.loads WHERE status = 'failed'"))
		}
		if v, found := b.verify(r); !v.Equal() {
			t.Errorf("%s: after backfill --force: %+v %v", name, v, found)
		}
	}
	b.exec("DELETE FROM crankwheel.users WHERE email = 'nobody@x.com'") // an added row is soft-deleted
	b.exec("DELETE FROM crankwheel.contents WHERE content_id = 99999999")
	b.exec("DELETE FROM crankwheel.share_visits WHERE visit_id = 'none'")
	b.exec("DELETE FROM crankwheel.screen_sessions WHERE agent_email = 'nobody@x.com'")
	b.exec("DELETE FROM crankwheel.demo_requests WHERE demo_id = 99999999")
	for table, rows := range b.contents() {
		if len(rows) < len(want[table])/2 {
			t.Errorf("%s: %d rows of %d", table, len(rows), len(want[table]))
		}
	}
}
