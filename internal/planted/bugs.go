package main

// bug is a safety, how to take it out, and where that is to be noticed.
type bug struct {
	name  string
	edits []edit
	tests []test
}

// edit replaces a text that stands in the file exactly once.
type edit struct{ file, old, new string }

// test names tests of a package, as a pattern.
type test struct{ pkg, run string }

var bugs = []bug{
	{"ledger in the data's transaction", []edit{{"load/settle.go",
		`			p.close(&batch)`,
		`			var own pgx.Batch
			p.close(&own)
			apart, err := pgx.ConnectConfig(ctx, tx.Conn().Config())
			if err != nil {
				return err
			}
			defer apart.Close(ctx)
			if err := apart.SendBatch(ctx, &own).Close(); err != nil {
				return err
			}`}},
		[]test{{"internal/pipeline", "TestLostCommit|TestConnectionLostAtEachStatement"}, {"cmd/wheelhouse", "TestKillSweep"}}},
	{"order of the merge: a late answer gives way", []edit{{"load/ledger.sql", `             AND l.requested_at > w.requested) AS newer,`, `             AND false) AS newer,`}},
		[]test{{"internal/pipeline", "TestLateAnswer"}}},
	{"order of the merge: rows in the key's order, and windows that show the same take turns", []edit{{"load/usage_new.sql",
		`WHERE NOT EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = s.n)
ORDER BY s.session_id;`,
		`WHERE NOT EXISTS (SELECT FROM stage_known_sessions_1 k WHERE k.n = s.n);`},
		{"load/usage_new.sql", `ORDER BY s.session_id, e.seq;`, `;`},
		{"load/usage_new_rest.go", `		for _, x := range sessions {`,
			`		for _, x := range slices.SortedFunc(slices.Values(sessions), func(a, b session) int { return a.number - b.number }) {`},
		{"load/usage_new_rest.go", `	"context"
`, `	"context"
	"slices"
`},
		{"load/usage_new_locks.go", `	if len(loads) == 1 && loads[0].crosses() {`, `	if len(loads) == 1 && loads[0].crosses() && false {`}},
		[]test{{"internal/pipeline", "TestLoadsDoNotDeadlock"}}},
	{"strict end of the JSON", []edit{{"extract/stream.go", `		return &BodyError{errors.New("something stands after the JSON")}`, `		return nil`}},
		[]test{{"extract", "TestBrokenBodies"}, {"internal/pipeline", "TestFaultsOfTheAPI"}}},
	{"a body that ends early is no answer", []edit{{"extract/stream.go",
		`	case err != nil:
		return &BodyError{err}
	}`,
		`	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	case err != nil:
		return &BodyError{err}
	}`}},
		[]test{{"extract", "TestTruncationIsNeverAccepted"}, {"internal/pipeline", "TestCutAnswersTouchNoRow"}}},
	{"one row a key in staging", []edit{{"load/merge.go", `"merge_parts", "merge_twice",`, ``}},
		[]test{{"internal/pipeline", "TestAShareThatCameTwice|TestWindowsThatAreHalved"}}},
	{"one window at a time in staging", []edit{{"load/usage_new_copy.go", `if c.merges() && staged {`, `if c.merges() && staged && false {`}},
		[]test{{"load", "TestMergesShareATransaction"}}},
	{"the fence", []edit{
		{"load/ledger.sql", `SELECT load_id FROM wheelhouse.leases WHERE load_id = ANY (@loads::bigint[]) ORDER BY load_id FOR UPDATE;`, `SELECT unnest(@loads::bigint[]);`},
		{"load/ledger.sql", `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = NULL
WHERE id = @load AND status = 'running';`, `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = NULL
WHERE id = @load;`}},
		[]test{{"internal/pipeline", "TestLeaseThatPassedOn"}, {"cmd/wheelhouse", "TestTwoAtOnce"}}},
	{"a sift leaves twins to the merge", []edit{
		{"load/usage_new_sift.go", `return s.again[twins[x.number]] })`, `return s.again[twins[x.number]] && false })`},
		{"load/usage_new_sift.go", `if !s.again[key] {`, `if !s.again[key] || true {`}},
		[]test{{"load", "TestSiftedIsMerged"}}},
	{"a sift looks at events", []edit{{"load/usage_new_sift.go", `	return c.siftEvents(ctx, tx, args)`, `	return nil`}},
		[]test{{"load", "TestSiftedIsMerged"}, {"internal/pipeline", "TestOneChangeWritesOneRow"}}},
	{"a sift sees what does not come any more", []edit{{"load/usage_new_sift.go",
		`held != s.met+int64(len(s.merged))`, `held < 0`}},
		[]test{{"load", "TestSiftedIsMerged"}, {"internal/pipeline", "TestShrinkGuard|TestDeleted"}}},
	{"the shrink guard", []edit{{"load/merge.go", `if !mayShrink && counts.Deleted`, `if false && counts.Deleted`}},
		[]test{{"internal/pipeline", "TestShrinkGuard|TestShrinkGuardSeesReplacement"}}},
	{"redirects are refused", []edit{{"extract/client.go", `func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }`, `nil`}},
		[]test{{"extract", "TestRedirectsAreNeverFollowed"}}},
	{"what came adds up to the API's totals", []edit{{"extract/totals.go", `	if !t.stated {
		return true
	}`, `	if t.stated || !t.stated {
		return true
	}`}},
		[]test{{"extract", "TestTamperedTotalsAreReadThreeTimes|TestTotals"}, {"internal/pipeline", "TestTotalsThatDisagree"}}},
	{"conservation", []edit{{"load/merge.go", `	return conserve(*counts, t, copied-aside+sifted.settled(), inserted, updated)`, `	_, _, _, _ = t, copied, inserted, updated
	return nil`}},
		[]test{{"internal/pipeline", "TestSwallowedRows"}}},
	{"only rows that differ are written", []edit{{"load/usage_new.sql", `WHERE differs OR n IN (SELECT n FROM events_differ);`, `;`}},
		[]test{{"internal/pipeline", "TestTheSameAnswerTwiceWritesNothing|TestADeletionWritesOneRow"}}},
	{"rows that an answer no longer brings are told by the window that holds them whole", []edit{{"load/usage_new.sql",
		`      AND t.started_at >= @from AND t.ended AND t.ended_at < @to
      AND (NOT @sifted`, `      AND t.started_at >= @from
      AND (NOT @sifted`}},
		[]test{{"internal/pipeline", "TestADeletionWritesOneRow|TestUnknownsGiveTheSameWarehouse"}}},
	{"a claim looks again whether the window is due", []edit{{"load/ledger.sql", `                     AND l.id > w.planned) AS done`, `                     AND false) AS done`}},
		[]test{{"internal/pipeline", "TestTwoProcesses|TestClaimAfterAnotherLoad"}}},
}
