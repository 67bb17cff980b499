package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"wheelhouse/internal/pipeline"
)

// content is the rows of a warehouse by table, without the numbers and times of their loads.
func content(t *testing.T, url string) map[string][]string {
	t.Helper()
	tables := map[string][]string{}
	for _, table := range rows(t, url, `SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'crankwheel' ORDER BY 1`) {
		name := table[0].(string)
		tables[name] = nil
		for _, row := range rows(t, url, fmt.Sprintf(
			`SELECT (j - '{load_id,detail_load_id,loaded_at}'::text[])::text FROM (SELECT to_jsonb(t) AS j FROM crankwheel.%s t) x
			 WHERE j ->> 'deleted_at' IS NULL ORDER BY 1`, name)) {
			tables[name] = append(tables[name], row[0].(string))
		}
	}
	return tables
}

// sameAsAtOnce fails unless the warehouse equals a new one into which each stream is loaded at once, at a time of its own.
func (b *bench) sameAsAtOnce(at func(stream string) time.Time) {
	b.t.Helper()
	fresh, url := b.newRunner()
	for _, e := range b.entries {
		now := at(e.stream.Name)
		clock := newFakeClock(now)
		fresh.Now = clock.Now
		b.clock.to(now, false) // the API's clock
		r := b.account.Nightly(now)
		result, err := fresh.Run(b.t.Context(), "run", []*pipeline.Account{b.account}, []string{e.stream.Name}, func(*pipeline.Account) pipeline.Range { return r })
		if err != nil || !result.OK() {
			b.t.Fatalf("load at once: %+v, %v", result, err)
		}
	}
	got, want := content(b.t, b.url), content(b.t, url)
	for _, table := range slices.Sorted(maps.Keys(want)) {
		b.t.Logf("%s: %d rows", table, len(want[table]))
		missing, extra := without(want[table], got[table]), without(got[table], want[table])
		if len(missing)+len(extra) > 0 {
			b.t.Errorf("%s: %d rows are missing, %d are too many:\n%s\n%s", table, len(missing), len(extra), some(missing), some(extra))
		}
	}
	if len(want["screen_sessions"])+len(want["shares"])+len(want["users"]) == 0 {
		b.t.Error("there is nothing to compare")
	}
}

func without(all, some []string) (rest []string) {
	has := map[string]int{}
	for _, s := range some {
		has[s]++
	}
	for _, s := range all {
		if has[s]--; has[s] < 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

func some(rows []string) []string { return rows[:min(3, len(rows))] }

// noGaps fails if the ledger has a gap before a time.
func (b *bench) noGaps(at func(stream string) time.Time) {
	b.t.Helper()
	for _, e := range b.entries {
		r := b.account.Nightly(at(e.stream.Name))
		r.LookBack = false
		jobs, err := b.runner.Plan(b.t.Context(), []*pipeline.Account{b.account}, []string{e.stream.Name}, func(*pipeline.Account) pipeline.Range { return r })
		if err != nil {
			b.t.Fatal(err)
		}
		for _, due := range jobs[0].Due {
			b.t.Errorf("%s is missing", due.Window)
		}
	}
}

// passes lists, for each pass of a stream in order, the end of its newest window.
func (b *bench) passes(stream string) (ends []time.Time) {
	b.t.Helper()
	for _, row := range rows(b.t, b.url, `SELECT max(upper(span)) FROM wheelhouse.loads WHERE stream = $1 AND status = 'loaded' GROUP BY run_id ORDER BY run_id`, stream) {
		ends = append(ends, row[0].(time.Time))
	}
	return ends
}
