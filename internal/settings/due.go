package settings

import (
	"time"

	"github.com/robfig/cron/v3"
)

// LastDue is a schedule's last tick up to now; zero if there was none in eight years, which is as far
// apart as two 29ths of February can be.
func LastDue(schedule cron.Schedule, now time.Time) time.Time {
	if every, is := schedule.(cron.ConstantDelaySchedule); is {
		return now.Add(-every.Delay) // has no hours of its own: due when as much time has passed
	}
	// Schedules only look forward: begin so far back that there is a tick before now.
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
