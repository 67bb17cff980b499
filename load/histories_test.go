package load_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// world has an account's sessions as the API knows them: many same-second sessions, some over midnight, some running.
type world struct {
	*rand.Rand
	sessions []transform.ScreenSession
	shows    func(s transform.ScreenSession, from, to time.Time) bool
	slots    int // the number of moments at which sessions begin
	bad      int // which sessions are rejected for now; 0: none
}

var worldBegins = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

const worldDays = 3

// selections are the rules by which the API may select the sessions of a window: by start, by end or by overlap, each with and
// without those at the window's edge.
var selections = []func(s transform.ScreenSession, from, to time.Time) bool{
	func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.Before(from) && s.StartedAt.Before(to)
	},
	func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.Before(from) && !s.StartedAt.After(to)
	},
	func(s transform.ScreenSession, from, to time.Time) bool {
		return s.Ended && !s.EndedAt.V.Before(from) && s.EndedAt.V.Before(to)
	},
	func(s transform.ScreenSession, from, to time.Time) bool {
		return s.Ended && !s.EndedAt.V.Before(from) && !s.EndedAt.V.After(to)
	},
	func(s transform.ScreenSession, from, to time.Time) bool {
		return s.StartedAt.Before(to) && (!s.Ended || s.EndedAt.V.After(from))
	},
	func(s transform.ScreenSession, from, to time.Time) bool {
		return !s.StartedAt.After(to) && (!s.Ended || !s.EndedAt.V.Before(from))
	},
}

func (w *world) session() transform.ScreenSession {
	s := transform.ScreenSession{
		AgentEmail: []string{"a@x.com", "b@x.com"}[w.IntN(2)],
		StartedAt: worldBegins.Add(time.Duration(w.IntN(w.slots))*24*worldDays*time.Hour/time.Duration(w.slots) + time.Duration(w.IntN(2))*time.Second +
			time.Duration(w.IntN(8)/7*300)*time.Millisecond),
	}
	w.change(&s)
	return s
}

// change changes a session.
func (w *world) change(s *transform.ScreenSession) {
	s.Viewers = sql.Null[int32]{V: int32(w.IntN(3)), Valid: w.IntN(4) > 0}
	s.Ended = w.IntN(8) > 0
	s.EndedAt = sql.Null[time.Time]{}
	if s.Ended {
		lasts := []time.Duration{time.Minute, 3 * time.Hour, 30 * time.Hour}[w.IntN(3)]
		s.EndedAt = sql.Null[time.Time]{V: s.StartedAt.Add(lasts), Valid: true}
	}
	s.ViewerLocations = sql.Null[[]string]{V: [][]string{nil, {"Reykjavik, Iceland"}, {"", "\u00fe"}}[w.IntN(3)], Valid: w.IntN(3) > 0}
	s.Extra = [][]byte{nil, nil, []byte(`{"a": 1, "bb": [null]}`), []byte(`{"a": 2}`)}[w.IntN(4)]
	s.Events = nil
	for i := range w.IntN(4) {
		s.Events = append(s.Events, transform.ScreenSessionEvent{
			Seq: int32(i + 1), OccurredAt: s.StartedAt.Add(time.Duration(i) * time.Second), Content: sql.Null[string]{V: fmt.Sprint(w.IntN(2), "|x"), Valid: true},
		})
	}
}

// turn lets some time pass: sessions change, are deleted or created, and other ones are rejected.
func (w *world) turn() {
	w.bad = w.IntN(8)
	for range w.IntN(4) {
		w.change(&w.sessions[w.IntN(len(w.sessions))])
	}
	for range w.IntN(3) {
		i := w.IntN(len(w.sessions))
		w.sessions = slices.Delete(w.sessions, i, i+1)
	}
	for range w.IntN(4) {
		w.sessions = append(w.sessions, w.session())
	}
}

// add adds a session to a batch, as a row or as a reject.
func (w *world) add(b *load.Batch, s transform.ScreenSession) error {
	n := int(s.StartedAt.UnixMilli() / 100)
	if w.bad == 0 || n%9 != w.bad {
		return b.Session(s)
	}
	r := transform.Reject{Path: "$", Reason: "bad", Key: fmt.Sprint(s.AgentEmail, " ", s.StartedAt.Unix()), Hash: sha256.Sum256(fmt.Append(nil, s.AgentEmail, n))}
	if n%2 == 0 {
		r.Key = ""
	}
	return b.Reject(r)
}

