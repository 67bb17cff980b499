package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/sample"
	"wheelhouse/internal/simulator"
)

// answers computes the answers to the questions from the simulator's facts, by file name.
var answers = map[string]func(*truth) [][]string{
	"01_fastest":        fastest,
	"02_campaigns":      campaigns,
	"03_never_answered": neverAnswered,
	"04_watched":        watched,
	"05_hours":          hours,
	"06_funnel":         funnel,
	"07_capacity":       capacity,
	"08_customers":      customers,
	"09_complete":       complete,
}

// checkAnswers compares every answer with the facts.
func checkAnswers(t *testing.T, conn *pgx.Conn, truth *truth) {
	files, err := questionFiles.ReadDir("questions")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := questionFiles.ReadFile("questions/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAs(t.Context(), conn, parseQuestion(text).SQL)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(file.Name(), ".sql")
		if name == "10_changes" {
			checkChanges(t, got.Rows, truth)
			continue
		}
		if answers[name] == nil {
			t.Errorf("%s: nothing is known of the truth", name)
			continue
		}
		want := answers[name](truth)
		if !slices.EqualFunc(got.Rows, want, slices.Equal) {
			t.Errorf("%s: the warehouse answers\n%v\nthe facts are\n%v", name, got.Rows, want)
		}
	}
}

func fastest(t *truth) (rows [][]string) {
	agents, groups := by(t.since(30), func(r request) string { return r.Agent })
	medians := map[string]float64{}
	for _, agent := range agents {
		if len(groups[agent]) >= 5 && agent != "" {
			medians[agent] = percentile(groups[agent], .5)
		}
	}
	order := slices.SortedFunc(maps.Keys(medians), func(a, b string) int {
		return cmp.Or(cmp.Compare(medians[a], medians[b]), cmp.Compare(a, b))
	})
	for _, agent := range order {
		rows = append(rows, row(agent, len(groups[agent]), medians[agent], rounded(percentile(groups[agent], .9), 1)))
	}
	return rows
}

func isAnswered(r request) bool { return r.answered }
func isShared(r request) bool   { return !r.SharedAt.IsZero() }

func campaigns(t *truth) (rows [][]string) {
	_, groups := by(t.since(60), func(r request) string { return r.tags["prospect-utm-source"] + "|" + r.tags["prospect-utm-campaign"] })
	lists := slices.SortedFunc(maps.Values(groups), func(a, b []request) int {
		return cmp.Or(-cmp.Compare(count(a, isShared), count(b, isShared)), cmp.Compare(a[0].tags["prospect-utm-source"], b[0].tags["prospect-utm-source"]),
			cmp.Compare(a[0].tags["prospect-utm-campaign"], b[0].tags["prospect-utm-campaign"]))
	})
	for _, list := range lists {
		if tags := list[0].tags; tags["prospect-utm-campaign"] != "" {
			shared := count(list, isShared)
			rows = append(rows, row(tags["prospect-utm-source"], tags["prospect-utm-campaign"], len(list), count(list, isAnswered), shared,
				rounded(100*float64(shared)/float64(len(list)), 1)))
		}
	}
	return rows
}

func neverAnswered(t *truth) (rows [][]string) {
	hours, groups := by(t.since(60), func(r request) int { return r.hour })
	for _, hour := range hours {
		all := len(groups[hour])
		never := all - count(groups[hour], isAnswered)
		rows = append(rows, row(hour, all, never, rounded(100*float64(never)/float64(all), 0)))
	}
	return rows
}

func capacity(t *truth) (rows [][]string) {
	_, groups := by(t.requests, func(r request) string { return r.Availability })
	percent := func(list []request) float64 { return 100 * float64(count(list, isAnswered)) / float64(len(list)) }
	lists := slices.SortedFunc(maps.Values(groups), func(a, b []request) int { return -cmp.Compare(percent(a), percent(b)) })
	for _, list := range lists {
		rows = append(rows, row(list[0].Availability, len(list), rounded(percent(list), 0), percentile(list, .5)))
	}
	return rows
}

func funnel(t *truth) (rows [][]string) {
	canceled := map[string]int{}
	for _, d := range t.days {
		canceled[d.date[:7]] += d.canceled
	}
	months, groups := by(t.requests, func(r request) string { return r.day[:7] })
	for _, month := range months {
		list := groups[month]
		confirmed := count(list, func(r request) bool { return !r.ConfirmedAt.IsZero() })
		rows = append(rows, row(month, len(list)+canceled[month], canceled[month], count(list, isAnswered), confirmed, count(list, isShared)))
	}
	return rows
}

func complete(*truth) (rows [][]string) {
	for _, stream := range []string{"demo_usage", "share_details", "share_visits", "shares", "usage_new", "usage_shares"} {
		rows = append(rows, row(stream, 30, 30, 0, 0, 0)) // June
	}
	return rows
}

// checkChanges compares the changes since the first run with the counts of the second run, and with the facts in between.
func checkChanges(t *testing.T, rows [][]string, truth *truth) {
	t.Helper()
	between := func(at time.Time) bool { return at.After(sample.Passes[0]) && truth.date(at) == "2025-07-01" }
	sessions, visits := 0, 0
	for _, d := range truth.days {
		sessions += count(d.sessions, func(x simulator.Session) bool { return between(x.StartedAt) })
		for _, x := range d.shares {
			visits += count(x.Visits, func(v simulator.Visit) bool { return between(v.At) })
		}
	}
	for _, want := range [][]string{
		row("2025-06-30", "usage_new", 0, 1, 1), // one session had more viewers, one is deleted
		row("2025-07-01", "usage_new", sessions, 0, 0),
		row("2025-07-01", "share_visits", visits, 0, 0),
	} {
		if !slices.ContainsFunc(rows, func(row []string) bool { return slices.Equal(row, want) }) {
			t.Errorf("what changed lacks %v: %v", want, rows)
		}
	}
	var totals [3]int64
	for _, row := range rows {
		for i, text := range row[2:] {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			totals[i] += n
		}
	}
	if n := truth.sample.Runs[1].Counts; totals != [3]int64{n.Inserted, n.Updated, n.Deleted} {
		t.Errorf("the changes are %v in all, but the run counted %+v", totals, n)
	}
}
