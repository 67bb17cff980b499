package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/tracing"
	"wheelhouse/load"
)

// grace is how long windows in hand may go on after the first Ctrl-C or SIGTERM.
const grace = 15 * time.Second

// loading is what run and backfill share.
type loading struct {
	account  string
	streams  []string
	parallel int
	passes   int // at the same time; 0: one
	migrate  bool
	shrink   bool
	json     bool
}

// flags are those of commands that load.
func (l *loading) flags(cmd *cobra.Command) {
	l.choices(cmd)
	f := cmd.Flags()
	f.BoolVar(&l.migrate, "migrate", false, "bring the warehouse's schema up to date first")
	f.BoolVar(&l.shrink, "accept-shrink", false, "delete what the API no longer brings even where that is more than half of a window's rows")
}

// choices are the flags of all commands that ask the API.
func (l *loading) choices(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.account, "account", "", "only this account")
	f.Var((*streamNames)(&l.streams), "streams", "only these streams, separated by commas")
	f.IntVar(&l.parallel, "parallel", 0, "windows of a stream loaded at the same time (default: as the settings say)")
	f.BoolVar(&l.json, "json", false, "print the result as JSON")
	_ = cmd.RegisterFlagCompletionFunc("streams", completeStreams) // fails for an unknown flag only
}

func (l *loading) check() error {
	if l.parallel < 0 || l.parallel > 32 {
		return usageError{fmt.Errorf("--parallel %d is not from 1 to 32", l.parallel)}
	}
	return nil
}

func (a *app) run() *cobra.Command {
	var l loading
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Load what is missing or may have changed, once, and exit",
		Long: `One pass: for each account and stream, the windows since history_from that the ledger lacks, those young
enough that the API may still change them (look-back), and those that hold something still open. What a
nightly cron job or a Kubernetes CronJob calls.

Exits 0 when everything is loaded and adds up to the API's totals, 1 when a window failed, is loaded in part or does not
add up, 130 when interrupted; what was committed stays, and the next run goes on from there.`,
		Example: `  wheelhouse run
  wheelhouse run --migrate --streams usage_new,demo_usage`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.loadOnce(cmd.Context(), "run", l, func(account *pipeline.Account) pipeline.Range {
				return account.Nightly(patience.now())
			})
		},
	}
	l.flags(cmd)
	return cmd
}

// loadOnce runs one pass over a range and prints what came of it.
func (a *app) loadOnce(ctx context.Context, kind string, l loading, within func(*pipeline.Account) pipeline.Range) error {
	if err := l.check(); err != nil {
		return err
	}
	progress := report.NewProgress(a.err, isTerminal(a.err))
	defer progress.Close()
	return a.withRunner(ctx, l, progress.Log(), func(r *pipeline.Runner, accounts []*pipeline.Account) error {
		r.Observe = progress
		result, err := r.Run(ctx, kind, accounts, l.streams, within)
		progress.Close()
		if err != nil {
			return err
		}
		return a.tell(result, l.json)
	})
}

// withRunner opens everything that loading needs, and closes it.
func (a *app) withRunner(ctx context.Context, l loading, log io.Writer, do func(*pipeline.Runner, []*pipeline.Account) error) error {
	s, err := a.settings(false)
	if err != nil {
		return err
	}
	return a.withRunnerOf(ctx, s, l, log, do)
}

// withRunnerOf is withRunner with settings already read.
func (a *app) withRunnerOf(ctx context.Context, s *settings.Settings, l loading, log io.Writer, do func(*pipeline.Runner, []*pipeline.Account) error) error {
	said := logger(s.Log, log)
	traces, err := tracing.Start(ctx, version, said)
	if err != nil {
		return usageError{err}
	}
	defer traces.Stop()
	accounts, done, err := a.accounts(s, l.account, traces.Transport())
	if err != nil {
		return err
	}
	defer done()
	// One for each window in hand: while it commits, the leases of others must be renewed.
	connections := max(4, l.parallel, l.passes)
	w, err := a.warehouse(ctx, s.Database.Reveal(), l.migrate, load.Options{
		Connections: connections, MayShrink: l.shrink, Lease: patience.lease, Tracer: traces.Database(),
	})
	if err != nil {
		return err
	}
	defer w.Close()
	workers := max(4, l.parallel)
	runner := &pipeline.Runner{
		Warehouse: w, Log: said, Version: version, Host: host(), Now: patience.now,
		Parallel: l.parallel, Workers: workers, Grace: grace,
	}
	return do(runner, accounts)
}

// tell prints a run's result, and makes it the exit code.
func (a *app) tell(result pipeline.Result, json bool) error {
	if err := report.Summary(a.out, result, json); err != nil {
		return err
	}
	if !result.OK() {
		return errIncomplete
	}
	return nil
}
