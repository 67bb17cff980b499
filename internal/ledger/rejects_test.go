package ledger_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"wheelhouse/internal/ledger"
)

// reject writes a reject of a load, and returns its id.
func (l *testLedger) reject(loadID int64, stream, path, raw string, resolved bool) (id int64) {
	l.t.Helper()
	var asJSON, asText any = raw, nil
	if !json.Valid([]byte(raw)) {
		asJSON, asText = nil, raw
	}
	err := l.conn.QueryRow(l.t.Context(), `INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw, raw_text, raw_hash, last_seen_at, resolved_at)
		SELECT $1, 'a', $2, $3::text, 'no id', $4::text::jsonb, $5, sha256(convert_to($3::text, 'UTF8')), now() + make_interval(secs => count(*)), CASE WHEN $6 THEN now() END
		FROM wheelhouse.rejects RETURNING id`, loadID, stream, path, asJSON, asText, resolved).Scan(&id)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

const person = "prospect@example.com"

func TestRejects(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2026-03-26", "2026-03-31 13:00")
	day := l.window("usage_new", "2026-03-29", "2026-03-30", "loaded")
	first := l.reject(day, "usage_new", "$.sessions[3]", `{"agent": "`+person+`", "n": 1}`, false)
	l.reject(day, "usage_new", "$.sessions[4]", `{"n": 2}`, true)
	third := l.reject(99999, "shares", "$.data[0]", `not {JSON`, false) // its load does not exist
	list := func(f ledger.RejectFilter) []ledger.Reject {
		found, err := l.warehouse.Ledger.ListRejects(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for name, c := range map[string]struct {
		filter ledger.RejectFilter
		want   int
	}{
		"open": {ledger.RejectFilter{}, 2}, "all": {ledger.RejectFilter{All: true}, 3}, "one": {ledger.RejectFilter{Limit: 1}, 1},
		"stream": {ledger.RejectFilter{Streams: []string{"usage_new"}, All: true}, 2}, "account": {ledger.RejectFilter{Account: "b", All: true}, 0},
	} {
		if found := list(c.filter); len(found) != c.want {
			t.Errorf("%s: %d rejects, not %d: %+v", name, len(found), c.want, found)
		}
	}
	open := list(ledger.RejectFilter{})
	if open[0].ID != third || open[0].From != nil || open[1].ID != first || !open[1].From.Equal(l.at("2026-03-29")) || !open[1].To.Equal(l.at("2026-03-30")) {
		t.Errorf("not the newest first, with their windows: %+v", open)
	}
	if text, err := json.Marshal(list(ledger.RejectFilter{All: true})); err != nil || strings.Contains(string(text), person) {
		t.Errorf("the list shows what was sent: %s (%v)", text, err)
	}
	all, err := l.warehouse.Status(t.Context(), l.now)
	if err != nil || len(all) != 1 || all[0].Rejects != 1 {
		t.Errorf("status: %+v (%v)", all, err)
	}
}

func TestShowReject(t *testing.T) {
	t.Parallel()
	l := newTestLedger(t, "2026-03-26", "2026-03-31 13:00")
	day := l.window("usage_new", "2026-03-29", "2026-03-30", "loaded")
	for raw, want := range map[string]string{
		`{"agent":"` + person + `","n":1}`: "{\n  \"n\": 1,\n  \"agent\": \"" + person + "\"\n}",
		`[1e400]`:                          "",
		"{\"a\": cut off":                  "{\"a\": cut off",
	} {
		id := l.reject(day, "usage_new", raw, raw, false)
		found, err := l.warehouse.Ledger.ShowReject(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if want != "" && found.Pretty() != want {
			t.Errorf("%s is shown as\n%s\nnot\n%s", raw, found.Pretty(), want)
		}
		if text, err := json.Marshal(found); err != nil || !strings.Contains(string(text), `"window_from":`) {
			t.Errorf("as JSON: %s (%v)", text, err)
		}
	}
	if _, err := l.warehouse.Ledger.ShowReject(t.Context(), 99999); !errors.Is(err, ledger.ErrNoReject) {
		t.Errorf("a reject that does not exist: %v", err)
	}
}
