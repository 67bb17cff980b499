package load_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
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
			time.Duration(w.IntN(3))*300*time.Millisecond),
	}
	w.change(&s)
	return s
}

// change gives a session other contents.
func (w *world) change(s *transform.ScreenSession) {
	s.Viewers = transform.Null[int32]{V: int32(w.IntN(3)), Valid: w.IntN(4) > 0}
	s.Ended = w.IntN(8) > 0
	s.EndedAt = transform.Null[time.Time]{}
	if s.Ended {
		lasts := []time.Duration{time.Minute, 3 * time.Hour, 30 * time.Hour}[w.IntN(3)]
		s.EndedAt = transform.Null[time.Time]{V: s.StartedAt.Add(lasts), Valid: true}
	}
	s.ViewerLocations = transform.Null[[]string]{V: [][]string{nil, {"Reykjavik, Iceland"}, {"", "\u00fe"}}[w.IntN(3)], Valid: w.IntN(3) > 0}
	s.Extra = [][]byte{nil, nil, []byte(`{"a":1,"bb":[null]}`), []byte(`{"a":2e0}`)}[w.IntN(4)]
	s.Events = nil
	for i := range w.IntN(4) {
		s.Events = append(s.Events, transform.ScreenSessionEvent{
			Seq: int32(i + 1), OccurredAt: s.StartedAt.Add(time.Duration(i) * time.Second), Content: transform.Null[string]{V: fmt.Sprint(w.IntN(2), "|x"), Valid: true},
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
	b := load.NewBatch(account, load.UsageNew)
	t.Cleanup(b.Close)
	b.InChunksOf(3)
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

// What is sifted and copied comes to the same as what is merged: over many histories of a small account, in groups
// of windows or one by one.
func TestSiftedIsMerged(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	w, err := load.Open(t.Context(), dsn, load.Options{MayShrink: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	run, err := w.StartRun(t.Context(), "run", "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	first := rand.Uint64()
	for seed := first; seed < first+10 && !t.Failed(); seed++ {
		h := &history{T: t, warehouse: w, conn: conn, run: run, accounts: [2]string{fmt.Sprint("sifted", seed), fmt.Sprint("merged", seed)}}
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
		parts, order, days := 1+r.IntN(2), r.Perm(len(world.sessions)), r.Perm(worldDays)
		for len(days) > 0 {
			group := days[:1+r.IntN(len(days))]
			days = days[len(group):]
			for i, stream := range []load.Stream{load.UsageNew, load.Unsifted(load.UsageNew)} {
				h.load(world, h.accounts[i], stream, slices.Sorted(slices.Values(group)), parts, order)
			}
		}
		sifted, merged := h.rows(h.accounts[0]), h.rows(h.accounts[1])
		if !slices.Equal(sifted, merged) {
			h.Fatalf("seed %d, turn %d: sifted\n%s\nmerged\n%s", seed, turn, strings.Join(sifted, "\n"), strings.Join(merged, "\n"))
		}
		if sifted, merged := h.rejects(h.accounts[0]), h.rejects(h.accounts[1]); !slices.Equal(sifted, merged) {
			h.Fatalf("seed %d, turn %d: rejects: sifted\n%s\nmerged\n%s", seed, turn, strings.Join(sifted, "\n"), strings.Join(merged, "\n"))
		}
		world.turn()
	}
}

// load loads some days, together if they are to be sifted.
func (h *history) load(world *world, account string, stream load.Stream, days []int, parts int, order []int) {
	h.Helper()
	var all []load.Ready
	for _, day := range days {
		from := worldBegins.AddDate(0, 0, day)
		win := load.Window{Account: account, Stream: stream, From: from, To: from.AddDate(0, 0, 1), Day: from}
		claims, err := h.warehouse.Claim(h.Context(), h.run, load.Wanted{Window: win, Planned: 1 << 62})
		if err != nil || claims[0].Err != nil {
			h.Fatal(err, claims)
		}
		all = append(all, load.Ready{Claim: claims[0].Claim, Batch: world.batch(h.T, account, from, parts, order)})
	}
	// In one order both ways: a twin may stay for a while, by another number, where the window that tells it gone comes last.
	slices.SortStableFunc(all, func(a, b load.Ready) int {
		switch {
		case a.Crosses() == b.Crosses():
			return 0
		case b.Crosses():
			return -1
		}
		return 1
	})
	for i, done := range h.warehouse.Commit(h.Context(), all...) {
		if done.Err != nil {
			h.Fatalf("%s, %s: %v", account, all[i].Day, done.Err)
		}
	}
}

// rows are an account's sessions with their events, without what names the account.
func (h *history) rows(account string) []string { return h.rowsWhere(account, "true") }

// live are those that are not deleted.
func (h *history) live(account string) []string { return h.rowsWhere(account, "s.deleted_at IS NULL") }

func (h *history) rowsWhere(account, condition string) []string {
	h.Helper()
	return h.query(`
		SELECT concat_ws(' ', s.agent_email, s.started_at, s.occurrence, s.ended_at, s.ended, s.viewers, s.viewer_locations, s.extra, s.deleted_at IS NULL,
		                 s.session_id = wheelhouse.session_id(s.account_id, s.agent_email, s.started_at, s.occurrence),
		                 (SELECT string_agg(concat_ws(' ', e.seq, e.occurred_at, e.content), ',' ORDER BY e.seq)
		                  FROM crankwheel.screen_session_events e WHERE e.account_id = s.account_id AND e.session_id = s.session_id))
		FROM crankwheel.screen_sessions s WHERE s.account_id = $1 AND `+condition+`
		ORDER BY s.agent_email, s.started_at, s.occurrence, s.ended_at, s.deleted_at IS NULL, s.viewers`, account)
}

// rejects are what of an account is set aside, and what no longer is.
func (h *history) rejects(account string) []string {
	h.Helper()
	return h.query("SELECT concat_ws(' ', raw_hash, resolved_at IS NULL) FROM wheelhouse.rejects WHERE account_id = $1 ORDER BY raw_hash", account)
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
