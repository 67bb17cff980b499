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

// world is an account's sessions as the API would tell of them: many twins, some over midnight, some running.
type world struct {
	*rand.Rand
	sessions []transform.ScreenSession
	shows    func(s transform.ScreenSession, from, to time.Time) bool
	slots    int // in which sessions begin
	bad      int // which sessions cannot be understood for now
}

var worldBegins = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

const worldDays = 3

// selections are the ways in which an API may choose what a window shows: by start, by end or by overlap, with the last instant and
// without, and what ended at the first.
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

// change gives a session other contents.
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

// turn lets some time pass: sessions change, go and come, and others cannot be understood.
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

// add adds a session to a batch, or sets it aside.
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

// batch is a day's answer in any order, in one part or two.
func (w *world) batch(t *testing.T, account string, from time.Time, parts int, order []int) *load.Batch {
	t.Helper()
	b := load.NewBatch(ledger.Window{Account: account, Stream: load.UsageNew.Stream, From: from, To: from.AddDate(0, 0, 1), Day: from})
	t.Cleanup(b.Close)
	length := 24 * time.Hour / time.Duration(parts)
	for part := range parts {
		b.Begin()
		begins := from.Add(time.Duration(part) * length)
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

// In whatever order, groups and parts windows are loaded, and whichever way the API selects what a window shows, the same
// sessions live in the end.
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
	first, histories := rand.Uint64(), uint64(10)
	if testkit.Long() {
		histories = 500
	}
	for seed := first; seed < first+histories && !t.Failed(); seed++ {
		h := &history{T: t, warehouse: w, conn: conn, run: run, accounts: [2]string{fmt.Sprint("one", seed), fmt.Sprint("two", seed)}}
		h.play(seed)
	}
}

// history is what becomes of one world in two accounts.
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

// load loads some days in one transaction, each in some parts.
func (h *history) load(world *world, account string, days []int, parts int) {
	h.Helper()
	var all []load.Ready
	for _, day := range days {
		from := worldBegins.AddDate(0, 0, day)
		win := ledger.Window{Account: account, Stream: load.UsageNew.Stream, From: from, To: from.AddDate(0, 0, 1), Day: from}
		claims, err := h.warehouse.Ledger.Claim(h.Context(), h.run, ledger.Due{Window: win, Known: 1 << 62})
		if err != nil || claims[0].Err != nil {
			h.Fatal(err, claims)
		}
		all = append(all, load.Ready{Claim: claims[0], Batch: world.batch(h.T, account, from, parts, world.Perm(len(world.sessions)))})
	}
	for i, done := range h.warehouse.Commit(h.Context(), all...) {
		if done.Err != nil {
			h.Fatalf("%s, %s: %v", account, all[i].Day, done.Err)
		}
	}
}

// live are an account's sessions that are not deleted, with their events, without what names the account, and without their
// numbers.
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

// rejects are what of an account is set aside, and what no longer is.
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
