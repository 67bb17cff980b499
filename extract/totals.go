package extract

import (
	"database/sql"
	"maps"
	"strings"
)

// sums is a pair of sums over rows: sessions and their seconds, or shares and their plays.
type sums struct{ count, amount int64 }

func (s *sums) add(o sums) { s.count += o.count; s.amount += o.amount }

// totals holds the sums that one answer states, and the sums of the rows that came with it.
type totals struct {
	stated    bool             // the answer states totals
	noAmount  bool             // the answer states no total of amounts
	want, got sums             // stated, and added up from the rows
	wantBy    map[string]sums  // stated by agent, under agentKey; nil where the answer states none
	gotBy     map[string]*sums // added up by agent, under the address as sent
}

// addRow adds one row of an agent.
func (t *totals) addRow(agent string, row sums) {
	t.got.add(row)
	if sum, ok := t.gotBy[agent]; ok {
		sum.add(row)
		return
	}
	if t.gotBy == nil {
		t.gotBy = map[string]*sums{}
	}
	first := row                           // a copy, so that row itself stays on the stack for agents that are in the map
	t.gotBy[strings.Clone(agent)] = &first // the clone does not keep the record's other texts in memory (see texts)
}

// forgetStated drops the totals that the answer has stated so far: of members with equal names the last one counts.
func (t *totals) forgetStated() { *t = totals{noAmount: true, got: t.got, gotBy: t.gotBy} }

// reconciles tells whether the rows have the sums that the answer states. It is true where the answer states none.
func (t *totals) reconciles() bool {
	if !t.stated {
		return true
	}
	if t.want.count != t.got.count || !t.noAmount && t.want.amount != t.got.amount {
		return false
	}
	if t.wantBy == nil {
		return true
	}
	gotBy := make(map[string]sums, len(t.gotBy))
	for agent, u := range t.gotBy {
		key := agentKey(agent)
		sum := gotBy[key]
		sum.add(*u)
		gotBy[key] = sum
	}
	isZero := func(_ string, s sums) bool { return s == sums{} }
	maps.DeleteFunc(t.wantBy, isZero)
	maps.DeleteFunc(gotBy, isZero)
	return maps.Equal(t.wantBy, gotBy)
}

// maxReadings is how often an answer that does not reconcile is asked for. The last one counts as it is.
const maxReadings = 3

// untilReconciled calls read until an answer reconciles, at most maxReadings times, and notes the result in the report.
func untilReconciled(rep *Report, read func() (*totals, error)) (*totals, error) {
	before := rep.Missing
	for n := 1; ; n++ {
		rep.Missing = before // only the reading that counts tells what is missing
		t, err := read()
		if err != nil {
			return nil, err
		}
		if t.reconciles() || n == maxReadings {
			rep.reconcile(t.stated, t.reconciles())
			return t, nil
		}
	}
}

// reconcile notes whether one answer reconciles. The window reconciles if all its answers with totals do.
func (r *Report) reconcile(stated, reconciles bool) {
	if stated {
		r.Reconciled = sql.Null[bool]{V: reconciles && (!r.Reconciled.Valid || r.Reconciled.V), Valid: true}
	}
}

// addSourceCount adds the number of rows that one answer states.
func (r *Report) addSourceCount(n int64) {
	r.SourceCount = sql.Null[int64]{V: r.SourceCount.V + n, Valid: true}
}

func (r *Report) addSourceSeconds(n int64) {
	r.SourceSeconds = sql.Null[int64]{V: r.SourceSeconds.V + n, Valid: true}
}

// agentKey returns an agent's address in the form in which totals are compared: the API does not always write an
// address in the same case.
func agentKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
