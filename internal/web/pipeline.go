package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/stream"
)

// pipelinePage shows which days are loaded and reconciled.
var pipelinePage = &page{Name: "pipeline", Path: "/pipeline", Title: "Pipeline", Nav: "Pipeline", Section: "pipeline", Sub: "Days",
	Today: true, Days: 365, Read: readPipeline}

type pipelineData struct {
	Figures   []figure
	Streams   *table
	Calendars []*chart
	Attention *table
	Runs      *table
	Days      *table // only as CSV
}

// dayRow is a row of bi.coverage: a day of a stream.
type dayRow struct {
	Stream         string
	Day            time.Time
	Status         string
	Partial        bool
	DayEnd         time.Time
	Error          *string
	StreamLoadedAt *time.Time
}

// The states of a day: those of bi.coverage, and due for a gap that no schedule should have filled yet.
const (
	loaded       = "loaded"
	unreconciled = "unreconciled"
	failed       = "failed"
	gap          = "gap"
	due          = "due"
)

// stateText is the text for each state.
var stateText = map[string]string{loaded: "loaded", unreconciled: "not reconciled", failed: "failed", gap: "gap", due: "not yet due"}

// state is the cell of a state.
func state(status string) cell {
	return cell{Text: stateText[status], Value: status}.as("state-" + status)
}

const mostAttention = 60

func readPipeline(ctx context.Context, q *request) (any, error) {
	days, err := rows[dayRow](ctx, q, "days", nil)
	if err != nil {
		return nil, err
	}
	rejects, err := rows[struct {
		Stream string
		Open   int64
	}](ctx, q, "rejects", nil)
	if err != nil {
		return nil, err
	}
	runs, err := rows[runRow](ctx, q, "runs", nil)
	if err != nil {
		return nil, err
	}
	var all []*streamDays
	for _, name := range stream.Names() {
		s := &streamDays{name: name, schedule: q.schedule(name), counts: map[string]int64{}}
		for _, r := range rejects {
			if r.Stream == name {
				s.rejects = r.Open
			}
		}
		all = append(all, s)
	}
	for _, d := range days {
		if i := slices.IndexFunc(all, func(s *streamDays) bool { return s.name == d.Stream }); i >= 0 {
			all[i].add(d)
		}
	}
	data := pipelineData{Figures: q.pipelineFigures(all), Streams: q.streamsTable(all), Attention: q.attentionTable(all),
		Runs: q.runsTable("runs", "Last runs", runs), Days: q.daysTable(all)}
	for _, s := range all {
		data.Calendars = append(data.Calendars, q.calendar(s))
	}
	return data, nil
}

// streamDays is a stream and its days, in order.
type streamDays struct {
	name     string
	schedule *schedule
	days     []dayRow
	counts   map[string]int64
	rejects  int64
	last     *time.Time
}

func (s *streamDays) add(d dayRow) {
	if d.Status == gap && (d.Partial || s.schedule != nil && d.DayEnd.After(s.schedule.last)) {
		d.Status = due
	}
	s.days = append(s.days, d)
	s.counts[d.Status]++
	s.last = d.StreamLoadedAt
}

// schedule is when a stream runs.
type schedule struct {
	settings.Row
	last, next time.Time // the last time before now and the first after it
}

// missed reports whether the first time of the schedule after a load is so long past that the next load should have ended.
func (s *schedule) missed(load, now time.Time) bool {
	due := s.Schedule.Next(load)
	return !due.IsZero() && now.After(due.Add(late))
}

// late is how long after its scheduled time a stream may take before its data counts as late.
const late = 2 * time.Hour

// schedule is the schedule of a stream of this account. It is nil if none is known or the stream is switched off.
func (q *request) schedule(stream string) *schedule {
	for _, r := range q.Streams {
		if r.Account == q.Account.ID && r.Stream == stream && r.Schedule != nil && len(r.Next) > 0 {
			return &schedule{r, settings.LastDue(r.Schedule, q.Now), r.Next[0]}
		}
	}
	return nil
}

// freshness says whether a stream was loaded at the last time of its schedule.
func (q *request) freshness(s *streamDays) cell {
	off := slices.ContainsFunc(q.Streams, func(r settings.Row) bool {
		return r.Account == q.Account.ID && r.Stream == s.name && !r.Enabled
	})
	switch {
	case off:
		return cell{Text: "switched off", Value: "off"}.as("state-due")
	case s.last == nil:
		return cell{Text: "never loaded", Value: "never"}.as("state-gap")
	case s.schedule == nil:
		return cell{Text: "no schedule known", Value: "unknown"}.as("state-due")
	case s.schedule.missed(*s.last, q.Now):
		return cell{Text: "late", Value: "late"}.as("state-failed")
	}
	return cell{Text: "up to date", Value: "fresh"}.as("state-loaded")
}

func (q *request) streamsTable(all []*streamDays) *table {
	t := q.table("streams", "Streams", col("Stream"), col("Freshness"), col("Last loaded"), num("Days loaded"), num("Not reconciled"), num("Failed"),
		num("Gaps"), num("Open rejects"), col("Next run"), col("Schedule"))
	for _, s := range all {
		last, next, cron := cell{Text: "never"}, cell{Text: nothing}, cell{Text: nothing}
		if s.last != nil {
			last = q.moment(s.last)
			last.Title, last.Text = last.Text, showAgo(*s.last, q.Now)
		}
		if s.schedule != nil {
			next = q.moment(&s.schedule.next)
			cron = text(s.schedule.Cron)
			cron.Title = "in zone " + s.schedule.CronZone
		}
		rejects := count(s.rejects)
		if s.rejects > 0 {
			rejects = rejects.to(q.Link("/pipeline/rejects", "stream", s.name))
		}
		t.add(text(s.name).to(q.Link("/pipeline/windows", "stream", s.name)), q.freshness(s), last, count(s.counts[loaded]), count(s.counts[unreconciled]),
			count(s.counts[failed]), count(s.counts[gap]), rejects, next, cron)
	}
	return t
}

func (q *request) pipelineFigures(all []*streamDays) []figure {
	totals, rejects := map[string]int64{}, int64(0)
	for _, s := range all {
		for status, n := range s.counts {
			totals[status] += n
		}
		rejects += s.rejects
	}
	dueDays := totals[loaded] + totals[unreconciled] + totals[failed] + totals[gap]
	figures := []figure{{Name: "Complete days", Value: ratio(totals[loaded], dueDays).Text,
		Note: fmt.Sprintf("%s of %s days of all streams", showCount(totals[loaded]), showCount(dueDays))}}
	for _, f := range []struct{ name, status, look, note string }{
		{"Not reconciled", unreconciled, "state-warn", "loaded, but in part, or different from the API's totals"},
		{"Failed", failed, "state-failed", "tried, and not loaded"},
		{"Gaps", gap, "state-failed", "due, and not tried"},
	} {
		one := figure{Name: f.name, Value: showCount(totals[f.status]), Note: f.note}
		if totals[f.status] > 0 {
			one.State, one.Href = f.look, "#table-troubled"
		}
		figures = append(figures, one)
	}
	open := figure{Name: "Open rejects", Value: showCount(rejects), Note: "records that could not be understood"}
	if rejects > 0 {
		open.State, open.Href = "state-warn", q.Link("/pipeline/rejects")
	}
	return append(figures, open)
}
