package migrations

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// objects lists the objects in the warehouse's schemas, to compare two databases.
const objects = `
	SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi')
	UNION ALL
	SELECT 'relation ' || relkind::text, c.oid::regclass::text, coalesce(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull, '')
	FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi'))
	UNION ALL
	SELECT 'function', p.oid::regprocedure::text, md5(coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), ''))
	FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi'))
	UNION ALL
	SELECT 'default rights', defaclnamespace::regnamespace::text, defaclobjtype::text || defaclacl::text FROM pg_default_acl
	ORDER BY 1, 2, 3`

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	first := lines(t, conn, objects)

	from, to, err := Down(t.Context(), db, 100)
	if err != nil || from != Latest() || to != 0 {
		t.Fatalf("Down went from %d to %d: %v", from, to, err)
	}
	want(t, conn, objects,
		"relation i|wheelhouse.schema_migrations_pkey|version bigint false",
		"relation r|wheelhouse.schema_migrations|dirty boolean true",
		"relation r|wheelhouse.schema_migrations|version bigint true",
		"schema|wheelhouse|")
	if n := value[int](t, conn, `SELECT count(*) FROM wheelhouse.schema_migrations`); n != 0 {
		t.Errorf("%d versions left", n)
	}

	mustUp(t, db)
	again := lines(t, conn, objects)
	for _, object := range first {
		if !slices.Contains(again, object) {
			t.Errorf("lost: %s", object)
		}
	}
	for _, object := range again {
		if !slices.Contains(first, object) {
			t.Errorf("new: %s", object)
		}
	}
}

func TestDownByOne(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	known, last := list(files), 0
	if testing.Short() { // the newest migrations: those before them were released, and do not change
		last = len(known) - 3
	}
	for i := len(known) - 1; i >= last; i-- {
		at, before := known[i].version, uint(0)
		if i > 0 {
			before = known[i-1].version
		}
		if from, to, err := Down(t.Context(), db, 1); err != nil || from != at || to != before {
			t.Fatalf("Down went from %d to %d: %v", from, to, err)
		}
		if from, to, err := Up(t.Context(), db); err != nil || from != before || to != Latest() {
			t.Fatalf("Up went from %d to %d: %v", from, to, err)
		}
		if _, _, err := Down(t.Context(), db, len(known)-i); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Down(t.Context(), db, 100); err != nil {
		t.Fatal(err)
	}
	if from, to, err := Down(t.Context(), db, 1); err != nil || from != 0 || to != 0 {
		t.Errorf("Down of nothing went from %d to %d: %v", from, to, err)
	}
	if _, _, err := Down(t.Context(), db, 0); err == nil {
		t.Error("Down by 0 steps was accepted")
	}
}

func TestDownKeepsForeignViews(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	exec(t, conn, `CREATE VIEW public.mine AS SELECT * FROM bi.screen_sessions`)
	_, to, err := Down(t.Context(), db, 100)
	if sqlState(err) != "2BP01" || to == 0 {
		t.Errorf("Down reached %d: %v", to, err)
	}
	exec(t, conn, `SELECT * FROM public.mine`)
	mustUp(t, db)
}

func TestUpTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	db, conn := migrated(t)
	before := lines(t, conn, `SELECT oid, xmin FROM pg_class UNION ALL SELECT oid, xmin FROM pg_proc ORDER BY 1`)
	if from, to, err := Up(t.Context(), db); err != nil || from != Latest() || to != Latest() {
		t.Fatalf("Up went from %d to %d: %v", from, to, err)
	}
	after := lines(t, conn, `SELECT oid, xmin FROM pg_class UNION ALL SELECT oid, xmin FROM pg_proc ORDER BY 1`)
	if !slices.Equal(before, after) {
		t.Error("the second Up wrote to the catalog")
	}
}

func TestEverythingIsCommented(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	want(t, conn, `
		WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('crankwheel', 'wheelhouse', 'bi'))
		SELECT nspname AS uncommented FROM ours WHERE obj_description(oid, 'pg_namespace') IS NULL
		UNION ALL
		SELECT c.oid::regclass::text FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND obj_description(c.oid, 'pg_class') IS NULL
		UNION ALL
		SELECT c.oid::regclass || '.' || a.attname FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND col_description(c.oid, a.attnum) IS NULL
		UNION ALL
		SELECT p.oid::regprocedure::text FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
		WHERE obj_description(p.oid, 'pg_proc') IS NULL`)
}

func TestFilesComeInPairsAndKeepTheRules(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?im)^\s*(COMMIT|ROLLBACK|START TRANSACTION|BEGIN\s*;|VACUUM)|CONCURRENTLY|ALTER SYSTEM|\bCASCADE\b.*;`)
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 2*len(list(files)) {
		t.Errorf("%d files for %d migrations", len(names), len(list(files)))
	}
	for i, m := range list(files) {
		if m.version != uint(i+1) {
			t.Errorf("%s has version %d, want %d", m.name, m.version, i+1)
		}
		for _, name := range []string{m.name + ".up.sql", m.name + ".down.sql"} {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Error(err)
			}
			for _, line := range strings.Split(string(text), "\n") {
				if code, _, _ := strings.Cut(line, "--"); forbidden.MatchString(code) {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
	}
}

func TestSessionIDs(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	want(t, conn, `
		WITH s AS (
			SELECT a, e, n, t, wheelhouse.session_id(a, e, t, n) AS id
			FROM unnest(ARRAY['default', 'other']) a, unnest(ARRAY['a@x.is', 'b@x.is', 'ð@x.is']) e, generate_series(1, 3) n,
			     generate_series(timestamptz '2019-12-31 23:59:50Z', '2020-01-01 00:00:10Z', '1 second') t
		)
		SELECT count(*), count(DISTINCT id),
		       bool_and(substr(id::text, 15, 1) = '8')                  AS version_8,
		       bool_and(substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')) AS variant,
		       bool_and(id >= wheelhouse.session_floor(t) AND id < wheelhouse.session_floor(t + interval '1 millisecond')) AS floor,
		       (SELECT bool_and(x.id < y.id) FROM s x JOIN s y ON x.t < y.t) AS ordered
		FROM s`,
		"378|378|t|t|t|t")
	want(t, conn, `SELECT wheelhouse.session_floor('2022-05-07 14:59:48Z'), wheelhouse.session_floor('-infinity'), wheelhouse.session_floor('1969-12-31Z')`,
		"01809f08-aea0-0000-0000-000000000000|00000000-0000-0000-0000-000000000000|00000000-0000-0000-0000-000000000000")
	want(t, conn, `SELECT wheelhouse.session_floor('infinity') > wheelhouse.session_floor('9999-12-31Z')`, "t")
}
