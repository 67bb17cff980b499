package grafana

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"wheelhouse/internal/sample"
	"wheelhouse/internal/testdb"
)

// trouble makes a failed day, a day that is not reconciled and a reject, for the panels of the pipeline. It also sets the times of
// the runs to the nights that they simulate.
const trouble = `
	UPDATE wheelhouse.runs SET started_at = night, finished_at = night + interval '1 minute'
	FROM (VALUES (1, timestamptz '2025-07-01 06:00Z'), (2, '2025-07-02 06:00Z')) AS v (run, night) WHERE id = run;
	UPDATE wheelhouse.loads l SET started_at = r.started_at, finished_at = r.started_at + interval '1 second'
	FROM wheelhouse.runs r WHERE r.id = l.run_id;
	INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, error, attempts, finished_at)
	VALUES (2, 'default', 'usage_new', '[2025-07-03 00:00+02, 2025-07-04 00:00+02)', 'failed', 'usage_new: HTTP 503', 5, now());
	UPDATE wheelhouse.loads SET reconciled = false
	WHERE stream = 'usage_new' AND span @> timestamptz '2025-06-10 12:00Z';
	INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw, raw_hash)
	SELECT max(id), 'default', 'usage_new', '$.sessions[3]', 'start: no such date', '{}', '\x00' FROM wheelhouse.loads`

// All queries of all dashboards are run as a member of wheelhouse_reader, over a range with some days that are not loaded. Each
// query returns rows, and each column has a value in at least one row.
func TestQueriesReturnRows(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	if _, err := sample.Load(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	mustExec(t, dsn, trouble)
	conn := mustConnect(t, reader(t, dsn))
	for name, b := range boards(t) {
		f := summer()
		custom := map[string]string{}
		for _, v := range b.Templating.List { // in order: later variables use earlier ones
			if strings.Contains(v.Query, "$__time") != (v.Refresh == 2) {
				t.Errorf("%s: variable %s: refresh 2 is for queries that depend on the range", name, v.Name)
			}
			f.values[v.Name], custom[v.Name] = choices(t, conn, f, name, v), v.AllValue
		}
		for interval, all := range map[string]map[string]string{"1d": custom, "7d": nil} { // All, and each value
			f.interval, f.all = interval, all
			for _, p := range b.Panels {
				checkPanel(t, conn, f, fmt.Sprintf("%s: panel %q", name, p.Title), p)
			}
		}
		for _, p := range b.Panels {
			if p.Title == "Complete?" {
				checkComplete(t, conn, f, name, p.target(t).RawSQL)
			}
		}
	}
}

// summer is the range of days of the tests.
func summer() filling {
	return filling{
		values: map[string][]string{}, interval: "1d",
		from: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), to: time.Date(2025, 7, 5, 11, 22, 33, 44e6, time.UTC),
	}
}

// In an empty warehouse All has no values, and the queries are still valid SQL.
func TestQueriesWorkInAnEmptyWarehouse(t *testing.T) {
	t.Parallel()
	conn := mustConnect(t, testdb.NewDirect(t))
	for name, b := range boards(t) {
		f := summer()
		f.all = map[string]string{}
		for _, v := range b.Templating.List {
			f.values[v.Name], f.all[v.Name] = nil, v.AllValue
			if !v.Multi {
				f.values[v.Name] = []string{""}
			}
		}
		for _, p := range b.Panels {
			query(t, conn, f, fmt.Sprintf("%s: panel %q", name, p.Title), p.target(t).RawSQL)
		}
	}
}

// checkComplete: of the days from 1 June to 5 July the last four are not completely loaded, for any stream, and one is not
// reconciled. A day counts once, even if it is missing for several streams of the dashboard.
func checkComplete(t *testing.T, conn *pgx.Conn, f filling, name, sql string) {
	t.Helper()
	want := "4"
	if strings.Contains(sql, "'usage_new'") {
		want = "5"
	}
	if got := ask(t, conn, f, name, sql).rows; len(got) != 1 || got[0][0] != want {
		t.Errorf("%s: %v days are not complete, want %s", name, got, want)
	}
}

