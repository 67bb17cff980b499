package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Bounds of @every. Less than a minute would be a busy loop. More than a month would rarely be reached, because @every
// restarts with the process.
const (
	minEvery = time.Minute
	maxEvery = 31 * 24 * time.Hour
)

var cronFields = []struct {
	name, right string
	option      cron.ParseOption
}{
	{"minute", "0-59", cron.Minute},
	{"hour", "0-23", cron.Hour},
	{"day of the month", "1-31", cron.Dom},
	{"month", "1-12 or jan-dec", cron.Month},
	{"day of the week", "0-6 or sun-sat (Sunday is 0)", cron.Dow},
}

const descriptors = "@hourly, @daily, @weekly, @monthly, @yearly or @every 6h"

// fieldText is the syntax of a field. It is checked first because the library panics on a field such as TZ=UTC, and
// accepts "1,,2" and ",".
var fieldText = regexp.MustCompile(`^[0-9A-Za-z*?/-]+(,[0-9A-Za-z*?/-]+)*$`)

// parseCron checks an expression and returns it without the spaces around it.
func parseCron(text string) (string, error) {
	text = strings.TrimSpace(text)
	fields := strings.Fields(text)
	switch {
	case text == "":
		return "", errors.New(`empty: write five fields, such as "17 4 * * *"`)
	case strings.HasPrefix(text, "TZ="), strings.HasPrefix(text, "CRON_TZ="):
		return "", fmt.Errorf("%s: write the five fields alone, and the zone under timezone", quote(text))
	case strings.HasPrefix(text, "@"):
		return text, parseDescriptor(text)
	case len(fields) == 6:
		return "", fmt.Errorf("%s has six fields: there are five (minute, hour, day, month, day of the week), without seconds", quote(text))
	case len(fields) != 5:
		return "", fmt.Errorf(`%s is not five fields (minute, hour, day, month, day of the week): "17 4 * * *" is each day at 04:17`, quote(text))
	}
	for i, field := range fields {
		f := cronFields[i]
		if fieldText.MatchString(field) {
			if _, err := cron.NewParser(f.option).Parse(field); err == nil {
				continue
			}
		}
		return "", fmt.Errorf("%s: %s %s is wrong: write %s, *, a list (1,3), a range (1-5) or a step (*/2)", quote(text), f.name, quote(field), f.right)
	}
	// The search looks five years ahead, so the first leap day is enough for any date.
	if schedule(text, time.UTC).Next(time.Unix(0, 0)).IsZero() {
		return "", fmt.Errorf("%s never fires: none of its months has that day: write another day or month", quote(text))
	}
	return text, nil
}

func parseDescriptor(text string) error {
	every, is := strings.CutPrefix(text, "@every ")
	if is {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < minEvery || d > maxEvery {
			return fmt.Errorf(`%s: write a time from 1m to 744h, such as "@every 6h"`, quote(text))
		}
		return nil
	}
	if _, err := cron.ParseStandard(text); err != nil {
		return fmt.Errorf("%s is unknown: write five fields, or %s", quote(text), descriptors)
	}
	return nil
}

// schedule is the schedule of text in zone. It is nil for a text that parseCron refuses.
func schedule(text string, zone *time.Location) cron.Schedule {
	text = strings.TrimSpace(text)
	if every, is := strings.CutPrefix(text, "@every "); is {
		text = "@every " + strings.TrimSpace(every)
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return nil
	}
	if spec, is := s.(*cron.SpecSchedule); is {
		spec.Location = time.UTC
		return wallClock{spec, zone}
	}
	return s
}

// wallClock fires when a clock in zone shows a time of the expression. The library alone skips times in the gap of spring,
// fires twice in the hour that autumn repeats, and loses a day in zones that skip midnight (Havana) or change by half an
// hour (Lord Howe). wallClock fires once for each time of the expression: for a time in the gap later by the length of the
// gap, for a time in a repeated hour when the time comes first.
type wallClock struct {
	spec *cron.SpecSchedule // in UTC, which has no clock changes
	zone *time.Location
}

func (w wallClock) Next(after time.Time) time.Time {
	for wall := inZone(after.In(w.zone), time.UTC); ; {
		if wall = w.spec.Next(wall); wall.IsZero() {
			return wall
		}
		// During the second pass of a repeated hour, onWall returns a time before after.
		if fire := onWall(wall, w.zone); fire.After(after) {
			return fire.In(after.Location())
		}
	}
}

// onWall is the time at which a clock in zone shows wall: in a gap the later time, in a repeated hour the first time.
// time.Date does not promise which of the two it returns.
func onWall(wall time.Time, zone *time.Location) time.Time {
	t := inZone(wall, zone)
	if short := wall.Sub(inZone(t, time.UTC)); short > 0 {
		return t.Add(short)
	}
	for _, back := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		if first := t.Add(-back); inZone(first, time.UTC).Equal(wall) {
			return first
		}
	}
	return t
}

// inZone is the time in zone with t's date and time of day.
func inZone(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}
