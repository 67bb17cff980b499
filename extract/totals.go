package extract

import (
	"maps"
	"strings"
)

// tally is a pair of sums that an answer states: sessions and seconds, or shares and plays.
type tally struct{ count, amount int64 }

func (t *tally) add(u tally) { t.count += u.count; t.amount += u.amount }

// totals are what an answer says of itself beside what came with it.
type totals struct {
	stated    bool
	silent    bool // says no sum of the second of the pair
	said, got tally
	saidBy    map[string]tally  // by agent; nil where the answer says none
	gotBy     map[string]*tally // by agent, as written
}

// came counts rows of an agent's that came.
func (t *totals) came(agent string, u tally) {
	t.got.add(u)
	if sum, ok := t.gotBy[agent]; ok {
		sum.add(u)
		return
	}
	if t.gotBy == nil {
		t.gotBy = map[string]*tally{}
	}
	first := u
	t.gotBy[strings.Clone(agent)] = &first // what is kept outlives the record
}

// unsay forgets what the answer said of itself so far: of equal members the last counts.
func (t *totals) unsay() { *t = totals{silent: true, got: t.got, gotBy: t.gotBy} }

// agree tells whether what came adds up to what the answer says; true where it says nothing.
func (t *totals) agree() bool {
	if !t.stated {
		return true
	}
	if t.said.count != t.got.count || !t.silent && t.said.amount != t.got.amount {
		return false
	}
	if t.saidBy == nil {
		return true
	}
	gotBy := make(map[string]tally, len(t.gotBy))
	for agent, u := range t.gotBy {
		key := agentKey(agent)
		sum := gotBy[key]
		sum.add(*u)
		gotBy[key] = sum
	}
	nothing := func(_ string, u tally) bool { return u == tally{} }
	maps.DeleteFunc(t.saidBy, nothing)
	maps.DeleteFunc(gotBy, nothing)
	return maps.Equal(t.saidBy, gotBy)
}

// readings is how often an answer whose totals disagree is read before it is taken as it is.
const readings = 3

// untilAgreed reads an answer until it adds up, and then or at last reports its totals.
func untilAgreed(rep *Report, read func() (*totals, error)) (*totals, error) {
	for n := 1; ; n++ {
		t, err := read()
		if err != nil {
			return nil, err
		}
		if t.agree() || n == readings {
			rep.reconcile(t.stated, t.agree())
			return t, nil
		}
	}
}

// reconcile adds one answer's comparison to the window's: one that disagrees is enough.
func (r *Report) reconcile(stated, agrees bool) {
	if stated {
		r.Reconciled = value(agrees && (!r.Reconciled.Valid || r.Reconciled.Value))
	}
}

// stated adds what one answer says its rows are to the window's.
func (r *Report) stated(count int64) { r.SourceCount = value(r.SourceCount.Value + count) }

func (r *Report) statedSeconds(n int64) { r.SourceSeconds = value(r.SourceSeconds.Value + n) }

// agentKey is an agent's address as totals compare it: written differently, it is still one agent.
func agentKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
