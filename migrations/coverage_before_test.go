package migrations

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testkit"
)

// before creates the bi.coverage of 0003 as public.before, which computes all days at once from the whole ledger.
func before(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	text, err := fs.ReadFile(files, "0003_bi.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, view, _ := strings.Cut(string(text), "CREATE VIEW bi.coverage AS")
	view, _, found := strings.Cut(view, "COMMENT ON VIEW bi.coverage")
	if !found {
		t.Fatal("0003 has no bi.coverage")
	}
	exec(t, conn, "CREATE VIEW public.before AS"+view)
}

// streamsBefore are the streams of 0003.
const streamsBefore = "'demo_usage', 'usage_new', 'usage_shares', 'shares', 'share_visits', 'share_details', 'user_access', 'company_content'"

// TestCoverageIsAsBefore compares both definitions on random ledgers, in zones whose clocks change meanwhile: all rows, and the rows
// of queries that read only some of the ledger.
func TestCoverageIsAsBefore(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	before(t, conn)
	exec(t, conn, `INSERT INTO wheelhouse.runs (kind, version, host) VALUES ('run', 'test', 'here')`)
	for seed := range uint64(testkit.Rounds(1, 4, 4)) {
		exec(t, conn, `DELETE FROM wheelhouse.loads; DELETE FROM wheelhouse.accounts`)
		random := rand.New(rand.NewPCG(seed, 1))
		for i, zone := range []string{"UTC", "America/Havana", "Australia/Lord_Howe", "Europe/Berlin"} {
			account := fmt.Sprintf("a%d", i)
			exec(t, conn, `INSERT INTO wheelhouse.accounts VALUES ($1, 'https://x.is', $2, (now() AT TIME ZONE $2)::date - $3::int)`, account, zone, 5+random.IntN(120))
			randomLedger(t, conn, random, account)
		}
		exec(t, conn, `ANALYZE wheelhouse.loads, wheelhouse.accounts`)
		for _, where := range []string{"true", "account_id = 'a1'", "account_id = 'a2' AND stream = 'usage_new'", "stream = 'user_access'",
			"day >= current_date - 40", "account_id = 'a3' AND day BETWEEN current_date - 90 AND current_date - 30", "status <> 'loaded'"} {
			sql := fmt.Sprintf(`SELECT * FROM %%s WHERE (%s) AND stream IN (`+streamsBefore+`) ORDER BY account_id, stream, day`, where)
			got, want := lines(t, conn, fmt.Sprintf(sql, "bi.coverage")), lines(t, conn, fmt.Sprintf(sql, "public.before"))
			differ := 0
			for j := range min(len(got), len(want)) {
				if got[j] != want[j] {
					if differ++; differ < 4 {
						t.Errorf("seed %d, %s:\ngot  %s\nwant %s", seed, where, got[j], want[j])
					}
				}
			}
			if len(got) != len(want) {
				t.Fatalf("seed %d, %s: %d rows, want %d", seed, where, len(got), len(want))
			}
		}
	}
	want(t, conn, `SELECT count(DISTINCT status) FROM bi.coverage`, "4")
}

// randomLedger writes random loads: of days, halves, weeks and moments, overlapping or not; loaded, failed or running, reconciled or
// not, finished or not.
func randomLedger(t *testing.T, conn *pgx.Conn, random *rand.Rand, account string) {
	t.Helper()
	var batch pgx.Batch
	begun, n := time.Now().AddDate(0, 0, -1), 0
	for _, stream := range []string{"demo_usage", "usage_new", "usage_shares", "shares", "share_details", "user_access", "company_content"} {
		for range random.IntN(120) {
			from, to := randomSpan(random)
			if strings.HasPrefix(stream, "user") || stream == "company_content" && random.IntN(10) > 0 {
				if from != nil {
					to = new(from.Add(time.Second))
				}
			}
			status := []string{"loaded", "loaded", "loaded", "failed", "running"}[random.IntN(5)]
			var reconciled *bool
			if random.IntN(3) > 0 {
				reconciled = new(random.IntN(4) > 0)
			}
			started := begun.Add(time.Duration(n) * time.Minute)
			n++
			var finished, failure any
			if random.IntN(8) > 0 {
				finished = started.Add(time.Duration(random.IntN(60)) * time.Second)
			}
			if status == "failed" {
				failure = fmt.Sprintf("HTTP %d", 500+random.IntN(5))
			}
			batch.Queue(`INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, reconciled, error, started_at, finished_at)
				SELECT max(id), $1, $2, tstzrange($3, $4), $5, $6, $7, $8, $9 FROM wheelhouse.runs`, account, stream, from, to, status, reconciled, failure, started, finished)
		}
	}
	if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
}

// randomSpan returns a window that begins in the last 150 days, mostly at a midnight in some zone.
func randomSpan(random *rand.Rand) (from, to *time.Time) {
	start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -random.IntN(150))
	length := time.Duration(1+random.IntN(3)) * 24 * time.Hour
	switch random.IntN(6) {
	case 0:
		start, length = start.Add(time.Duration(random.IntN(86400))*time.Second), time.Duration(1+random.IntN(3*86400))*time.Second
	case 1:
		start = start.Add(time.Duration(random.IntN(48)-24) * 30 * time.Minute)
	case 2:
		length = time.Duration(7+random.IntN(30)) * 24 * time.Hour
	}
	end := start.Add(length)
	return &start, &end
}
