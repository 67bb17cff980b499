package settings

import (
	"time"

	"github.com/robfig/cron/v3"
)

// LastDue is a schedule's last time up to now. It is zero if there was none in eight years, the longest time between two
// leap days.
func LastDue(schedule cron.Schedule, now time.Time) time.Time {
	if every, is := schedule.(cron.ConstantDelaySchedule); is {
		return now.Add(-every.Delay) // @every has no fixed times, so the last one counts as a full delay ago
	}
	// Schedule.Next only looks forward: begin far enough back that there is a time before now.
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
