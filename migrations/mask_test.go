package migrations

import (
	"strings"
	"testing"

	"wheelhouse/internal/testkit"

	"github.com/jackc/pgx/v5"
)

func insertRequest(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	exec(t, conn, testkit.LocalDays+`
		INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, load_id, loaded_at,
			prospect_name, prospect_email, prospect_phone, prospect_company, prospect_job_title, prospect_website, prospect_location,
			request_origin, utm_source, utm_content, extra)
		VALUES ('default', 1, '2024-03-01Z', false, 1, now(),
			'Jói', 'joi@crankwheel.com', '+354 54321', 'CrankWheel', 'Chief Wheel', 'joi.is', 'Kopavogur, Iceland',
			'https://x.is/ss/showu/ACME/joi?mail=joi@x.is#joi', 'mail', 'to-joi@x.is', '{"secret": "joi"}');
		INSERT INTO crankwheel.demo_answers VALUES ('default', 1, 'shoesize', '43 like joi'), ('default', 1, 'hat', NULL);
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at, viewer_locations, recording_url)
		VALUES ('default', wheelhouse.session_id('default', 'a@x.is', '2024-03-01Z', 1), 'a@x.is', '2024-03-01Z', 1, true, 1, now(),
			ARRAY['Kopavogur, Iceland', 'Norway'], 'https://x.is/joi')`)
}

const personal = `SELECT prospect_name, prospect_email, prospect_phone, prospect_company, prospect_job_title, prospect_website, prospect_location,
	request_origin, utm_source, utm_medium, utm_content FROM bi.demo_requests`

func TestMasking(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	insertRequest(t, conn)

	plain := func(c *pgx.Conn) {
		t.Helper()
		want(t, c, personal, "Jói|joi@crankwheel.com|+354 54321|CrankWheel|Chief Wheel|joi.is|Kopavogur, Iceland|"+
			"https://x.is/ss/showu/ACME/joi?mail=joi@x.is#joi|mail|∅|to-joi@x.is")
		want(t, c, `SELECT question, answer FROM bi.demo_answers ORDER BY 1`, "hat|∅", "shoesize|43 like joi")
		want(t, c, `SELECT utm_content FROM bi.utm_performance`, "to-joi@x.is")
		want(t, c, `SELECT viewer_locations, recording_url FROM bi.screen_sessions`, `{"Kopavogur, Iceland",Norway}|https://x.is/joi`)
	}
	masked := func(c *pgx.Conn) {
		t.Helper()
		want(t, c, personal, "***|***|***|***|***|***|Iceland|https://x.is/ss/showu/ACME|mail|∅|***")
		want(t, c, `SELECT question, answer FROM bi.demo_answers ORDER BY 1`, "hat|∅", "shoesize|***")
		want(t, c, `SELECT utm_content FROM bi.utm_performance`, "***")
		want(t, c, `SELECT viewer_locations, recording_url FROM bi.screen_sessions`, `{Iceland,Norway}|***`)
		for _, view := range lines(t, c, aView) {
			if rows := strings.Join(lines(t, c, "SELECT * FROM "+view), "\n"); strings.Contains(strings.ToLower(rows), "joi") {
				t.Errorf("%s shows %s", view, rows)
			}
		}
	}
	plain(conn)
	as(t, conn, "wheelhouse_pii_reader", func() { plain(conn) })
	as(t, conn, "wheelhouse_reader", func() { masked(conn) })
	as(t, conn, "wheelhouse_loader", func() { masked(conn) })

	name, user := newLogin(t, serverURL, "")
	exec(t, conn, "GRANT wheelhouse_reader TO "+name)
	person := dial(t, address(t, serverURL, value[string](t, conn, `SELECT current_database()`), user))
	masked(person)
	exec(t, conn, "GRANT wheelhouse_pii_reader TO "+name)
	plain(person)
	exec(t, conn, "ALTER ROLE "+name+" NOINHERIT") // has the right only after SET ROLE
	exec(t, person, "SET ROLE wheelhouse_reader")
	masked(person)
	exec(t, person, "SET ROLE wheelhouse_pii_reader")
	plain(person)

	if _, to, err := Down(t.Context(), db, 1); err != nil || to >= Latest() {
		t.Fatal(to, err)
	}
}

// A reader's own function never sees a row that a view leaves out because the row, or its parent, is deleted.
func TestDeletedRowsCannotBeSeen(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	exec(t, conn, testkit.LocalDays+`
		INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, load_id, loaded_at, handled_by, deleted_at) VALUES ('a', 1, '2024-03-02Z', false, 1, now(), 'deleted@x.is', now());
		INSERT INTO crankwheel.demo_answers VALUES ('a', 1, 'deleted', 'deleted');
		INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, occurrence, ended, load_id, loaded_at, deleted_at)
		VALUES ('a', wheelhouse.session_id('a', 'deleted@x.is', '2024-03-01Z', 1), 'deleted@x.is', '2024-03-01Z', 1, true, 1, now(), now());
		INSERT INTO crankwheel.screen_session_events (account_id, session_id, seq, occurred_at, kind, agent_email) SELECT account_id, session_id, 1, started_at, 'deleted', agent_email FROM crankwheel.screen_sessions;
		INSERT INTO crankwheel.shares (account_id, slug, load_id, loaded_at, deleted_at) VALUES ('a', 'deleted', 1, now(), now());
		INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, load_id, loaded_at) VALUES ('a', 'deleted', 'v', '2024-03-01Z', 1, now());
		INSERT INTO crankwheel.share_details (account_id, slug, created_at, customer_account_id, load_id, loaded_at) VALUES ('a', 'deleted', '2024-03-01Z', 'deleted', 1, now());
		ANALYZE;
		CREATE SCHEMA evil;
		GRANT USAGE, CREATE ON SCHEMA evil TO wheelhouse_reader`)
	as(t, conn, "wheelhouse_reader", func() {
		exec(t, conn, `CREATE FUNCTION evil.see(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
			$$ BEGIN IF $1 LIKE 'deleted%' THEN RAISE EXCEPTION 'seen %', $1; END IF; RETURN true; END $$`)
		for _, column := range []string{"demo_requests.handled_by", "demo_answers.question", "screen_sessions.agent_email", "screen_session_events.kind",
			"screen_session_events.agent_email", "share_visits.slug", "share_engagement.customer_account_id"} {
			view, name, _ := strings.Cut(column, ".")
			want(t, conn, "SELECT "+name+" FROM bi."+view+" WHERE evil.see("+name+")")
			want(t, conn, "SELECT "+name+" FROM bi."+view+" WHERE evil.see("+name+") ORDER BY 1 LIMIT 1")
		}
	})
	exec(t, conn, "DROP SCHEMA evil CASCADE")
}

