package main

import (
	"context"
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
	f.BoolVar(&dryRun, "dry-run", false, "print the plan, and load nothing")
	return cmd
}

// planLine is one stream's line of a dry run.
type planLine struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Windows  int    `json:"windows"`
	Loaded   int    `json:"already_loaded"`
	ToLoad   int    `json:"to_load"`
	Requests int    `json:"requests_at_least"`
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
			rows[i] = planLine{
				Account: job.Account.ID, Stream: job.Stream.Name, Windows: job.Windows, Loaded: job.Loaded(),
				ToLoad: len(job.Due), Requests: job.Requests(),
			}
			if n := len(job.Due); n > 0 {
				first, last := job.Due[0].Day, job.Due[n-1].Day
				if last.Before(first) {
					first, last = last, first
				}
				rows[i].First, rows[i].Last = first.Format(time.DateOnly), last.Format(time.DateOnly)
			}
		}
		return report.Table(a.out, rows, l.json)
	})
}
