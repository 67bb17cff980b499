package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
)

func (a *app) backfill() *cobra.Command {
	var l loading
	var from, to string
	var force, dryRun, oldestFirst bool
	cmd := &cobra.Command{
		Use:   "backfill --from DAY --to DAY",
		Short: "Load a range of past days, newest first",
		Long: `Loads the days from --from to --to, both included, in each account's zone, newest first. Windows that the
ledger covers are skipped: an interrupted backfill continues where it stopped, and a complete one makes no
request. --force loads these windows, too; rows that have not changed are not written. --oldest-first is for
the first load of several years: it costs Postgres less work and leaves smaller indexes.`,
		Example: `  wheelhouse backfill --from 2025-01-01 --to 2025-12-31 --dry-run
  wheelhouse backfill --from 2025-01-01 --to 2025-12-31 --parallel 4
  wheelhouse backfill --from 2026-03-01 --to 2026-03-07 --streams usage_new --force`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := dayRange("backfill", from, to)
			if err != nil {
				return err
			}
			r.Force, r.OldestFirst = force, oldestFirst
			within := func(*pipeline.Account) pipeline.Range { return r }
			if dryRun {
				return a.dryRun(cmd.Context(), l, within)
			}
			return a.loadOnce(cmd.Context(), "backfill", l, within)
		},
	}
	l.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "first day, such as 2025-01-01")
	f.StringVar(&to, "to", "", "last day, included")
	f.BoolVar(&force, "force", false, "load windows again that are loaded")
	f.BoolVar(&oldestFirst, "oldest-first", false, "load the oldest days first")
	f.BoolVar(&dryRun, "dry-run", false, "print the plan, about how many requests it takes and how long, and load nothing")
	return cmd
}

// planLine is one stream's line of a dry run.
type planLine struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Windows  int    `json:"windows"`
	Loaded   int    `json:"already_loaded"`
	ToLoad   int    `json:"to_load"`
	Requests int64  `json:"requests"` // an estimate
	Seconds  int64  `json:"seconds"`  // how long these requests take at the rates in the settings
	First    string `json:"first_day"`
	Last     string `json:"last_day"`
}

// dryRun prints what a backfill would do.
func (a *app) dryRun(ctx context.Context, l loading, within func(*pipeline.Account) pipeline.Range) error {
	return a.withRunner(ctx, l, a.err, func(r *pipeline.Runner, accounts []*pipeline.Account) error {
		jobs, err := r.Plan(ctx, accounts, l.streams, within)
		if err != nil {
			return err
		}
		rows := make([]planLine, len(jobs))
		for i, job := range jobs {
			estimate, err := job.Estimate(ctx)
			if err != nil {
				return fmt.Errorf("count the shares: %w", err)
			}
			rows[i] = planLine{
				Account: job.Account.ID, Stream: job.Stream.Name, Windows: job.Windows, Loaded: job.Loaded(),
				ToLoad: len(job.Due), Requests: estimate.Requests, Seconds: int64(math.Ceil(estimate.Takes.Seconds())),
			}
			if len(job.Due) > 0 {
				first, last := job.Days()
				rows[i].First, rows[i].Last = first.Format(time.DateOnly), last.Format(time.DateOnly)
			}
		}
		if err := report.Table(a.out, rows, l.json); err != nil || l.json {
			return err
		}
		return a.printDuration(accounts, rows)
	})
}

// printDuration prints how long a plan takes. The streams of an account share its rate, and accounts load at the same time.
func (a *app) printDuration(accounts []*pipeline.Account, rows []planLine) error {
	var longest time.Duration
	var all int64
	for _, account := range accounts {
		var requests int64
		var takes time.Duration
		for _, row := range rows {
			if row.Account == account.ID {
				requests += row.Requests
				takes = max(takes, time.Duration(row.Seconds)*time.Second)
			}
		}
		takes = max(takes, time.Duration(float64(requests)/account.RequestsPerSecond*float64(time.Second)))
		longest, all = max(longest, takes), all+requests
	}
	_, err := fmt.Fprintf(a.out, "\nAbout %s requests. At the rates in the settings (requests_per_second) they take about %s.\n", report.Count(all), report.Roughly(longest))
	return err
}
