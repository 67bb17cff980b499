package rollup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"wheelhouse/internal/rollup"
	"wheelhouse/internal/rollup/rolluptest"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// database is a migrated database and a connection to it.
type database struct {
	*testing.T
	dsn  string
	conn *pgx.Conn
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{T: t, dsn: testdb.NewDirect(t)}
	d.conn = d.connect()
	d.exec(testkit.LocalDays)
	return d
}

// withAccount makes a database with account a, in UTC.
func withAccount(t *testing.T) *database {
	t.Helper()
	d := newDatabase(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.example', 'UTC', '2026-03-01')`)
	return d
}

func (d *database) connect() *pgx.Conn {
	d.Helper()
	conn, err := pgx.Connect(d.Context(), d.dsn)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (d *database) exec(sql string) {
	d.Helper()
	if _, err := d.conn.Exec(d.Context(), sql); err != nil {
		d.Fatalf("%v\n%s", err, sql)
	}
}

func (d *database) value(sql string) string {
	d.Helper()
	var value string
	if err := d.conn.QueryRow(d.Context(), "SELECT ("+sql+")::text").Scan(&value); err != nil {
		d.Fatalf("%v\n%s", err, sql)
	}
	return value
}

func (d *database) want(sql, want string) {
	d.Helper()
	if got := d.value(sql); got != want {
		d.Errorf("%s is %s, want %s", sql, got, want)
	}
}

func (d *database) refresh() (days int) {
	d.Helper()
	days, err := rollup.Refresh(d.Context(), d.conn)
	if err != nil {
		d.Fatal(err)
	}
	return days
}

// session returns SQL that adds a session of a load, with its mark.
func session(account, agent, at string, load int) string {
	return fmt.Sprintf(`INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, load_id, loaded_at)
		VALUES ('%s', wheelhouse.session_id('%[1]s', '%[2]s', '%[3]s', 1), '%[2]s', '%[3]s', 1, 60, true, %[4]d, now());
		SELECT wheelhouse.mark_dirty('%[1]s', %[4]d, ARRAY['%[3]s'::timestamptz], '{}');`, account, agent, at, load)
}

// seed writes rows of every table that rollups sum, on several days.
const seed = `
	INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, duration_seconds, ended, viewers, load_id, loaded_at)
	SELECT 'a', wheelhouse.session_id('a', 'a' || n % 3 || '@x.example', at, 1), 'a' || n % 3 || '@x.example', at, 1, n, true, 2, 1, now()
	FROM (SELECT n, '2026-03-01 02:00Z'::timestamptz + n * interval '7 hours' AS at FROM generate_series(1, 60) n) s;
	INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, seconds_to_respond, handled_by, load_id, loaded_at)
	SELECT 'a', n, '2026-03-01 03:00Z'::timestamptz + n * interval '5 hours', n % 4 > 0, CASE WHEN n % 4 > 0 THEN n END, CASE WHEN n % 4 > 0 THEN 'b' || n % 2 || '@x.example' END, 1, now()
	FROM generate_series(1, 80) n;
	INSERT INTO crankwheel.shares (account_id, slug, load_id, loaded_at, deleted_at) SELECT 'a', 's' || n, 1, now(), CASE WHEN n = 2 THEN now() END FROM generate_series(1, 3) n;
	INSERT INTO crankwheel.share_engagement_daily (account_id, day, slug, visits, plays, cta_clicks, load_id, loaded_at)
	SELECT 'a', date '2026-03-01' + d, 's' || n, d + n, n, 1, 1, now() FROM generate_series(1, 3) n, generate_series(0, 15) d;
	SELECT wheelhouse.mark_dirty('a', 1, ARRAY(SELECT started_at FROM crankwheel.screen_sessions UNION SELECT started_at FROM crankwheel.demo_requests),
		ARRAY(SELECT day FROM crankwheel.share_engagement_daily));`

// Every view of bi shows the same with rollups, without them, and when they are refreshed again.
func TestDeletingAllRollupsChangesNoFigure(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(seed)
	if d.refresh() == 0 {
		t.Fatal("nothing was refreshed")
	}
	views := strings.Split(d.value(`SELECT string_agg(viewname, ' ') FROM pg_views WHERE schemaname = 'bi'`), " ")
	figures := func() map[string]string {
		t.Helper()
		all := map[string]string{}
		for _, view := range views {
			all[view] = d.value(`SELECT coalesce(string_agg(v::text, E'\n' ORDER BY v::text), '') FROM bi.` + view + ` v`)
		}
		return all
	}
	before := figures()
	for _, view := range []string{"session_daily", "request_hours", "video_daily", "agents", "agent_monthly", "share_monthly", "campaign_monthly"} {
		if before[view] == "" {
			t.Errorf("bi.%s is empty", view)
		}
	}
	check := func(when string) {
		t.Helper()
		for view, said := range figures() {
			if said != before[view] {
				t.Errorf("%s: bi.%s shows\n%s\nbefore:\n%s", when, view, said, before[view])
			}
		}
	}
	for _, remove := range []string{
		"TRUNCATE wheelhouse.agent_daily, wheelhouse.request_hours, wheelhouse.video_daily",
		"DELETE FROM wheelhouse.agent_daily; DELETE FROM wheelhouse.request_hours; DELETE FROM wheelhouse.video_daily",
	} {
		d.exec(remove)
		d.want(`SELECT count(*) FROM wheelhouse.agent_daily`, "0")
		check(remove)
		if d.refresh() == 0 {
			t.Errorf("%s left no day to refresh", remove)
		}
		check(remove + ", refreshed")
		d.want(`SELECT count(*) > 0 FROM wheelhouse.agent_daily`, "true")
	}
}

// If loads changed nothing that a rollup sums, a refresh removes their marks and writes no row of a rollup. It writes only the rows
// that differ.
func TestRefreshWritesWhatDiffers(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(seed)
	d.refresh()
	const places = `SELECT string_agg(concat(t.tableoid::regclass, t.ctid, t.xmin), ' ' ORDER BY 1) FROM (
		SELECT tableoid, ctid, xmin FROM wheelhouse.agent_daily UNION ALL SELECT tableoid, ctid, xmin FROM wheelhouse.request_hours
		UNION ALL SELECT tableoid, ctid, xmin FROM wheelhouse.video_daily) t`
	before := d.value(places)
	d.exec(`SELECT wheelhouse.mark_dirty('a', 2, '{}', ARRAY(SELECT day FROM wheelhouse.video_daily))`)
	if days := d.refresh(); days != 16 {
		t.Errorf("%d days were refreshed, want 16", days)
	}
	if after := d.value(places); after != before {
		t.Errorf("rows were written:\n%s\nbefore:\n%s", after, before)
	}
	rows := d.value(`SELECT count(*) FROM wheelhouse.agent_daily`)
	d.exec(session("a", "new@x.example", "2026-03-02 10:00Z", 3))
	last := d.value(`SELECT max(xmin::text::bigint) FROM wheelhouse.agent_daily`)
	d.refresh()
	d.want(`SELECT count(*) - `+rows+` FROM wheelhouse.agent_daily`, "1")
	d.want(`SELECT count(*) FROM wheelhouse.agent_daily WHERE xmin::text::bigint > `+last, "1")
	d.want(`SELECT count(*) FROM wheelhouse.dirty_days`, "0")
	rolluptest.Check(t, d.dsn, "refreshed")
}

// blocked runs a refresh that has read the warehouse and waits to write. It calls a function meanwhile, and then lets the refresh
// go on.
func (d *database) blocked(meanwhile func()) {
	d.Helper()
	other := d.connect()
	tx, err := other.Begin(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	if _, err := tx.Exec(d.Context(), "LOCK TABLE wheelhouse.agent_daily IN SHARE MODE"); err != nil {
		d.Fatal(err)
	}
	refreshed := make(chan error, 1)
	conn := d.connect()
	go func() {
		_, err := rollup.Refresh(d.Context(), conn)
		refreshed <- err
	}()
	d.waitFor(`SELECT count(*) = 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
		WHERE NOT granted AND relation = 'wheelhouse.agent_daily'::regclass AND datname = current_database()`) // databases have tables of one number
	meanwhile()
	if err := tx.Commit(d.Context()); err != nil {
		d.Fatal(err)
	}
	select {
	case err := <-refreshed:
		if err != nil {
			d.Error(err)
		}
	case <-time.After(30 * time.Second):
		d.Fatal("the refresh does not end")
	}
}

func (d *database) waitFor(sql string) {
	d.Helper()
	for range 1000 {
		if d.value(sql) == "true" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.Fatalf("waited too long: %s", sql)
}

// A load that commits during a refresh leaves its day dirty, and the views show its rows.
func TestLoadDuringARefreshLeavesItsDayDirty(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(session("a", "one@x.example", "2026-03-02 10:00Z", 1))
	d.blocked(func() { d.exec(session("a", "two@x.example", "2026-03-02 11:00Z", 2)) })
	d.want(`SELECT string_agg(concat(day, ' ', load_id), ',') FROM wheelhouse.dirty_days`, "2026-03-02 2")
	d.want(`SELECT count(*) FROM wheelhouse.agent_daily`, "1")
	rolluptest.Check(t, d.dsn, "loaded during a refresh")
	d.refresh()
	d.want(`SELECT count(*) FROM wheelhouse.dirty_days`, "0")
	rolluptest.Check(t, d.dsn, "refreshed")
}

// A change of the zone during a refresh waits for the refresh, and then marks all days.
func TestZoneWaitsForARefresh(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(session("a", "late@x.example", "2026-03-02 23:00Z", 1))
	changed := make(chan error, 1)
	other := d.connect()
	d.blocked(func() {
		go func() {
			_, err := other.Exec(d.Context(), `UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
			changed <- err
		}()
		d.waitFor(`SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE NOT granted AND locktype IN ('transactionid', 'tuple') AND datname = current_database()`)
	})
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
	rolluptest.Check(t, d.dsn, "in Tokyo")
	d.want(`SELECT string_agg(day::text, ',') FROM bi.session_daily`, "2026-03-03")
	d.refresh()
	rolluptest.Check(t, d.dsn, "in Tokyo, refreshed")
	d.want(`SELECT string_agg(day::text, ',') FROM wheelhouse.agent_daily`, "2026-03-03")
}

// A load that began before the zone changed cannot mark days of the old zone: it fails with an error that is tried again.
func TestLoadAcrossAChangeOfTheZoneIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	tx, err := d.connect().BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM wheelhouse.accounts`); err != nil {
		t.Fatal(err)
	}
	d.exec(`UPDATE wheelhouse.accounts SET timezone = 'Asia/Tokyo'`)
	_, err = tx.Exec(t.Context(), session("a", "a@x.example", "2026-03-02 23:00Z", 1))
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != pgerrcode.SerializationFailure {
		t.Errorf("marking gives %v, want a serialization failure", err)
	}
}

// A change of an account's other settings marks no day, and reads no requests.
func TestOtherSettingsOfAnAccountMoveNoDay(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(seed)
	d.refresh()
	// Reading all requests would repair a wrong day.
	d.exec(`UPDATE crankwheel.demo_requests SET local_hour = 23 WHERE demo_id = 1`)
	record := func(zone, from string) {
		d.exec(fmt.Sprintf(`INSERT INTO wheelhouse.accounts AS a VALUES ('a', 'https://x.example', '%s', '%s') ON CONFLICT (account_id) DO UPDATE
			SET server = excluded.server, timezone = excluded.timezone, history_from = excluded.history_from`, zone, from))
	}
	record("UTC", "2026-04-01")
	d.want(`SELECT local_hour FROM crankwheel.demo_requests WHERE demo_id = 1`, "23")
	d.want(`SELECT count(*) FROM wheelhouse.dirty_days`, "0")
	record("Asia/Tokyo", "2026-04-01")
	d.want(`SELECT local_hour FROM crankwheel.demo_requests WHERE demo_id = 1`, "17")
	d.want(`SELECT count(*) > 0 FROM wheelhouse.dirty_days`, "true")
}

// Processes that refresh at the same time refresh each day once, and none fails.
func TestRefreshersAtOnce(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(seed)
	pool, err := pgxpool.New(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	stop := make(chan struct{})
	var loading, refreshing sync.WaitGroup
	loading.Go(func() {
		conn := d.connect()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			sql := session("a", fmt.Sprintf("load%d@x.example", n), fmt.Sprintf("2026-03-%02d 10:00Z", 1+n%20), 100+n)
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 4 {
		refreshing.Go(func() {
			for range 15 {
				if _, err := rollup.Refresh(t.Context(), pool); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range 5 {
		rolluptest.Check(t, d.dsn, fmt.Sprintf("look %d", n))
	}
	refreshing.Wait()
	close(stop)
	loading.Wait()
	d.refresh()
	d.want(`SELECT count(*) FROM wheelhouse.dirty_days`, "0")
	rolluptest.Check(t, d.dsn, "at the end")
}

// While another process refreshes an account, Refresh leaves the account dirty.
func TestAccountThatIsBeingRefreshedIsPassedOver(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('b', 'https://x.example', 'UTC', '2026-03-01')`)
	d.exec(session("a", "a@x.example", "2026-03-02 10:00Z", 1))
	d.exec(session("b", "b@x.example", "2026-03-02 10:00Z", 2))
	if _, err := d.connect().Exec(t.Context(), `SELECT pg_advisory_lock(hashtext('wheelhouse.rollups'), hashtext('a'))`); err != nil {
		t.Fatal(err)
	}
	if days := d.refresh(); days != 1 {
		t.Errorf("%d days were refreshed, want 1", days)
	}
	d.want(`SELECT string_agg(account_id, ',') FROM wheelhouse.dirty_days`, "a")
}

// The error names an account that cannot be refreshed. The other accounts are refreshed, and their views work.
func TestOneAccountsFailureIsItsOwn(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('No', 'https://x.example', 'UTC', '2026-03-01');
		CREATE FUNCTION wheelhouse.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
		CREATE TRIGGER fail BEFORE INSERT ON wheelhouse.agent_daily FOR EACH ROW WHEN (NEW.account_id = 'No') EXECUTE FUNCTION wheelhouse.fail()`)
	d.exec(session("No", "n@x.example", "2026-03-01 10:00Z", 1))
	d.exec(session("a", "a@x.example", "2026-03-02 10:00Z", 1))
	for _, view := range []string{"session_daily", "agent_daily", "request_hours", "video_daily", "agents", "agent_monthly"} {
		d.exec("SELECT * FROM bi." + view + " WHERE account_id = 'a'")
	}
	days, err := rollup.Refresh(t.Context(), d.conn)
	if err == nil || !strings.Contains(err.Error(), "refresh rollups of No: ") {
		t.Errorf("the error is %v", err)
	}
	if days != 1 {
		t.Errorf("%d days were refreshed, want 1", days)
	}
	d.want(`SELECT string_agg(account_id, ',') FROM wheelhouse.dirty_days`, "No")
}

// The days of rows are stored. So a zone that the server no longer knows does not stop the refresh of its account.
func TestUnknownZoneIsRefreshed(t *testing.T) {
	t.Parallel()
	d := withAccount(t)
	d.exec(session("a", "a@x.example", "2026-03-02 10:00Z", 1))
	d.exec(`SET session_replication_role = replica; -- as if the server had lost the zone
		UPDATE wheelhouse.accounts SET timezone = 'No/Where';
		RESET session_replication_role`)
	d.want("SELECT string_agg(day || ' ' || sessions, ',') FROM bi.agent_daily", "2026-03-02 1")
	if days := d.refresh(); days != 1 {
		t.Errorf("%d days were refreshed, want 1", days)
	}
	d.want("SELECT string_agg(day || ' ' || sessions, ',') FROM bi.agent_daily", "2026-03-02 1")
}

// A clock that goes back from just after midnight shows the day before once more. Each session then is counted once, with its day clean or dirty.
func TestDayThatComesBack(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.example', 'America/St_Johns', '2010-11-01')`)
	sessions := 0
	for n, at := range []string{"2010-11-07 01:00Z", "2010-11-07 02:45Z", "2010-11-07 06:00Z", "2010-11-07 02:50Z"} { // at 02:31Z it is again 23:01 on the 6th
		d.exec(session("a", "a@x.example", at, n+1))
		sessions++
		for range 2 {
			d.want(`SELECT sum(sessions) FROM bi.session_daily`, fmt.Sprint(sessions))
			d.refresh()
		}
	}
}

// More days than fit into one transaction, with one in the year 10000.
func TestManyDaysUpToTheYear10000(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.example', 'Asia/Tokyo', '2020-01-01');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at)
		SELECT 'a', wheelhouse.session_id('a', 'a@x.example', at, 1), 'a@x.example', at, 1, false, 1, now()
		FROM (SELECT '2020-01-01 00:00Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 900) n UNION ALL SELECT '9999-12-31 20:00Z') x (at);
		SELECT wheelhouse.mark_dirty('a', 1, array_agg(started_at), '{}') FROM crankwheel.screen_sessions`)
	if days := d.refresh(); days != 901 {
		t.Errorf("%d days were refreshed, want 901", days)
	}
	d.want(`SELECT count(*) FROM wheelhouse.agent_daily`, "901")
	d.want(`SELECT count(*) FROM wheelhouse.dirty_days`, "0")
	d.want(`SELECT sum(sessions) FROM bi.session_daily`, "901")
}

// Each change marks its days.
func TestMarkedDays(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.exec(`INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.example', 'America/New_York', '2020-01-01')`)
	for call, want := range map[string]string{
		`'a', 1, ARRAY['2026-03-02 04:59Z', '2026-03-02 05:00Z']::timestamptz[], '{}'`:       "2026-03-01,2026-03-02",
		`'a', 1, '{}', ARRAY['2026-03-05', '2026-03-05', NULL]::date[]`:                      "2026-03-05",
		`'a', 1, ARRAY['2026-03-02 12:00Z', NULL]::timestamptz[], ARRAY['2026-03-02'::date]`: "2026-03-02",
		`'a', 1, NULL, NULL`: "",
		`'unknown', 1, ARRAY['2026-03-02 04:59Z'::timestamptz], '{}'`: "2026-03-02",
	} {
		d.exec("SELECT wheelhouse.mark_dirty(" + call + ")")
		d.want(`SELECT coalesce(string_agg(day::text, ',' ORDER BY day), '') FROM wheelhouse.dirty_days`, want)
		d.exec("DELETE FROM wheelhouse.dirty_days")
	}
}
