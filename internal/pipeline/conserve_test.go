package pipeline

import (
	"strings"
	"testing"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/testdb"
)

// streamsOf returns the streams that insert into a table.
var streamsOf = map[string][]string{
	"demo_requests": {"demo_usage"}, "demo_answers": {"demo_usage"}, "demo_cancellations_daily": {"demo_usage"},
	"screen_sessions": {"usage_new"}, "screen_session_events": {"usage_new"}, "share_usage_daily": {"usage_shares"},
	"shares": {"shares", "share_visits"}, "share_engagement_daily": {"shares"}, "share_visits": {"share_visits"},
	"share_details": {"share_details"}, "users": {"user_access"}, "contents": {"company_content"}, "content_events": {"company_content"},
}

// If a row is not written, for example because of a trigger, the window fails, whichever table the row is for. Nothing of the window
// is stored, and without the fault the next run loads it.
func TestSwallowedRows(t *testing.T) {
	t.Parallel()
	now := twelveDays.runs[len(twelveDays.runs)-1]
	account := func(a *settings.Account) { a.HistoryFrom = twelveDays.first }
	clean := newBench(t, twelveDays.simulator(t, &now, nil), now, account)
	day := clean.day(twelveDays.last.AddDate(0, 0, -2).Format("2006-01-02"))
	b := newBench(t, twelveDays.simulator(t, &now, nil), now, account)
	b.rows(`CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	for _, table := range testdb.Tables(t, b.url) {
		if streamsOf[table] == nil {
			t.Errorf("add %s to streamsOf", table)
		}
		for _, stream := range streamsOf[table] {
			b.rows("CREATE TRIGGER swallow BEFORE INSERT ON crankwheel." + table + " FOR EACH ROW EXECUTE FUNCTION swallow()")
			result := b.run(day, stream)
			said := b.one("SELECT coalesce(error, status) FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
			if result.Failed != 1 || !strings.HasPrefix(said, "conservation: ") {
				t.Errorf("%s of %s: %+v: %s", table, stream, result, said)
			}
			b.rows("DROP TRIGGER swallow ON crankwheel." + table)
		}
	}
	for table, rows := range b.contents() {
		if len(rows) > 0 {
			t.Errorf("%d rows of failed windows are in %s", len(rows), table)
		}
	}
	clean.mustRun(day)
	b.mustRun(day)
	for table, rows := range clean.contents() {
		if len(rows) == 0 {
			t.Errorf("no row of %s: its trigger shows nothing", table)
		}
	}
	equal(t, "without the fault", clean.contents(), b.contents())
}

// The same for changed rows and their children.
func TestSwallowedChanges(t *testing.T) {
	t.Parallel()
	f := contended(t, &waits{})
	f.rows(`CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	before := f.contents()
	for _, on := range []string{"UPDATE ON crankwheel.demo_requests", "INSERT ON crankwheel.demo_answers"} {
		if strings.HasPrefix(on, "INSERT") { // children are written where they differ
			f.rows("UPDATE crankwheel.demo_answers SET answer = 'another'")
			before = f.contents()
		}
		f.rows("CREATE TRIGGER swallow BEFORE " + on + " FOR EACH ROW EXECUTE FUNCTION swallow()")
		result := f.run(f.day("2026-03-10"), "demo_usage")
		said := f.one("SELECT coalesce(error, status) FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
		if result.Failed != 1 || !strings.HasPrefix(said, "conservation: ") {
			t.Errorf("%s: %+v: %s", on, result, said)
		}
		f.rows("DROP TRIGGER swallow ON " + strings.SplitAfter(on, " ON ")[1])
	}
	equal(t, "afterwards", before, f.contents())
	f.mustRun(f.day("2026-03-10"), "demo_usage")
}
