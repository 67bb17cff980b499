package migrations

import (
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Every view with an agent's address shows the agent's latest name. Two concurrent loads do not leave an older name: one of them fails,
// and is tried again.
func TestLatestNamesOfAgents(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	const names = `SELECT agent_name FROM bi.agents`
	add := `INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, load_id, loaded_at) VALUES ('a', $1, 'a@x.is', $2, 1, 1, 1, now())`
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2026-03-01')`)
	exec(t, conn, add, "2026-03-01", "Ann")
	exec(t, conn, `INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, local_day, occurrence, ended, load_id, loaded_at)
		VALUES ('a', wheelhouse.session_id('a', 'a@x.is', '2026-03-01Z', 1), 'a@x.is', '2026-03-01Z', '2026-03-01', 1, true, 1, now());
		INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, local_day, local_hour, answered, handled_by, load_id, loaded_at)
		VALUES ('a', 1, '2026-03-01Z', '2026-03-01', 0, true, 'a@x.is', 1, now())`)
	exec(t, conn, `SELECT wheelhouse.mark_dirty('a', 1, '{}', ARRAY['2026-03-01'::date, '2026-03-02'])`)

	other := dial(t, db)
	repeatable := pgx.TxOptions{IsoLevel: pgx.RepeatableRead}
	early, err := conn.BeginTx(t.Context(), repeatable)
	if err != nil {
		t.Fatal(err)
	}
	late, err := other.BeginTx(t.Context(), repeatable)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Exec(t.Context(), "SELECT count(*) FROM bi.agents"); err != nil { // takes its snapshot
		t.Fatal(err)
	}
	if _, err := late.Exec(t.Context(), add, "2026-03-03", "Ann"); err != nil { // the same name on a later day
		t.Fatal(err)
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Exec(t.Context(), add, "2026-03-02", "Anna"); sqlState(err) != "40001" {
		t.Errorf("an older name was written beside a newer one: %v", err)
	}
	if err := early.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, add, "2026-03-02", "Anna")
	want(t, conn, names, "Ann")

	// One load removes the latest day while another adds an earlier one, which changes neither the name nor its day.
	if early, err = conn.BeginTx(t.Context(), repeatable); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Exec(t.Context(), `SELECT FROM crankwheel.share_usage_daily`); err != nil {
		t.Fatal(err)
	}
	exec(t, other, add, "2026-02-01", "Annie")
	if _, err := early.Exec(t.Context(), `DELETE FROM crankwheel.share_usage_daily WHERE day = '2026-03-03'`); sqlState(err) != "40001" {
		t.Errorf("the latest name was removed without a look at the others: %v", err)
	}
	if err := early.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	exec(t, conn, add, "2026-03-04", nil) // a day without a name
	want(t, conn, names, "Ann")
	exec(t, conn, `DELETE FROM crankwheel.share_usage_daily WHERE day = '2026-03-03'`)
	want(t, conn, names, "Anna")
	want(t, conn, `SELECT (SELECT agent_name FROM bi.screen_sessions), (SELECT handled_by_name FROM bi.demo_requests), (SELECT agent_name FROM bi.agent_daily WHERE day = '2026-03-01')`, "Anna|Anna|Anna")
	exec(t, conn, `UPDATE crankwheel.share_usage_daily SET agent_email = 'b@x.is' WHERE day = '2026-03-02'`)
	want(t, conn, names+` WHERE agent_email = 'b@x.is'`, "Anna")
	want(t, conn, `SELECT agent_name FROM bi.screen_sessions`, "Ann")
	exec(t, conn, `TRUNCATE crankwheel.share_usage_daily`)
	want(t, conn, `SELECT count(*) FROM wheelhouse.agent_names`, "0")
	want(t, conn, `SELECT agent_name FROM bi.screen_sessions`, "∅")
}

// bi.days also has the days on which nothing happened.
func TestAllDays(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'Pacific/Apia', '2011-12-01'), ('b', 'https://x.is', 'UTC', current_date + 1), ('c', 'https://x.is', 'UTC', '-infinity')`)
	want(t, conn, `SELECT account_id, count(DISTINCT day), count(*) = (now() AT TIME ZONE 'Pacific/Apia')::date - date '2011-12-01' + 1, min(day) FROM bi.days GROUP BY 1`,
		value[string](t, conn, `SELECT concat('a|', (now() AT TIME ZONE 'Pacific/Apia')::date - date '2011-12-01' + 1, '|t|2011-12-01')`))
}

// A role with grants of its own on the views of bi reads them after the migrations, too.
func TestRolesWithTheirOwnGrantsGoOnReading(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	downTo(t, db, 18)
	conn := dial(t, db)
	role := fmt.Sprintf(`"Own reader %d"`, os.Getpid())
	exec(t, conn, fmt.Sprintf(`CREATE ROLE %[1]s; GRANT USAGE ON SCHEMA bi TO %[1]s; GRANT SELECT ON ALL TABLES IN SCHEMA bi TO %[1]s; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bi TO %[1]s`, role))
	defer exec(t, conn, fmt.Sprintf(`DROP OWNED BY %[1]s; DROP ROLE %[1]s`, role))
	mustUp(t, db)
	exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ('default', 'https://x.is', 'UTC', current_date)`)
	as(t, conn, role, func() {
		for _, view := range lines(t, conn, aView) {
			exec(t, conn, "SELECT * FROM "+view)
		}
	})
}