// A reader sees masked values even with functions of their own, in the search path or in the condition.
func TestMaskingCannotBeBypassed(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	insertRequest(t, conn)
	exec(t, conn, `
		INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, answered, load_id, loaded_at, handled_by, deleted_at)
		VALUES ('default', 2, '2024-03-02Z', false, 1, now(), 'deleted@x.is', now());
		CREATE SCHEMA evil;
		GRANT USAGE, CREATE ON SCHEMA evil TO wheelhouse_reader`)
	as(t, conn, "wheelhouse_reader", func() {
		exec(t, conn, `
			CREATE FUNCTION evil.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
			CREATE FUNCTION evil.pg_has_role(name, regrole, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
			CREATE FUNCTION evil.to_regrole(text) RETURNS regrole LANGUAGE sql AS 'SELECT 10::regrole';
			CREATE FUNCTION evil.see(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
				$$ BEGIN RAISE EXCEPTION 'seen %', $1 USING ERRCODE = 'ZZ001'; END $$;
			SET search_path = evil, pg_catalog`)
		want(t, conn, `SELECT prospect_name FROM bi.demo_requests`, "***")
		want(t, conn, `SELECT demo_id FROM bi.demo_requests WHERE handled_by IS NULL OR evil.see(handled_by)`, "1")
		_, err := conn.Exec(t.Context(), `SELECT FROM bi.demo_requests WHERE evil.see(prospect_name)`)
		if sqlState(err) != "ZZ001" || !strings.Contains(err.Error(), "seen ***") {
			t.Errorf("got %v", err)
		}
	})
	exec(t, conn, "RESET search_path")
	exec(t, conn, "DROP SCHEMA evil CASCADE")
}

func TestMaskOrigin(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	want(t, conn, `SELECT origin, bi.mask_origin(origin), bi.mask_location(origin), bi.mask_tag(origin) FROM unnest(ARRAY[
		'crankwheel.com/', 'https://x.is/a/b?c=d', 'https://x.is/ss/showu/ACME', 'https://x.is/ss/showu/ACME;to=joi', 'x.is/ss/showu/ACME&to=joi',
		'https://joi:pw@x.is/', 'https://x.is/joi%40x.is', 'https://x.is/a#joi@x.is', 'joi@x.is', 'Reykjavik, Capital Region ,  Iceland ',
		'Laugavegur 12', '64.1,-21.9', 'x.is/joi/3545551234', 'joi+3545551234', 'joi%2540x.is', 'x.is/joi/%2B3545551234', '%252b3545551234', '50%2B1', '', NULL]) origin`,
		"crankwheel.com/|crankwheel.com/|crankwheel.com/|crankwheel.com/",
		"https://x.is/a/b?c=d|https://x.is/a/b|https://x.is/a/b?c=d|https://x.is/a/b?c=d",
		"https://x.is/ss/showu/ACME|https://x.is/ss/showu/ACME|https://x.is/ss/showu/ACME|https://x.is/ss/showu/ACME",
		"https://x.is/ss/showu/ACME;to=joi|https://x.is/ss/showu/ACME|https://x.is/ss/showu/ACME;to=joi|https://x.is/ss/showu/ACME;to=joi",
		"x.is/ss/showu/ACME&to=joi|x.is/ss/showu/ACME|x.is/ss/showu/ACME&to=joi|x.is/ss/showu/ACME&to=joi",
		"https://joi:pw@x.is/|***|***|***",
		"https://x.is/joi%40x.is|***|***|***",
		"https://x.is/a#joi@x.is|https://x.is/a|***|***",
		"joi@x.is|***|***|***",
		"Reykjavik, Capital Region ,  Iceland |Reykjavik, Capital Region ,  Iceland |Iceland|Reykjavik, Capital Region ,  Iceland ",
		"Laugavegur 12|Laugavegur 12|***|Laugavegur 12",
		"64.1,-21.9|64.1,-21.9|***|64.1,-21.9",
		"x.is/joi/3545551234|***|***|x.is/joi/3545551234",
		"joi+3545551234|***|***|***",
		"joi%2540x.is|***|***|***",
		"x.is/joi/%2B3545551234|***|***|***",
		"%252b3545551234|***|***|***",
		"50%2B1|50%2B1|***|50%2B1",
		"|||",
		"∅|∅|∅|∅")
}
