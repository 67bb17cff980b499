package main

// bug is a safeguard: how to remove it, and which tests must then fail.
type bug struct {
	name  string
	edits []edit
	tests []test
}

// edit replaces a text that is in the file exactly once.
type edit struct{ file, old, new string }

// test names tests of a package, as a pattern.
type test struct{ pkg, run string }

var bugs = []bug{
	{"ledger in the data's transaction", []edit{{"load/apply_window.go",
		`		win.QueueLoaded(&batch, win.asked(), win.counts, win.Asked, &win.noticed)`,
		`		var own pgx.Batch
		win.QueueLoaded(&own, win.asked(), win.counts, win.Asked, &win.noticed)
		own.QueuedQueries = own.QueuedQueries[:1] // without the end of the lease, which the transaction has locked
		batch.Queue("DELETE FROM wheelhouse.leases WHERE load_id = $1", win.Load)
		other, err := pgx.ConnectConfig(ctx, tx.Conn().Config())
		if err != nil {
			return err
		}
		defer other.Close(ctx)
		if err := other.SendBatch(ctx, &own).Close(); err != nil {
			return err
		}`}},
		[]test{{"internal/pipeline", "TestLostCommit"}, {"cmd/wheelhouse", "TestKillSweep"}}},
	{"a late answer of a window gives way", []edit{{"internal/ledger/ledger.sql", ` AND l.requested_at > w.requested) AS superseded,`, ` AND false) AS superseded,`}},
		[]test{{"internal/pipeline", "TestLateAnswer"}}},
	{"a late answer of another window gives way", []edit{{"load/diff.go", `	case d.newer[existing.load]: // invariant 5
		c.action = keep
`, ``}},
		[]test{{"internal/pipeline", "TestLateAnswerOfTheNextDay"}, {"load", "TestOlderAnswersChangeNothing"}}},
	{"rows in the order of their keys", []edit{{"load/sorter.go", `		s.sort(s.index)
		return &sorted`, `		return &sorted`}},
		[]test{{"load", "TestSorterReturnsEverythingInOrder|TestWindowsInAnyOrderEndInWhatTheyShow"}}},
	{"strict end of the JSON", []edit{{"extract/stream.go", `		return &BodyError{errors.New("more text after the JSON")}`, `		return nil`}},
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
	{"one row a key", []edit{{"load/diff.go", `	for i := range incoming[:max(0, len(incoming)-1)] {
		d.add(change{action: merge, incoming: &incoming[i]})
	}`, `	for i := range incoming[:max(0, len(incoming)-1)] {
		d.pair(nil, &incoming[i])
	}`}},
		[]test{{"internal/pipeline", "TestAShareThatCameTwice"}}},
	{"a bisected window has a session once", []edit{{"load/usage_new.go", `			if j < 0 {
				all = append(all, answer[i])`, `			if j < 0 || j >= 0 {
				all = append(all, answer[i])`}},
		[]test{{"load", "TestABisectedWindowHasASessionOnce"}, {"internal/pipeline", "TestWindowsThatAreBisected"}}},
	{"one chunk at a time in staging", []edit{{"load/apply.go", `	if a.staged[s.staging] {`, `	if a.staged[s.staging] && false {`}},
		[]test{{"load", "TestUpdatesShareATransaction"}}},
	{"each transaction has its own settings", []edit{{"internal/postgres/session.go", `begin + " not deferrable; SELECT " + strings.Join(made, ", ")`, `begin + " not deferrable"`}},
		[]test{{"cmd/wheelhouse", "TestAmbientSettings"}}},
	{"only UTF8", []edit{{"internal/postgres/session.go", `encoding != "" && encoding != "UTF8"`, `encoding == "none"`}},
		[]test{{"cmd/wheelhouse", "TestOtherEncodingsAreRefused"}}},
	{"the fence", []edit{
		{"internal/ledger/ledger.sql", `SELECT load_id FROM wheelhouse.leases WHERE load_id = ANY (@loads::bigint[]) ORDER BY load_id FOR UPDATE;`, `SELECT unnest(@loads::bigint[]);`},
		{"internal/ledger/ledger.sql", `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = nullif(@missing, '')
WHERE id = @load AND status = 'running';`, `    attempts = @attempts, requested_at = @requested, finished_at = now(), error = nullif(@missing, '')
WHERE id = @load;`}},
		[]test{{"internal/pipeline", "TestLeaseThatPassedOn"}, {"cmd/wheelhouse", "TestTwoAtOnce"}}},
	{"events are compared", []edit{{"load/usage_new.go", `func equal(a, b *record) bool {
	return bytes.Equal(a.row, b.row) && bytes.Equal(a.children, b.children)`, `func equal(a, b *record) bool {
	return bytes.Equal(a.row, b.row)`}, {"load/diff.go", ` && bytes.Equal(existing.children, incoming.children):`, `:`}},
		[]test{{"internal/pipeline", "TestOneChangeWritesOneRow"}, {"load", "TestOrderOfWindowsDoesNotMatter"}}},
	{"rows that the API no longer sends are deleted", []edit{{"load/diff.go", `	d.add(change{action: remove, existing: existing})`, `	d.add(change{action: keep, existing: existing})`}},
		[]test{{"internal/pipeline", "TestShrinkGuard|TestDeletedAndBack"}, {"load", "TestOrderOfWindowsDoesNotMatter"}}},
	{"an incomplete load deletes nothing", []edit{{"load/apply_window.go", `, anyMayBeMissing: b.missing != ""}`, `}`}},
		[]test{{"internal/pipeline", "TestDayOfContentsThatNeverAnswers|TestShareThatNeverAnswers"}}},
	{"children without their parent are removed", []edit{{"load/apply.go", `if c.staleChildren || replaced`, `if replaced`}},
		[]test{{"internal/pipeline", "TestVerifyFindsAndForceRepairsEverything"}}},
	{"the shrink guard", []edit{{"load/apply_window.go", `if !mayShrink && (n.shrinks() ||`, `if false && (n.shrinks() ||`}},
		[]test{{"internal/pipeline", "TestShrinkGuard|TestShrinkGuardSeesReplacement"}}},
	{"the shrink guard of each window that was joined", []edit{{"load/apply_window.go", ` || win.Joined && n.Deleted >= emptyFrom`, ``}},
		[]test{{"internal/pipeline", "TestShrinkGuardOfJoinedWindows"}}},
	{"redirects are refused", []edit{{"extract/client.go", `func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }`, `nil`}},
		[]test{{"extract", "TestRedirectsAreNeverFollowed"}}},
	{"totals are reconciled with the API's", []edit{{"extract/totals.go", `	if !t.stated {
		return true
	}`, `	if t.stated || !t.stated {
		return true
	}`}},
		[]test{{"extract", "TestTamperedTotalsAreReadThreeTimes|TestTotals"}, {"internal/pipeline", "TestTotalsThatDisagree"}}},
	{"conservation", []edit{{"load/apply.go", `	if err == nil && copied != want {`, `	if false {`}},
		[]test{{"internal/pipeline", "TestSwallowedRows"}}},
	{"only rows that differ are written", []edit{{"load/diff.go", `		c.action = unchanged // invariant 4
`, `		c.action = update
`}},
		[]test{{"internal/pipeline", "TestTheSameAnswerTwiceWritesNothing|TestADeletionWritesOneRow"}}},
	{"only a window that contains a whole row deletes it", []edit{{"load/table.go",
		` && !end.Before(from) && end.Before(to)
}`, `
}`}},
		[]test{{"internal/pipeline", "TestADeletionWritesOneRow|TestUnknownsGiveTheSameWarehouse"}}},
	{"a claim looks again whether the window is due", []edit{{"internal/ledger/ledger.sql", `                     AND l.id > w.known) AS done`, `                     AND false) AS done`}},
		[]test{{"internal/pipeline", "TestTwoProcesses|TestClaimAfterAnotherLoad"}}},
	{"an answer that states an error is none", []edit{{"extract/beside.go", `if says, err := d.says(); says || err != nil {`, `if says, err := d.says(); says && false || err != nil {`}},
		[]test{{"extract", "TestAnAnswerThatStatesAnErrorIsNone"}, {"internal/pipeline", "TestAnswersThatStateAnError|TestErrorWithoutRowsDeletesNothing"}}},
	{"an answer that says that there is more is incomplete", []edit{{"extract/get.go", `r.noteMore(a.beside.notAll(a.rows))`, `_ = a.beside.notAll(a.rows)`}},
		[]test{{"extract", "TestMembersThatSayThereIsMore"}, {"internal/pipeline", "TestAnswersThatSayThereIsMore"}}},
	{"only UTF-8 is read", []edit{{"extract/head.go", `case "", "utf-8", "utf8", "us-ascii", "ascii":`, `case "", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1":`}},
		[]test{{"extract", "TestContentTypes|TestLatin1IsNeverReadAsUTF8"}, {"internal/pipeline", "TestAnswersOfProxies"}}},
	{"an account keeps its server", []edit{{"internal/ledger/server.go", `	if warehouse == "" || plainServer`, `	if warehouse != "none" || plainServer`}},
		[]test{{"internal/ledger", "TestAccountsKeepTheirServers"}, {"cmd/wheelhouse", "TestAnotherServerIsRefused|TestOtherAccountsAreLoaded"}}},
}
