package settings

import (
	"time"

	"github.com/robfig/cron/v3"
)

// LastDue is a schedule's last tick up to now. It is zero if there was none in eight years, which is the longest time
// between two 29ths of February.
func LastDue(schedule cron.Schedule, now time.Time) time.Time {
	if every, is := schedule.(cron.ConstantDelaySchedule); is {
		return now.Add(-every.Delay) // @every has no hours of its own: it was due that long ago
	}
	// A schedule only looks forward: begin so far back that there is a tick before now.
	for back := time.Hour; back < 9*366*24*time.Hour; back *= 2 {
		due := schedule.Next(now.Add(-back))
		if due.IsZero() || due.After(now) {
			continue
		}
		for next := due; !next.IsZero() && !next.After(now); next = schedule.Next(next) {
			due = next
		}
		return due
	}
	return time.Time{}
}
