package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"wheelhouse/load"
)

// Why a window is to be loaded.
type Why string

const (
	WhyGap      Why = "gap"       // the ledger does not cover it
	WhyLookBack Why = "look-back" // covered, and young enough that the API may still change it
	WhyOpen     Why = "open"      // covered, and something in it was not over: a running session, an unanswered request
	WhyForced   Why = "forced"    // covered, and asked for all the same

	// Covered, but the last reading failed, lacks a part, or came to something else than the API's own totals.
	WhyFailed       Why = load.AgainFailed
	WhyUnreconciled Why = load.AgainUnreconciled

	WhyFresh Why = "snapshot" // what is now
)

// Due is a window to load.
type Due struct {
	load.Window
	Why Why
}

// Range is what a plan is for.
type Range struct {
	First, Last time.Time // days, both included, as midnights in UTC
	Now         time.Time // nothing after it exists
	LookBack    bool      // load again what is young or open, as a nightly run does
	Force       bool      // load again what is loaded

	// OldestFirst takes the windows in the order of time, which is the order of the largest tables' keys: Postgres fills
	// the pages of an index to the brim only at its end. Otherwise the newest come first, since people wait for them.
	OldestFirst bool
}

// Nightly is the range of a nightly run of an account: all its history.
func (a *Account) Nightly(now time.Time) Range {
	return Range{First: dayOf(a.HistoryFrom, a.Zone), Last: dayOf(now, a.Zone), Now: now, LookBack: true, OldestFirst: true}
}

// WholeDays is a range without today and what comes after, which are not over.
func (a *Account) WholeDays(r Range) Range {
	if yesterday := dayOf(r.Now, a.Zone).AddDate(0, 0, -1); r.Last.After(yesterday) {
		r.Last = yesterday
	}
	return r
}

// Plan asks the ledger which windows of a stream are due, in the order in which they are to be loaded. all is how many windows the range has.
func Plan(ctx context.Context, w *load.Warehouse, a *Account, s Stream, r Range) (due []Due, all int, err error) {
	// This machine's clock may be ahead: days that are not over by the database's are not to be booked as loaded.
	clock, err := w.Now(ctx)
	if err != nil {
		return nil, 0, err
	}
	if r.Now.After(clock.Add(time.Minute)) {
		r.Now = clock
	}
	if today := dayOf(r.Now, a.Zone); r.Last.After(today) {
		r.Last = today
	}
	if s.load.Snapshot() {
		return planSnapshot(ctx, w, a, s, r)
	}
	var windows []load.Window
	for _, c := range cut(r.First, r.Last, s.Window, a.Zone) {
		if to := r.Now.Truncate(time.Second); c.to.After(to) {
			c.to = to // the day is not over
		}
		if c.from.Before(c.to) {
			windows = append(windows, load.Window{Account: a.ID, Stream: s.load, Day: c.day, From: c.from, To: c.to})
		}
	}
	covered, err := w.Covered(ctx, a.ID, s.load, windows)
	if err != nil {
		return nil, 0, err
	}
	again, err := dueAgain(ctx, w, a, s, r)
	if err != nil {
		return nil, 0, err
	}
	troubled, err := w.Troubled(ctx, a.ID, s.load)
	if err != nil {
		return nil, 0, err
	}
	for i, win := range slices.Backward(windows) {
		switch {
		case !covered[i]:
			due = append(due, Due{win, WhyGap})
		case r.Force:
			due = append(due, Due{win, WhyForced})
		default:
			if why := cmp.Or(again(win), troubledBy(troubled, win)); why != "" {
				due = append(due, Due{win, why})
			}
		}
	}
	if r.OldestFirst {
		slices.Reverse(due)
	}
	return due, len(windows), nil
}

// troubledBy tells what is wrong with a window, if anything is.
func troubledBy(all []load.Trouble, win load.Window) Why {
	for _, t := range all {
		if !t.From.Before(win.From) && t.From.Before(win.To) {
			return Why(t.Why)
		}
	}
	return ""
}

// dueAgain tells why a covered window is to be read again, if it is.
func dueAgain(ctx context.Context, w *load.Warehouse, a *Account, s Stream, r Range) (func(load.Window) Why, error) {
	if !r.LookBack {
		return func(load.Window) Why { return "" }, nil
	}
	today := dayOf(r.Now, a.Zone)
	young := startOf(today.AddDate(0, 0, -s.Lookback), a.Zone)
	open, err := w.Open(ctx, a.ID, s.load, startOf(today.AddDate(0, 0, -s.OpenLookback), a.Zone))
	if err != nil {
		return nil, err
	}
	return func(win load.Window) Why {
		if win.To.After(young) {
			return WhyLookBack
		}
		if slices.ContainsFunc(open, func(t time.Time) bool { return !t.Before(win.From) && t.Before(win.To) }) {
			return WhyOpen
		}
		return ""
	}, nil
}

// planSnapshot: only the present can be asked for. It stands under the day it is taken on, and tells of
// all the days before.
func planSnapshot(ctx context.Context, w *load.Warehouse, a *Account, s Stream, r Range) ([]Due, int, error) {
	today := dayOf(r.Now, a.Zone)
	now := load.Window{Account: a.ID, Stream: s.load, Day: today, From: startOf(today, a.Zone), To: startOf(today.AddDate(0, 0, 1), a.Zone)}
	switch {
	case r.LookBack:
		return []Due{{now, WhyFresh}}, 1, nil
	case r.Force:
		return []Due{{now, WhyForced}}, 1, nil
	}
	taken, whole, err := w.SnapshotSince(ctx, a.ID, s.load, startOf(r.Last.AddDate(0, 0, 1), a.Zone))
	switch {
	case err != nil || whole:
		return nil, 1, err
	case taken:
		return []Due{{now, WhyUnreconciled}}, 1, nil
	}
	return []Due{{now, WhyGap}}, 1, nil
}
