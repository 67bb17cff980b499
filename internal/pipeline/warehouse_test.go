package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tables are those of schema crankwheel.
var tables = []string{
	"demo_requests", "demo_answers", "demo_cancellations_daily", "screen_sessions", "screen_session_events",
	"share_usage_daily", "shares", "share_engagement_daily", "share_visits", "share_details", "users", "contents", "content_events",
}

// contents is what a warehouse says, table by table, without when and by which load it came.
type contents map[string][]string

// contents reads every row of crankwheel, deleted ones included.
func (b *bench) contents() contents {
	b.t.Helper()
	all := contents{}
	for _, table := range tables {
		all[table] = []string{}
		for _, row := range b.rows(`SELECT ((to_jsonb(t) - 'load_id' - 'loaded_at' - 'deleted_at')
		                                   || jsonb_build_object('deleted', (to_jsonb(t) -> 'deleted_at') <> 'null'))::text
		                            FROM crankwheel.` + table + ` t ORDER BY 1`) {
			all[table] = append(all[table], row[0].(string))
		}
	}
	return all
}

// diff tells in which rows two warehouses differ; "" where they do not.
func (c contents) diff(d contents) string {
	var s strings.Builder
	for _, table := range slices.Sorted(maps.Keys(c)) {
		only := func(sign string, a, b []string) {
			n := 0
			for _, row := range a {
				if _, found := slices.BinarySearch(b, row); !found {
					if n++; n <= 4 {
						fmt.Fprintf(&s, "\n%s %s %.700s", sign, table, row)
					}
				}
			}
			if n > 4 {
				fmt.Fprintf(&s, "\n%s %s … %d rows in all", sign, table, n)
			}
		}
		a, b := slices.Sorted(slices.Values(c[table])), slices.Sorted(slices.Values(d[table]))
		only("-", a, b)
		only("+", b, a)
		if len(a) != len(b) {
			fmt.Fprintf(&s, "\n  %s: %d rows, and %d", table, len(a), len(b))
		}
	}
	return s.String()
}

// tuples names every tuple of each table: its place, who made it and who locked it, and its columns. Whatever
// writes or locks a row changes it.
func (b *bench) tuples() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	for _, table := range tables {
		all[table] = b.rows(`SELECT md5(coalesce(string_agg(ctid::text || xmin::text || xmax::text || t::text, ',' ORDER BY ctid), ''))
		                     FROM crankwheel.` + table + ` t`)[0][0].(string)
	}
	return all
}

// written counts the tuples that were ever written in crankwheel, by Postgres's own statistics.
func (b *bench) written() int64 {
	b.t.Helper()
	for _, conn := range b.runner.Warehouse.Pool().AcquireAllIdle(b.t.Context()) {
		if _, err := conn.Exec(b.t.Context(), "SELECT pg_stat_force_next_flush()"); err != nil {
			b.t.Fatal(err)
		}
		conn.Release()
	}
	return b.rows(`SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
	               FROM pg_stat_user_tables WHERE schemaname = 'crankwheel'`)[0][0].(int64)
}

// mustWriteNothing fails unless what f does writes and locks no tuple in crankwheel.
func (b *bench) mustWriteNothing(what string, f func()) {
	b.t.Helper()
	tuples, written := b.tuples(), b.written()
	f()
	if n := b.written() - written; n != 0 {
		b.t.Errorf("%s wrote %d tuples", what, n)
	}
	for table, is := range b.tuples() {
		if was := tuples[table]; is != was {
			b.t.Errorf("%s touched %s", what, table)
		}
	}
}

// forgetHashes makes every window's next load compare rows.
func (b *bench) forgetHashes() {
	b.t.Helper()
	b.rows("UPDATE wheelhouse.loads SET response_hash = NULL")
}

// equal fails unless both warehouses hold the same.
func equal(t *testing.T, what string, want, got contents) {
	t.Helper()
	if d := want.diff(got); d != "" {
		t.Errorf("%s: the warehouses differ (- want, + got):%s", what, d)
	}
}
