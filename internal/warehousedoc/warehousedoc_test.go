package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/sample"
	"wheelhouse/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// The committed documents are those that the command writes, and the answers match the facts.
func TestDocumentsAreUpToDate(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	s, err := sample.Load(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	made, err := documents(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if where := differ(string(want), string(got)); where != "" {
			t.Errorf("docs/%s is not up to date (run go run ./internal/warehousedoc):\n%s", name, where)
		}
	}
	t.Run("answers", func(t *testing.T) { checkAnswers(t, mustConnect(t, dsn), truthOf(s)) })
	t.Run("unknown", func(t *testing.T) { checkUnknown(t, mustConnect(t, dsn)) })
}

// checkUnknown checks that a share without known percentages is not the best one.
func checkUnknown(t *testing.T, conn *pgx.Conn) {
	text, err := questionFiles.ReadFile("questions/04_watched.sql")
	if err != nil {
		t.Fatal(err)
	}
	q := parseQuestion(text)
	a, err := readAs(t.Context(), conn, q.SQL)
	if err != nil {
		t.Fatal(err)
	}
	best := a.Rows[0][0]
	if _, err := conn.Exec(t.Context(), "UPDATE crankwheel.share_visits SET percent_watched = NULL WHERE slug = $1", best); err != nil {
		t.Fatal(err)
	}
	if a, err = readAs(t.Context(), conn, q.SQL); err != nil || len(a.Rows) == 0 || a.Rows[0][0] == best {
		t.Errorf("the first one is %v (%v), whose percentages are unknown", a.Rows, err)
	}
}

// differ is the first line in which two texts differ, or "".
func differ(want, got string) string {
	if want == got {
		return ""
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want " + w[i] + "\ngot  " + g[i]
		}
	}
	return "one of them is longer"
}

func mustConnect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// A missing comment, and a comment that names something unknown, are reported with their place.
func TestCommentsAreChecked(t *testing.T) {
	t.Parallel()
	conn := mustConnect(t, testdb.NewDirect(t))
	for sql, want := range map[string]string{
		`COMMENT ON COLUMN crankwheel.shares.slug IS NULL`:                               "no comment on crankwheel.shares.slug",
		`COMMENT ON VIEW bi.coverage IS NULL`:                                            "no comment on bi.coverage",
		`COMMENT ON FUNCTION bi.mask(text) IS NULL`:                                      "no comment on bi.mask",
		`CREATE TABLE wheelhouse.bare (id int); COMMENT ON TABLE wheelhouse.bare IS 'x'`: "no comment on wheelhouse.bare.id",
		`COMMENT ON COLUMN crankwheel.shares.slug IS 'See crankwheel.share.slug.'`:       "the comment of crankwheel.shares.slug names crankwheel.share.slug",
		`COMMENT ON COLUMN crankwheel.shares.slug IS 'See crankwheel.users.slug.'`:       "the comment of crankwheel.shares.slug names crankwheel.users.slug",
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		if _, err := readCatalogue(t.Context(), conn); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, error %v", sql, want, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The error for a question without an answer names the file.
func TestEmptyAnswerIsAnError(t *testing.T) {
	t.Parallel()
	_, err := ask(t.Context(), mustConnect(t, testdb.NewDirect(t)))
	if err == nil || !strings.Contains(err.Error(), "questions/01_") {
		t.Errorf("an empty warehouse answers: %v", err)
	}
}

// A question can only read bi.
func TestQuestionsReadOnlyBi(t *testing.T) {
	t.Parallel()
	conn := mustConnect(t, testdb.NewDirect(t))
	for _, sql := range []string{"SELECT count(*) FROM crankwheel.users", "SELECT count(*) FROM wheelhouse.loads", "CREATE TABLE bi.x ()"} {
		if a, err := readAs(t.Context(), conn, sql); err == nil {
			t.Errorf("%s: %v", sql, a)
		}
	}
}

// Each internal link of the document leads to exactly one heading.
func TestInternalLinksLeadToHeadings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/warehouse.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]int{}
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllSubmatch(text, -1) {
		headings[anchor(string(match[1]))]++
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllSubmatch(text, -1)
	if len(links) < 30 {
		t.Errorf("%d links to tables and views", len(links))
	}
	for _, match := range links {
		if n := headings[string(match[1])]; n != 1 {
			t.Errorf("%d headings for %s", n, match[0])
		}
	}
}

// Markup in comments and answers is escaped.
func TestMarkupIsEscaped(t *testing.T) {
	t.Parallel()
	c := &catalogue{Schemas: []schema{{Name: "bi", Comment: "a|b <script> *x* `y`"}}}
	q := question{Title: "T", answer: answer{Columns: []heading{{Name: "n", Number: true}}, Rows: [][]string{{"1|<b>\n2"}}}}
	text, err := write(c, []question{q})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a\\|b &lt;script&gt; \\*x\\* \\`y\\`", "| 1\\|&lt;b&gt; 2 |", "| ---: |"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
}