// choices is the chosen values of a variable: the first value, or all values if several may be chosen.
func choices(t *testing.T, conn *pgx.Conn, f filling, name string, v variable) (values []string) {
	t.Helper()
	r := ask(t, conn, f, name+": variable "+v.Name, v.Query)
	for _, row := range r.rows {
		values = append(values, row[0])
	}
	if !v.Multi {
		values = values[:1]
	}
	return values
}

func checkPanel(t *testing.T, conn *pgx.Conn, f filling, at string, p panel) {
	t.Helper()
	q := p.target(t)
	r := ask(t, conn, f, at, q.RawSQL)
	for i, column := range r.columns {
		if !slices.ContainsFunc(r.rows, func(row []string) bool { return row[i] != "" }) {
			t.Errorf("%s: column %q is empty in all %d rows", at, column, len(r.rows))
		}
	}
	if q.Format == "time_series" {
		r.mustBeSeries(t, at)
		if p.Interval == "" && strings.Contains(q.RawSQL, "$__interval") {
			t.Errorf("%s: without a least interval a day would be cut into hours", at)
		}
	} else if strings.Contains(q.RawSQL, "$__timeGroup") {
		t.Errorf("%s: time groups in a table", at)
	}
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID != "byName" || !slices.Contains(r.columns, o.Matcher.Options) {
			t.Errorf("%s: an override for %q, and the columns are %q", at, o.Matcher.Options, r.columns)
		}
	}
	if x := p.Options.XField; x != "" && (!slices.Contains(r.columns, x) || r.numeric[slices.Index(r.columns, x)]) {
		t.Errorf("%s: x is %q, and the columns are %q", at, x, r.columns)
	}
	for _, s := range p.Options.SortBy {
		if !slices.Contains(r.columns, s.DisplayName) {
			t.Errorf("%s: sorted by %q, and the columns are %q", at, s.DisplayName, r.columns)
		}
	}
}

// result is the result of a query, as text. NULL is "".
type result struct {
	columns []string
	numeric []bool
	rows    [][]string
}

// mustBeSeries checks the format of time series: rows ordered by a column time, at most one column of names, called metric, and
// numbers.
func (r result) mustBeSeries(t *testing.T, at string) {
	t.Helper()
	if r.columns[0] != "time" {
		t.Errorf("%s: the first column is not time", at)
	}
	for i, column := range r.columns[1:] {
		if !r.numeric[i+1] && column != "metric" {
			t.Errorf("%s: %s is no number", at, column)
		}
	}
	if !slices.IsSortedFunc(r.rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) }) {
		t.Errorf("%s: not in order of time", at)
	}
}

func ask(t *testing.T, conn *pgx.Conn, f filling, at, sql string) (r result) {
	t.Helper()
	if r = query(t, conn, f, at, sql); len(r.rows) == 0 {
		t.Fatalf("%s: no rows\n%s", at, sql)
	}
	return r
}

func query(t *testing.T, conn *pgx.Conn, f filling, at, sql string) (r result) {
	t.Helper()
	filled, err := f.fill(sql)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	rows, err := conn.Query(t.Context(), filled, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v\n%s", at, err, filled)
	}
	defer rows.Close()
	for _, d := range rows.FieldDescriptions() {
		r.columns = append(r.columns, d.Name)
		r.numeric = append(r.numeric, slices.Contains(numbers, d.DataTypeOID))
	}
	for rows.Next() {
		var row []string
		for _, v := range rows.RawValues() {
			row = append(row, string(v))
		}
		r.rows = append(r.rows, row)
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v\n%s", at, rows.Err(), filled)
	}
	return r
}

var numbers = []uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID}

// reader makes a user who is a member of wheelhouse_reader alone, and returns the database's address for this user.
func reader(t *testing.T, dsn string) string {
	t.Helper()
	const name = "grafana_queries"
	mustExec(t, dsn, "CREATE ROLE "+name+" LOGIN PASSWORD 'pw' IN ROLE wheelhouse_reader")
	t.Cleanup(func() { mustExec(t, dsn, "DROP ROLE "+name) })
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, "pw")
	return u.String()
}

func mustConnect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// mustExec runs statements, even after the test's context has ended.
func mustExec(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}
