package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/tracing"
	"wheelhouse/load"
)

// grace is how long claimed windows may continue after the first Ctrl-C or SIGTERM.
const grace = 15 * time.Second

// loading is the flags that commands share which ask the API.
type loading struct {
	account  string
	streams  []string
	parallel parallel
	passes   int // that may run at the same time; 0: one
	migrate  bool
	shrink   bool
	accept   bool
	json     bool
}

// flags adds the flags of the commands that load.
func (l *loading) flags(cmd *cobra.Command) {
	l.choices(cmd)
	f := cmd.Flags()
	f.BoolVar(&l.migrate, "migrate", false, "bring the warehouse's schema up to date first")
	l.acceptServer(cmd)
	f.BoolVar(&l.shrink, "accept-shrink", false, "delete rows that the API no longer sends, even if they are more than half of a window's rows, or all of them")
}

// choices adds the flags of all commands that ask the API.
func (l *loading) choices(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.account, "account", "", "only this account")
	f.Var((*streamNames)(&l.streams), "streams", "only these streams, separated by commas")
	f.Var(&l.parallel, "parallel", "windows of a stream to load at the same time (default: from the settings)")
	f.BoolVar(&l.json, "json", false, "print the result as JSON")
	_ = cmd.RegisterFlagCompletionFunc("streams", completeStreams) // fails for an unknown flag only
}

// acceptServer adds the flag of commands that may move an account to another server.
func (l *loading) acceptServer(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&l.accept, "accept-server", false, "load an account although its data came from another server than the one in the settings: it is the same account")
}

func (a *app) run() *cobra.Command {
	var l loading
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Load what is missing or may have changed, once, and exit",
		Long: `One pass. For each account and stream it loads the gaps since history_from, the windows so recent that the API
may still change them (look-back), and the windows with something still open, such as a running session. A
nightly cron job or a Kubernetes CronJob calls this command.

Exits 0 when everything is loaded and reconciled with the API's totals, 1 when a window failed or is not
reconciled (loaded in part, or with other totals), 130 when interrupted. What was committed stays, and the next run continues from there.`,
		Example: `  wheelhouse run
  wheelhouse run --migrate --streams usage_new,demo_usage`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.loadOnce(cmd.Context(), "run", l, func(account *pipeline.Account) pipeline.Range {
				return account.Nightly(timing.now())
			})
		},
	}
	l.flags(cmd)
	return cmd
}

// loadOnce runs one pass and prints its result. runKind is the kind in the table of runs.
func (a *app) loadOnce(ctx context.Context, runKind string, l loading, within func(*pipeline.Account) pipeline.Range) error {
	progress := report.NewProgress(a.err, isTerminal(a.err))
	defer progress.Close()
	return a.withRunner(ctx, l, progress.Log(), func(r *pipeline.Runner, accounts []*pipeline.Account) error {
		r.Observe = progress
		result, err := r.Run(ctx, runKind, accounts, l.streams, within)
		progress.Close()
		if err != nil {
			return err
		}
		return a.printResult(result, l.json)
	})
}

// withRunner opens everything that loading needs, calls do, and closes it.
func (a *app) withRunner(ctx context.Context, l loading, logTo io.Writer, do func(*pipeline.Runner, []*pipeline.Account) error) error {
	s, err := a.settings(false)
	if err != nil {
		return err
	}
	return a.withRunnerOf(ctx, s, l, logTo, func(r *pipeline.Runner, fit, _ []*pipeline.Account) error { return do(r, fit) })
}

// withRunnerOf is withRunner with settings that are already read. do gets the accounts that can be loaded, and all accounts.
func (a *app) withRunnerOf(ctx context.Context, s *settings.Settings, l loading, logTo io.Writer, do func(r *pipeline.Runner, fit, all []*pipeline.Account) error) error {
	log := logger(s.Log, logTo)
	traces, err := tracing.Start(ctx, version, log)
	if err != nil {
		return usageError{err}
	}
	defer traces.Stop()
	accounts, done, err := a.accounts(s, l.account, traces.Transport())
	if err != nil {
		return err
	}
	defer done()
	// One connection for each window at work: while one window commits, the leases of the others must be renewed.
	connections := max(4, int(l.parallel), l.passes)
	w, err := a.warehouse(ctx, s.Database.Reveal(), l.migrate, load.Options{
		Connections: connections, MayShrink: l.shrink, Lease: timing.lease, Tracer: traces.Database(),
		Retried: func(err error, try int, wait time.Duration) {
			log.Debug("retry of a transaction", zap.Int("attempt", try), zap.NamedError("reason", err), zap.Duration("wait", wait))
		},
	})
	if err != nil {
		return err
	}
	defer w.Close()
	fit, others, err := accepted(ctx, w, accounts, l.accept)
	switch {
	case err != nil:
		return err
	case len(fit) == 0:
		return others
	}
	for _, r := range others {
		log.Error("account left out", zap.String("account", r.Account), zap.Error(r.Err()))
	}
	workers := max(4, int(l.parallel))
	runner := &pipeline.Runner{
		Warehouse: w, Log: log, Version: version, Host: host(), Now: timing.now,
		Parallel: int(l.parallel), Workers: workers, Grace: grace,
	}
	err = do(runner, fit, accounts)
	if len(others) > 0 && (err == nil || errors.Is(err, errIncomplete)) {
		return others
	}
	return err
}

// printResult prints a run's result, and returns errIncomplete if it is not complete.
func (a *app) printResult(result pipeline.Result, json bool) error {
	if err := report.Summary(a.out, result, json); err != nil {
		return err
	}
	if !result.OK() {
		return errIncomplete
	}
	return nil
}
