package load

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// sessionLocks is how many partitions wheelhouse.session_locks has: a day's is its number modulo that.
const sessionLocks = 16

// crosses tells whether a window's answer shows sessions that begin outside of it. Such a window has a transaction of its own.
func (r Ready) crosses() bool { return !r.Batch.sessions.within(r.Window) }

// lockSessions queues what comes before a transaction's first look at the sessions, which is as of then. A window shares its own days'
// locks with all that have such days. Where it shows sessions that begin on others it has theirs alone: a window of those days may be about
// to number the same twins, with other ids, so that no key would tell. All take them in one order.
func lockSessions(batch *pgx.Batch, loads []Ready) {
	var modes [sessionLocks]string
	mark := func(from, to time.Time, mode string) { // days between, both included
		const day = 24 * 60 * 60
		first, last := from.Unix()/day, to.Unix()/day
		for n := first; n <= min(last, first+sessionLocks-1); n++ {
			modes[(n%sessionLocks+sessionLocks)%sessionLocks] = mode
		}
	}
	for _, l := range loads {
		mark(l.From, l.To.Add(-1), "ROW EXCLUSIVE")
	}
	if len(loads) == 1 && loads[0].crosses() {
		l, x := loads[0], &loads[0].Batch.sessions
		if x.first.Before(l.From) {
			mark(x.first, l.From.Add(-1), "SHARE ROW EXCLUSIVE")
		}
		if !x.last.Before(l.To) {
			mark(l.To, x.last, "SHARE ROW EXCLUSIVE")
		}
	}
	for n, mode := range modes {
		if mode != "" {
			batch.Queue(fmt.Sprintf("LOCK TABLE wheelhouse.session_locks_%d IN %s MODE", n, mode))
		}
	}
}
