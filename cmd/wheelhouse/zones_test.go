package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
)

// newerZones makes a folder of time zone data with a zone that no server knows, Europe/Newtown, and with other rules for Europe/Lisbon.
// Both zones have Kyiv's clock.
func newerZones(t *testing.T) (folder string) {
	t.Helper()
	all, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	kyiv, err := all.Open("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(kyiv)
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "Europe"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, city := range []string{"Newtown", "Lisbon"} {
		if err := os.WriteFile(filepath.Join(folder, "Europe", city), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// twoAccounts returns a user with two accounts: good, in UTC, and other, in a given zone.
func twoAccounts(t *testing.T, dsn, zone string) user {
	t.Helper()
	u := newUser(t, account(t), dsn)
	api := strings.TrimPrefix(u.env[0], "CRANKWHEEL_URL=")
	u.env = append(u.env, "CRANKWHEEL_URL=", "WHEELHOUSE_HISTORY_FROM=", "CRANKWHEEL_API_KEY=", "THE_KEY="+key)
	file := "requests_per_second: 1000\nstreams:\n  share_visits:\n    requests_per_second: 1000\naccounts:\n"
	for id, zone := range map[string]string{"good": "UTC", "other": zone} {
		file += fmt.Sprintf("  - id: %s\n    server: %s\n    api_key_env: THE_KEY\n    timezone: %s\n    history_from: %s\n", id, api, zone,
			time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly))
	}
	if err := os.WriteFile(filepath.Join(u.dir, "schedules.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

// A zone that this program knows and the server does not know stops one account: the others are loaded.
func TestZoneThatTheServerDoesNotKnow(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := twoAccounts(t, dsn, "Europe/Newtown")
	u.env = append(u.env, "ZONEINFO="+newerZones(t))
	u.types(exitOK, "config", "check")

	const says = "account other: the database server does not know the time zone Europe/Newtown, which this program knows: write Europe/"
	_, stderr := u.types(exitUsage, "run")
	if i := strings.LastIndex(stderr, "wheelhouse: "+says); i < 0 || !strings.Contains(stderr[i:], "Europe/Kiev") {
		t.Errorf("run does not say %q, or names no zone to write:\n%s", says, stderr)
	}
	if n := mustQuery(t, dsn, "SELECT count(DISTINCT stream) || ' ' || string_agg(DISTINCT account_id, ',') FROM wheelhouse.loads WHERE status = 'loaded'"); n != "8 good" {
		t.Errorf("loaded: %s", n)
	}
	notOK, _ := u.checked(exitUsage)
	if fmt.Sprint(notOK) != "[fail zone other]" {
		t.Errorf("check: %q", notOK)
	}
	u.checked(exitOK, "--account", "good")
	u.types(exitOK, "run", "--account", "good")
	if _, stderr := u.types(exitUsage, "run", "--account", "other"); !strings.Contains(stderr, says) {
		t.Errorf("of this account alone:\n%s", stderr)
	}
	if stdout, _ := u.types(exitOK, "status"); !strings.Contains(stdout, "other: the database server does not know the time zone Europe/Newtown") {
		t.Errorf("status:\n%s", stdout)
	}
}

// A server may lose a zone with an upgrade of its operating system. The data of other accounts must stay readable.
func TestZoneThatTheServerNoLongerKnows(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	both := twoAccounts(t, dsn, "America/New_York")
	both.types(exitOK, "run")
	dirty := `INSERT INTO wheelhouse.dirty_days (account_id, day, load_id) SELECT account_id, local_day, max(load_id) FROM crankwheel.screen_sessions GROUP BY 1, 2`
	mustExec(t, dsn, dirty)
	views := mustQuery(t, dsn, `SELECT string_agg(format('(SELECT count(r.*) FROM bi.%I r)', relname), ' + ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v'`)
	perAccount := func(id string) string {
		return mustQuery(t, dsn, fmt.Sprintf(`SELECT (SELECT count(*) || ' ' || md5(string_agg(c.stream || c.day || c.status, ',' ORDER BY c.stream, c.day)) FROM bi.coverage c WHERE account_id = '%[1]s') || ' ' ||
			(SELECT md5(string_agg(d::text, ',' ORDER BY d.day, d.agent_email)) FROM bi.agent_daily d WHERE account_id = '%[1]s') || ' ' ||
			(SELECT sum(hour) FROM bi.screen_sessions WHERE account_id = '%[1]s')`, id))
	}
	before := perAccount("good")
	agents := mustQuery(t, dsn, "SELECT md5(string_agg(d::text, ',' ORDER BY d.day, d.agent_email)) FROM bi.agent_daily d")
	mustExec(t, dsn, "BEGIN; SET LOCAL session_replication_role = replica; UPDATE wheelhouse.accounts SET timezone = 'Mars/Olympus' WHERE account_id = 'other'; COMMIT")
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	both.types(exitOK, "verify", "--account", "good", "--from", yesterday, "--to", yesterday) // each run stores which zones the server knows

	mustQuery(t, dsn, "SELECT ("+views+")::text")
	if after := perAccount("good"); after != before {
		t.Errorf("the other account's views: %s, before %s", after, before)
	}
	if after := mustQuery(t, dsn, "SELECT md5(string_agg(d::text, ',' ORDER BY d.day, d.agent_email)) FROM bi.agent_daily d"); after != agents {
		t.Error("the figures of days depend on the zone of now")
	}
	if n := mustQuery(t, dsn, `SELECT (SELECT count(*) FROM bi.coverage WHERE account_id = 'other') || ' ' || (SELECT count(*) FROM bi.days WHERE account_id = 'other') || ' ' ||
		(SELECT count(*) FROM bi.accounts WHERE today IS NULL) || ' ' || (SELECT count(hour) FROM bi.screen_sessions WHERE account_id = 'other')`); n != "0 0 1 0" {
		t.Errorf("rows that depend on the unknown zone: %s", n)
	}
	u := newUser(t, account(t), dsn) // without the account in the settings
	u.env = append(u.env, "CRANKWHEEL_URL=", "CRANKWHEEL_API_KEY=", "WHEELHOUSE_HISTORY_FROM=")
	stdout, _ := u.types(exitOK, "status", "--json")
	var all []ledger.StreamStatus
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || len(all) != 16 {
		t.Fatalf("%d streams, %v", len(all), err)
	}
	for _, s := range all {
		if bad := s.Account == "other"; s.ZoneUnknown != bad || len(s.Covered) == 0 != bad || s.Last == nil || s.Rows == 0 {
			t.Errorf("%+v", s)
		}
	}
	if stdout, _ := u.types(exitOK, "status"); strings.Count(stdout, "other: the database server does not know the time zone Mars/Olympus, so its days cannot be listed") != 1 {
		t.Errorf("status:\n%s", stdout)
	}

	// Postgres ignores the case of a zone's name, and Go does not.
	mustExec(t, dsn, "BEGIN; SET LOCAL session_replication_role = replica; UPDATE wheelhouse.accounts SET timezone = 'europe/BERLIN' WHERE account_id = 'other'; COMMIT")
	if stdout, _ := u.types(exitOK, "status"); strings.Count(stdout, "other: this program does not know the time zone europe/BERLIN, which the database server knows") != 1 {
		t.Errorf("status:\n%s", stdout)
	}
	u = newUser(t, account(t), dsn)
	if notOK, all := u.checked(exitOK); fmt.Sprint(notOK) != "[warn zone other]" || !strings.Contains(fmt.Sprint(all), "which the database server knows and this program does not") {
		t.Errorf("check: %q", notOK)
	}

	// The remedy: load the account with a zone that both know.
	both.types(exitOK, "run")
	if n := mustQuery(t, dsn, "SELECT count(*)::text FROM bi.coverage WHERE account_id = 'other' AND status <> 'loaded' AND NOT partial"); n != "0" {
		t.Errorf("%s days of the account are not loaded with a known zone", n)
	}
}

func TestOtherRulesForAZoneAreShown(t *testing.T) {
	t.Parallel()
	u := twoAccounts(t, testdb.New(t), "Europe/Lisbon")
	u.checked(exitOK)
	u.env = append(u.env, "ZONEINFO="+newerZones(t))
	first := time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly)
	if notOK, all := u.checked(exitOK); fmt.Sprint(notOK) != "[warn zone other]" || !strings.Contains(fmt.Sprint(all), "have different rules for Europe/Lisbon, first on "+first) {
		t.Errorf("%q\n%+v", notOK, all)
	}
}

// serve loads the other accounts, too.
func TestServeLeavesAnUnknownZoneOut(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	u := twoAccounts(t, dsn, "Europe/Newtown")
	u.env = append(u.env, "ZONEINFO="+newerZones(t))
	cmd, _, errs := u.command("serve", "--log", "json,info")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if mustQuery(t, dsn, "SELECT count(DISTINCT stream)::text FROM wheelhouse.loads WHERE status = 'loaded' AND account_id = 'good'") == "8" {
			break
		}
		if time.Now().After(deadline) {
			t.Error("the account good is not loaded")
			break
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = cmd.Wait()                          // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), `"msg":"account left out","account":"other"`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
	if n := mustQuery(t, dsn, "SELECT count(*)::text FROM wheelhouse.accounts WHERE account_id = 'other'"); n != "0" {
		t.Error("the account with the unknown zone is stored")
	}
}
