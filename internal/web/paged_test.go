package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/internal/testdb"
)

// The next rows of a table are of the same range, also if the address has the range as a number of days.
func TestPagesOfATableKeepTheRange(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, shares, plays, load_id, loaded_at)
		SELECT 'a', today - n, 'a@acme.example', 1, n, 1, now() FROM bi.accounts, generate_series(1, 60) n;
		SELECT wheelhouse.mark_dirty('a', 1, '{}', array_agg(day)) FROM crankwheel.share_usage_daily`)
	v := visit(t, dsn, nil)
	path, shown := "/agent?email=a%40acme.example&days=90", 0
	for path != "" && shown < 60 {
		doc := v.page(path)
		if got := figuresOf(doc)["Shares"]; got != "60" {
			t.Fatalf("%s: %s shares, want those of 90 days", path, got)
		}
		for i, row := range tableOf(t, doc, "days") {
			if want := fmt.Sprint(shown + i + 1); row[8] != want {
				t.Fatalf("%s: row %d is %v, want the one with %s plays", path, i, row, want)
			}
		}
		shown, path = shown+len(tableOf(t, doc, "days")), ""
		for _, a := range all(byID(doc, "rows-days"), "a") {
			if strings.HasPrefix(textOf(a), "Next rows") {
				path = attr(a, "href")
			}
		}
	}
	if shown != 60 {
		t.Errorf("%d days in pages, want 60", shown)
	}
}

// A CSV has all rows of a table, or is refused.
func TestCSVIsNeverIncomplete(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, local_day, load_id, loaded_at)
		SELECT 'a', 's', n::text, timestamptz '2025-03-01 12:00Z' + (n - 1) / 50000 * interval '1 day', date '2025-03-01' + (n - 1) / 50000, 1, now() FROM generate_series(1, 50001) n;
		INSERT INTO crankwheel.shares (account_id, slug, created_at, load_id, loaded_at) VALUES ('a', 's', '2025-03-01Z', 1, now())`)
	v := visit(t, dsn, nil)
	const csv = "/share?slug=s&format=csv&table=visits&from=2025-03-01&to="
	if n := len(v.csv(csv+"2025-03-01")) - 1; n != csvRows {
		t.Errorf("%d rows", n)
	}
	if body, _ := v.get(http.StatusBadRequest, csv+"2025-03-02"); !strings.Contains(body, "Choose a shorter range") {
		t.Error(body)
	}
}

// A CSV for which there is no room is an error, and not a CSV that ends early. A short one needs no file.
func TestCSVWithoutRoom(t *testing.T) { // not parallel: it changes the environment
	dsn := testdb.New(t)
	mustExec(t, dsn, `INSERT INTO wheelhouse.accounts VALUES ('a', 'https://x.is', 'UTC', '2025-01-01');
		INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, local_day, load_id, loaded_at)
		SELECT 'a', 's', n::text, timestamptz '2025-03-01 12:00Z' + n / 20000 * interval '1 day', date '2025-03-01' + n / 20000, 1, now() FROM generate_series(1, 20099) n;
		INSERT INTO crankwheel.shares (account_id, slug, created_at, load_id, loaded_at) VALUES ('a', 's', '2025-03-01Z', 1, now())`)
	v := visit(t, dsn, nil)
	t.Setenv("TMPDIR", "/nowhere")
	const csv = "/share?slug=s&format=csv&table=visits&from=2025-03-%s&to=2025-03-%[1]s"
	if body, _ := v.get(http.StatusInternalServerError, fmt.Sprintf(csv, "01")); !strings.Contains(body, "TMPDIR") || strings.Contains(body, "2025-03-01T12:00:00") {
		t.Error(body)
	}
	if n := len(v.csv(fmt.Sprintf(csv, "02"))) - 1; n != 100 {
		t.Errorf("%d rows", n)
	}
}