// batch returns a day's rows in a given order, from the answers of so many windows of equal length.
func (w *world) batch(t *testing.T, account string, from time.Time, answers int, order []int) *load.Batch {
	t.Helper()
	b := load.NewBatch(ledger.Window{Account: account, Stream: load.UsageNew.Stream, From: from, To: from.AddDate(0, 0, 1), Day: from})
	t.Cleanup(b.Close)
	length := 24 * time.Hour / time.Duration(answers)
	for n := range answers {
		b.Begin()
		begins := from.Add(time.Duration(n) * length)
		for _, i := range order {
			if s := w.sessions[i]; w.shows(s, begins, begins.Add(length)) {
				if err := w.add(b, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.Commit()
	}
	return b
}

// The same sessions are live in the end, in whatever order and groups windows are loaded, bisected or not, and however the API
// selects the sessions of a window.
func TestOrderOfWindowsDoesNotMatter(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	w, err := load.Open(t.Context(), dsn, load.Options{MayShrink: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	run, err := w.Ledger.StartRun(t.Context(), "run", "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	first, histories := rand.Uint64(), uint64(testkit.Rounds(5, 10, 500))
	for seed := first; seed < first+histories && !t.Failed(); seed++ {
		h := &history{T: t, warehouse: w, conn: conn, run: run, accounts: [2]string{fmt.Sprint("one", seed), fmt.Sprint("two", seed)}}
		h.play(seed)
	}
}

// history loads one world into two accounts in different ways.
type history struct {
	*testing.T
	warehouse *load.Warehouse
	conn      *pgx.Conn
	run       int64
	accounts  [2]string
}

func (h *history) play(seed uint64) {
	h.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	world := &world{Rand: r, shows: selections[r.IntN(len(selections))], slots: 12 * worldDays}
	for range 12 {
		world.sessions = append(world.sessions, world.session())
	}
	for turn := range 4 {
		for _, account := range h.accounts {
			for days := r.Perm(worldDays); len(days) > 0; {
				group := days[:1+r.IntN(len(days))]
				days = days[len(group):]
				h.load(world, account, group, 1+r.IntN(2))
			}
		}
		one, two := h.live(h.accounts[0]), h.live(h.accounts[1])
		if !slices.Equal(one, two) {
			h.Fatalf("seed %d, turn %d:\n%s\nin another order\n%s", seed, turn, strings.Join(one, "\n"), strings.Join(two, "\n"))
		}
		if one, two := h.rejects(h.accounts[0]), h.rejects(h.accounts[1]); !slices.Equal(one, two) {
			h.Fatalf("seed %d, turn %d: rejects:\n%s\nin another order\n%s", seed, turn, strings.Join(one, "\n"), strings.Join(two, "\n"))
		}
		world.turn()
	}
}

// load loads some days in one transaction, each from the given number of answers.
func (h *history) load(world *world, account string, days []int, answers int) {
	h.Helper()
	var all []load.Ready
	for _, day := range days {
		from := worldBegins.AddDate(0, 0, day)
		win := ledger.Window{Account: account, Stream: load.UsageNew.Stream, From: from, To: from.AddDate(0, 0, 1), Day: from}
		claims, err := h.warehouse.Ledger.Claim(h.Context(), h.run, ledger.Due{Window: win, Known: 1 << 62})
		if err != nil || claims[0].Err != nil {
			h.Fatal(err, claims)
		}
		all = append(all, load.Ready{Claim: claims[0], Batch: world.batch(h.T, account, from, answers, world.Perm(len(world.sessions)))})
	}
	for i, done := range h.warehouse.Commit(h.Context(), all...) {
		if done.Err != nil {
			h.Fatalf("%s, %s: %v", account, all[i].Day, done.Err)
		}
	}
}

// live returns an account's live sessions with their events, without the account and without occurrences.
func (h *history) live(account string) []string {
	h.Helper()
	return h.query(`
		SELECT concat_ws(' ', s.agent_email, s.started_at, s.ended_at, s.ended, s.viewers, s.viewer_locations, s.extra,
		                 s.session_id = wheelhouse.session_id(s.account_id, s.agent_email, s.started_at, s.occurrence),
		                 (SELECT string_agg(concat_ws(' ', e.seq, e.occurred_at, e.content), ',' ORDER BY e.seq)
		                  FROM crankwheel.screen_session_events e WHERE e.account_id = s.account_id AND e.session_id = s.session_id))
		FROM crankwheel.screen_sessions s WHERE s.account_id = $1 AND s.deleted_at IS NULL
		ORDER BY 1`, account)
}

// rejects returns an account's rejects, and whether each is open.
func (h *history) rejects(account string) []string {
	h.Helper()
	return h.query("SELECT concat_ws(' ', raw_hash, resolved_at IS NULL) FROM wheelhouse.rejects WHERE account_id = $1 ORDER BY raw_hash, window_from", account)
}

func (h *history) query(sql, account string) []string {
	h.Helper()
	rows, err := h.conn.Query(h.Context(), sql, account)
	if err != nil {
		h.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		h.Fatal(err)
	}
	return all
}
