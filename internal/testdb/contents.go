package testdb

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Tables lists the tables of schema crankwheel in a warehouse, by name.
func Tables(t testing.TB, dsn string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	return tables(t, conn)
}

func tables(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT relname::text FROM pg_class WHERE relnamespace = 'crankwheel'::regnamespace AND relkind = 'r' ORDER BY relname`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Contents is the rows of a warehouse by table, without the time and number of their loads. It also leaves out the occurrence of
// same-second sessions, which depends on the order of arrival, and shows a session with its events instead.
type Contents map[string][]string

// queries read the tables whose rows are not shown as they are.
var queries = map[string]string{
	"screen_sessions": `
		SELECT (to_jsonb(t) - '{session_id,occurrence,load_id,loaded_at,deleted_at}'::text[] || jsonb_build_object(
		           'deleted', t.deleted_at IS NOT NULL,
		           'id', t.session_id = wheelhouse.session_id(t.account_id, t.agent_email, t.started_at, t.occurrence),
		           'events', (SELECT jsonb_agg(to_jsonb(e) - '{account_id,session_id}'::text[] ORDER BY e.seq)
		                      FROM crankwheel.screen_session_events e WHERE e.session_id = t.session_id AND e.account_id = t.account_id)))::text
		FROM crankwheel.screen_sessions t ORDER BY 1`,
	"screen_session_events": `
		SELECT (to_jsonb(e) - 'session_id' || jsonb_build_object('session', to_jsonb(t) - '{session_id,occurrence,load_id,loaded_at,deleted_at}'::text[]))::text
		FROM crankwheel.screen_session_events e
		LEFT JOIN crankwheel.screen_sessions t ON t.session_id = e.session_id AND t.account_id = e.account_id ORDER BY 1`,
}

// Read reads every row of crankwheel, including deleted rows.
func Read(t testing.TB, dsn string) Contents {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	all := Contents{}
	for _, table := range tables(t, conn) {
		sql := cmp.Or(queries[table], `
			SELECT ((to_jsonb(t) - '{load_id,detail_load_id,loaded_at,deleted_at}'::text[])
			       || jsonb_build_object('deleted', (to_jsonb(t) -> 'deleted_at') <> 'null'))::text
			FROM crankwheel.`+table+` t ORDER BY 1`)
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		if all[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Diff lists the rows in which two warehouses differ, or "".
func (c Contents) Diff(d Contents) string {
	var s strings.Builder
	for _, table := range slices.Sorted(maps.Keys(c)) {
		a, b := slices.Sorted(slices.Values(c[table])), slices.Sorted(slices.Values(d[table]))
		only(&s, "- "+table, a, b)
		only(&s, "+ "+table, b, a)
		if len(a) != len(b) {
			fmt.Fprintf(&s, "\n  %s: %d rows, and %d", table, len(a), len(b))
		}
	}
	return s.String()
}

// only lists a few of the rows of a that are not in b, which is sorted.
func only(s *strings.Builder, what string, a, b []string) {
	n := 0
	for _, row := range a {
		if _, found := slices.BinarySearch(b, row); !found {
			if n++; n <= 4 {
				fmt.Fprintf(s, "\n%s %.700s", what, row)
			}
		}
	}
	if n > 4 {
		fmt.Fprintf(s, "\n%s … %d rows in all", what, n)
	}
}
