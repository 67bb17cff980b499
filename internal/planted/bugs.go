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
	{"ledger in the data's transaction", []edit{{"load/commit.go",
		`	tag, err := tx.Exec(ctx, ledger["loaded"], args)`,
		`	apart, err := pgx.ConnectConfig(ctx, tx.Conn().Config())
	if err != nil {
		return err
	}
	defer apart.Close(ctx)
	tag, err := apart.Exec(ctx, ledger["loaded"], args)`}},
		[]test{{"internal/pipeline", "TestLostCommit|TestConnectionLostAtEachStatement"}, {"cmd/wheelhouse", "TestKillSweep"}}},
	{"order of the merge: a late answer gives way", []edit{{"load/ledger.sql", `      AND requested_at > @requested);`, `      AND false AND requested_at > @requested);`}},
		[]test{{"internal/pipeline", "TestLateAnswer"}}},
	{"order of the merge: rows in the key's order", []edit{{"load/usage_new.sql",
		`WHERE NOT EXISTS (SELECT FROM crankwheel.screen_sessions t WHERE t.session_id = s.session_id AND t.account_id = @account)
ORDER BY s.session_id;`,
		`WHERE NOT EXISTS (SELECT FROM crankwheel.screen_sessions t WHERE t.session_id = s.session_id AND t.account_id = @account);`},
		{"load/usage_new.sql", `ORDER BY s.session_id, e.seq;`, `;`}},
		[]test{{"internal/pipeline", "TestLoadsDoNotDeadlock"}}},
	{"strict end of the JSON", []edit{{"extract/answer.go", `		return &BodyError{errors.New("something stands after the JSON")}`, `		return nil`}},
		[]test{{"extract", "TestBrokenBodies"}, {"internal/pipeline", "TestFaultsOfTheAPI"}}},
	{"a body that ends early is no answer", []edit{{"extract/answer.go",
		`	case err != nil:
		return &BodyError{untold(unexpectedEnd(err))}`,
		`	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return nil
	case err != nil:
		return &BodyError{untold(unexpectedEnd(err))}`}},
		[]test{{"extract", "TestTruncationIsNeverAccepted"}, {"internal/pipeline", "TestCutAnswersTouchNoRow"}}},
	{"one row a key in staging", []edit{{"load/merge.go", `"merge_parts", "merge_twice",`, ``}},
		[]test{{"internal/pipeline", "TestAShareThatCameTwice|TestWindowsThatAreHalved"}}},
	{"the fence", []edit{
		{"load/ledger.sql", `FROM wheelhouse.leases WHERE load_id = @load FOR UPDATE;`, `FROM (SELECT) any_lease;`},
		{"load/ledger.sql", `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = NULL
WHERE id = @load AND status = 'running';`, `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = NULL
WHERE id = @load;`}},
		[]test{{"internal/pipeline", "TestLeaseThatPassedOn"}, {"cmd/wheelhouse", "TestTwoAtOnce"}}},
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
	{"conservation", []edit{{"load/merge.go", `	return conserve(*counts, t, copied, inserted, updated)`, `	_, _, _, _ = t, copied, inserted, updated
	return nil`}},
		[]test{{"internal/pipeline", "TestSwallowedRows"}}},
	{"only rows that differ are written", []edit{{"load/usage_new.sql", `WHERE differs OR n IN (SELECT n FROM events_differ);`, `;`}},
		[]test{{"internal/pipeline", "TestTheSameAnswerTwiceWritesNothing"}}},
	{"rows that an answer no longer brings are told by the window that holds them whole", []edit{{"load/usage_new.sql",
		`      AND t.started_at >= @from AND t.ended AND t.ended_at < @to
    EXCEPT`, `      AND t.started_at >= @from
    EXCEPT`}},
		[]test{{"internal/pipeline", "TestWhatReachesOverTheEdgeIsNotDeleted|TestUnknownsGiveTheSameWarehouse"}}},
	{"a claim looks again whether the window is due", []edit{{"load/ledger.go", `		if !due {`, `		if !due && false {`}},
		[]test{{"internal/pipeline", "TestTwoProcesses|TestClaimAfterAnotherLoad"}}},
}
