package pipeline

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/rollup"
	"wheelhouse/internal/rollup/rolluptest"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/stream"
	"wheelhouse/internal/testdb"
	"wheelhouse/migrations"
)

// releasedVersion is the version of the schema of the last release.
const releasedVersion = 11

// upgradeDays are twelveDays with a last run at a time at which the zones of the test have one date.
var upgradeDays = history{
	first: twelveDays.first, last: twelveDays.last,
	runs: append(slices.Clone(twelveDays.runs[:3]), time.Date(2026, 3, 7, 15, 0, 0, 0, time.UTC)),
}

// A warehouse of the last release is migrated and loaded on: its rows, the ids of its sessions and the figures of its views are those of
// a warehouse that was loaded afresh, also if the account has another zone from the same moment.
func TestUpgradedWarehouseIsAsAFreshOne(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Kolkata"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			var api *simulator.Simulator
			keep := func(h http.Handler) http.Handler { api = h.(*simulator.Simulator); return h }
			url := releasedDatabase(t)
			released := testdb.Tables(t, url)
			before := upgradeDays.load(t, nil, func(a *settings.Account) { keepStreams(a, released) }, keep)
			forget(t, api)
			forced := before.account.Nightly(before.now)
			forced.First, forced.Force = upgradeDays.first, true
			if n := before.mustRun(forced).Counts.Deleted; n == 0 {
				t.Error("no row is deleted")
			}

			for table, rows := range before.contents() {
				if slices.Contains(released, table) && len(rows) < 3 {
					t.Errorf("%s has %d rows: the comparison says nothing of it", table, len(rows))
				}
			}
			copyWarehouse(t, before.url, url)
			if from, to, err := migrations.Up(t.Context(), url); err != nil || from != releasedVersion || to != migrations.Latest() {
				t.Fatalf("from %d to %d: %v", from, to, err)
			}
			move := func(a *settings.Account) {
				keepStreams(a, released)
				moveTo(t, a, zone)
			}
			after := newBenchAt(t, url, api, before.now, move)
			after.account.accept.Store(true) // the same account at another address
			equal(t, "migrated", before.contents(), after.contents())
			same(t, "ids, migrated", before.sessionIDs(), after.sessionIDs())
			same(t, "figures, migrated", before.figures(), after.figures())
			rolluptest.Check(t, url, "migrated")

			fresh := before
			if zone != "UTC" {
				fresh = upgradeDays.load(t, nil, move, func(h http.Handler) http.Handler {
					forget(t, h.(*simulator.Simulator))
					return h
				})
			}
			after.mustRun(after.account.Nightly(after.now))
			equal(t, "loaded on", live(fresh.contents()), live(after.contents()))
			same(t, "ids, loaded on", fresh.sessionIDs(), after.sessionIDs())
			same(t, "figures, loaded on", fresh.figures(), after.figures())
			rolluptest.Check(t, url, "loaded on")
			if _, err := rollup.Refresh(t.Context(), after.own); err != nil {
				t.Fatal(err)
			}
			same(t, "figures, refreshed", fresh.figures(), after.figures())
			rolluptest.Check(t, url, "refreshed")
		})
	}
}

// keepStreams switches off the streams that the release did not have: those whose main table is not among tables.
func keepStreams(a *settings.Account, tables []string) {
	for i, s := range stream.All {
		a.Streams[i].Enabled = slices.Contains(tables, s.MainTable)
	}
}

// moveTo changes an account's zone. In the new zone, history_from is the day that contains the old beginning of the history.
func moveTo(t *testing.T, a *settings.Account, zone string) {
	t.Helper()
	a.Zone = mustZone(t, zone)
	a.HistoryFrom = startOf(dayOf(upgradeDays.first, a.Zone), a.Zone)
}

