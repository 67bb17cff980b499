//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"wheelhouse/internal/simulator"
)

// nightly runs the program twice for an account of 25 agents and 30 days, and measures the second run.
func nightly(b *bench, ctx context.Context, round string, record func(string, sample)) error {
	now := time.Now().UTC()
	from := now.Truncate(day).AddDate(0, 0, -30)
	sim := simulator.New(simulator.Options{
		Seed: 1, From: from, Until: from, APIKey: apiKey,
		Now: func() time.Time { return now }, // no new facts
	})
	api, err := serve(b.stop, sim)
	if err != nil {
		return err
	}
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return err
	}
	t := target{api: api, database: scratch, settings: fast, history: from}
	if _, err := b.clock(b.wheelhouse(ctx, "", t, "run")); err != nil {
		return err
	}
	if err := b.pg.exec(ctx, scratch, "VACUUM (ANALYZE)"); err != nil {
		return err
	}
	before := requests(sim)
	s, err := b.measure(ctx, scratch, 0, b.wheelhouse(ctx, "nightly-"+round, t, "run"))
	if err != nil {
		return err
	}
	s.note = fmt.Sprintf("%d requests", requests(sim)-before)
	record("nightly", s)
	var want facts
	for d := range sim.Days(from, now) {
		for _, x := range d.Sessions {
			if x, ok := x.AsOf(now); ok {
				want.add(&x)
			}
		}
	}
	return b.check(ctx, scratch, want, 0)
}

func requests(sim *simulator.Simulator) int {
	n := 0
	for _, count := range sim.Served() {
		n += count
	}
	return n
}

// slowAPI loads windows from an API that takes 200 ms for an answer and allows five requests a second.
func slowAPI(b *bench, ctx context.Context, round string, record func(string, sample)) (err error) {
	const perSecond, days, sessions = 5, 150, 15_000
	if b.slow == nil {
		if b.slow, err = b.host(ctx, "small days for the slow API", today.AddDate(0, 0, -days), today, sessions, 1); err != nil {
			return err
		}
		b.slow.settings = fmt.Sprintf("requests_per_second: %d\n", perSecond)
	}
	api := newStrict(b.slow.workload, perSecond, 200*time.Millisecond)
	if b.slow.api, err = serve(b.stop, api); err != nil {
		return err
	}
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return err
	}
	s, err := b.load(ctx, "", b.slow, b.slow.facts.sessions, b.backfill(ctx, "slow-"+round, b.slow, b.slow.from, b.slow.to, oldestFirst))
	if err != nil {
		return err
	}
	s.note = fmt.Sprintf("%d requests answered of %.0f that the API allows in the time, %d refused with 429",
		api.answered.Load(), s.wall.Seconds()*perSecond, api.denied.Load())
	record("slow", s)
	return nil
}
