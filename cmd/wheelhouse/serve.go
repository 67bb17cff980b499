package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/stream"
)

func (a *app) serve() *cobra.Command {
	l := loading{passes: len(stream.Names())} // the crons of all streams may fire together
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Load on the schedules of schedules.yaml, and serve the pages",
		Long: `The long-running form of run. Each stream of each account has its own cron expression in the settings. Cron decides
when to load; the ledger decides what to load, so a missed night is caught up. A tick during a pass of the same
stream is skipped.

The pages show how the team sells, and what is loaded and what is not. Their address is --listen, WHEELHOUSE_LISTEN or
listen in schedules.yaml (default 127.0.0.1:8080; off: no pages). On any address but loopback the pages require a token:
WHEELHOUSE_TOKEN or WHEELHOUSE_TOKEN_FILE. /metrics is for Prometheus and requires the token, too. /healthz and
/readyz do not.

On SIGTERM or Ctrl-C no further window begins. Windows at work have 15 seconds to finish, then they roll back. Exits 130.`,
		Example: `  wheelhouse serve --migrate
  WHEELHOUSE_LISTEN=:8080 WHEELHOUSE_TOKEN_FILE=/run/secrets/token wheelhouse serve
  wheelhouse serve --config /etc/wheelhouse/schedules.yaml --log json,info`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.settings(false)
			if err != nil {
				return err
			}
			m := metrics.New(version)
			queue := &pipeline.Queue{}
			site, err := pages(s, logger(s.Log, a.err), m.Handler(), queue)
			if err != nil {
				return err
			}
			defer site.close()
			// The pages begin first, so that health checks are answered during a migration.
			err = site.while(ctx, func(ctx context.Context) error {
				return a.withRunnerOf(ctx, s, l, a.err, func(r *pipeline.Runner, fit, all []*pipeline.Account) error {
					site.check(ctx)
					kept := scheduler.New(r, fit, scheduler.Wall{}, r.Log)
					watch(m, queue, r, all, kept.Status) // all accounts: the days of those left out become gaps
					return kept.Run(ctx)
				})
			})
			return cmp.Or(err, ctx.Err())
		},
	}
	cmd.Flags().StringVar(&a.listen, "listen", "", `address of the pages, such as ":8080", or off (WHEELHOUSE_LISTEN; default `+settings.DefaultListen+")")
	cmd.Flags().StringVar(&l.account, "account", "", "only this account")
	l.acceptServer(cmd)
	cmd.Flags().BoolVar(&l.migrate, "migrate", false, "bring the warehouse's schema up to date first")
	return cmd
}