// A reject of the last release is the reject of its window: the same record again is no further reject, and a window without the record
// resolves it.
func TestUpgradedRejectsBelongToTheirWindows(t *testing.T) {
	t.Parallel()
	api := newCanned()
	say := func(request, user string) {
		api.say("demo_usage", `{"total_canceled_requests":0,"sessions":[`+request+`]}`)
		api.say("user_access", `[`+user+`]`)
	}
	const day = "2026-03-10"
	streams := []string{"demo_usage", "user_access"}
	before := newBench(t, api, mayDay, nil)
	say(`{"id":"soon"}`, `{"email":null}`)
	before.again(day, streams...)
	const rejects = "SELECT stream, window_from::text, resolved_at IS NOT NULL, last_seen_at > first_seen_at FROM wheelhouse.rejects ORDER BY stream"
	before.want("demo_usage|2026-03-10 00:00:00+00|false|false\nuser_access|-infinity|false|false", rejects)

	url := releasedDatabase(t)
	copyWarehouse(t, before.url, url)
	if _, _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	after := newBenchAt(t, url, api, before.now, nil)
	after.account.accept.Store(true) // the same account at another address
	after.again(day, streams...)
	after.want("demo_usage|2026-03-10 00:00:00+00|false|true\nuser_access|-infinity|false|true", rejects)
	say("", "")
	after.again(day, streams...)
	after.want("demo_usage|2026-03-10 00:00:00+00|true|true\nuser_access|-infinity|true|true", rejects)
}

// forget has the account forget a session and a request.
func forget(t *testing.T, api *simulator.Simulator) {
	t.Helper()
	_, err := api.Mutate(date("2026-02-26"), func(d *simulator.Day) { d.Sessions, d.Requests = d.Sessions[1:], d.Requests[1:] })
	if err != nil {
		t.Fatal(err)
	}
}

// releasedDatabase is an empty warehouse whose schema is the last release's, made by its own files.
func releasedDatabase(t *testing.T) (url string) {
	t.Helper()
	url = testdb.NewDirect(t)
	conn := mustConnect(t, url)
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	exec(`DROP SCHEMA bi, crankwheel, wheelhouse CASCADE; CREATE SCHEMA wheelhouse;
		CREATE TABLE wheelhouse.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`)
	for version := 1; version <= releasedVersion; version++ {
		files, err := filepath.Glob(fmt.Sprintf("../../migrations/%04d_*.up.sql", version))
		if err != nil || len(files) != 1 {
			t.Fatalf("migration %d: %v %v", version, files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		exec("BEGIN; SET LOCAL search_path = pg_catalog;\n" + string(text) + "\n; COMMIT")
	}
	exec(fmt.Sprintf("INSERT INTO wheelhouse.schema_migrations VALUES (%d, false)", releasedVersion))
	return url
}

// copyWarehouse copies the rows of a warehouse into one of the last release, with sums that are wrong: an upgrade must not believe them.
func copyWarehouse(t *testing.T, from, to string) {
	t.Helper()
	source, target := mustConnect(t, from), mustConnect(t, to)
	const columnsOf = `SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attname`
	columns := func(conn *pgx.Conn, table string) []string {
		t.Helper()
		rows, err := conn.Query(t.Context(), columnsOf, table)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	tables := []string{"wheelhouse.accounts", "wheelhouse.runs", "wheelhouse.loads", "wheelhouse.rejects"}
	for _, table := range testdb.Tables(t, to) {
		tables = append(tables, "crankwheel."+table)
	}
	for _, table := range tables {
		known := columns(source, table)
		both := slices.DeleteFunc(columns(target, table), func(c string) bool { return !slices.Contains(known, c) })
		read := strings.Join(both, ", ")
		if table == "crankwheel.shares" { // the release has one column for two loads
			read = strings.Replace(read, "load_id", "coalesce(load_id, detail_load_id)", 1)
		}
		var rows bytes.Buffer
		if _, err := source.PgConn().CopyTo(t.Context(), &rows, "COPY (SELECT "+read+" FROM "+table+") TO STDOUT (FORMAT binary)"); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		if _, err := target.PgConn().CopyFrom(t.Context(), &rows, "COPY "+table+" ("+strings.Join(both, ", ")+") FROM STDIN (FORMAT binary)"); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	_, err := target.PgConn().Exec(t.Context(), `
		SELECT setval(pg_get_serial_sequence('wheelhouse.runs', 'id'), (SELECT max(id) FROM wheelhouse.runs));
		SELECT setval(pg_get_serial_sequence('wheelhouse.loads', 'id'), (SELECT max(id) FROM wheelhouse.loads));
		SELECT setval(pg_get_serial_sequence('wheelhouse.rejects', 'id'), (SELECT max(id) FROM wheelhouse.rejects));
		INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, recordings)
		SELECT account_id, started_at::date, agent_email, 777, 777 FROM crankwheel.screen_sessions GROUP BY 1, 2, 3;
		INSERT INTO wheelhouse.request_hours SELECT account_id, started_at::date, 1, 777, 777, 777, 777, NULL FROM crankwheel.demo_requests GROUP BY 1, 2;
		INSERT INTO wheelhouse.video_daily SELECT account_id, day, 777, 777, 777 FROM crankwheel.share_engagement_daily GROUP BY 1, 2;
		INSERT INTO wheelhouse.session_summaries SELECT account_id, 'UTC', '{(,2026-03-05)}', now() FROM wheelhouse.accounts`).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
}

// live leaves deleted rows out: a warehouse that was loaded later never had them. Sessions are shown with their events.
func live(c testdb.Contents) testdb.Contents {
	delete(c, "screen_session_events")
	for table, rows := range c {
		c[table] = slices.DeleteFunc(rows, func(row string) bool { return strings.Contains(row, `"deleted": true`) })
	}
	return c
}

// sessionIDs are the ids of the sessions that are not deleted. Same-second sessions are left out: their numbers depend on the order of arrival.
func (b *bench) sessionIDs() []string {
	b.t.Helper()
	return b.lines(`SELECT session_id::text, agent_email, started_at::text FROM crankwheel.screen_sessions s
		WHERE deleted_at IS NULL AND NOT EXISTS (SELECT FROM crankwheel.screen_sessions o
			WHERE o.account_id = s.account_id AND o.agent_email = s.agent_email AND o.started_at = s.started_at AND o.session_id <> s.session_id) ORDER BY 1`)
}

// fraction is a number whose last digits depend on the order in which numbers were added up.
var fraction = regexp.MustCompile(`\d+\.\d+`)

func rounded(number string) string {
	x, _ := strconv.ParseFloat(number, 64) // digits
	return strconv.FormatFloat(x, 'f', 6, 64)
}

// figures returns the rows of all views of bi that show data, without the columns about loads. Which days a snapshot covers depends on the
// loads of the time, and is left out.
func (b *bench) figures() (all []string) {
	b.t.Helper()
	for _, view := range b.lines(`SELECT relname::text FROM pg_class WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v'
		AND relname NOT IN ('accounts', 'loads', 'runs', 'load_rows', 'rejects', 'coverage', 'covered') ORDER BY 1`) {
		rows := b.lines(`SELECT (to_jsonb(v) - '{session_id,occurrence,load_id,detail_load_id,loaded_at}'::text[])::text FROM bi.` + view + ` v ORDER BY 1`)
		for _, row := range rows {
			all = append(all, view+" "+fraction.ReplaceAllStringFunc(row, rounded))
		}
	}
	return append(all, b.lines(`SELECT 'coverage', stream, day::text, status FROM bi.coverage WHERE day BETWEEN $1 AND $2
		AND stream NOT IN (SELECT stream FROM wheelhouse.streams WHERE grain = 'snapshot') ORDER BY 2, 3`, upgradeDays.first, upgradeDays.last)...)
}

// same fails with the lines that only one side has.
func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	lacks := func(one, other []string) (all []string) {
		for _, line := range one {
			if !slices.Contains(other, line) {
				all = append(all, line)
			}
		}
		return all[:min(5, len(all))]
	}
	if missing, more := lacks(want, got), lacks(got, want); len(missing)+len(more) > 0 || len(want) != len(got) || len(want) == 0 {
		t.Errorf("%s: %d lines, want %d\nmissing %s\nmore %s", what, len(got), len(want), strings.Join(missing, "\n  "), strings.Join(more, "\n  "))
	}
}
