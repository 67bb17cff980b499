package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
	"wheelhouse/internal/stream"
)

func (a *app) serve() *cobra.Command {
	l := loading{passes: len(stream.Names())} // the crons of all streams may fire together
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep schedules.yaml, and serve the pages",
		Long: `The long-running form of run: each stream of each account has its own cron expression in the settings. Cron says
when to look; what to load the ledger says, so a night that was missed is caught up. A tick that comes while
the last pass still works is skipped.

It serves pages on the address that listen in schedules.yaml or WHEELHOUSE_LISTEN says (127.0.0.1:8080; off: none):
how the team sells, what is loaded and what is not. On anything but loopback they want a token: WHEELHOUSE_TOKEN or
WHEELHOUSE_TOKEN_FILE. /healthz and /readyz answer without one. /metrics is for Prometheus, and wants the token, too.

SIGTERM or Ctrl-C: no further window begins, those in hand have 15 seconds, then they roll back. Exits 130.`,
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
			site, err := pages(s, logger(s.Log, a.err), m.Handler())
			if err != nil {
				return err
			}
			defer site.close()
			// The pages first: what watches this process may ask for them while a migration goes on.
			err = site.while(ctx, func(ctx context.Context) error {
				return a.withRunnerOf(ctx, s, l, a.err, func(r *pipeline.Runner, accounts []*pipeline.Account) error {
					site.check(ctx)
					kept := scheduler.New(r, accounts, scheduler.Wall{}, r.Log)
					watch(m, r, accounts, kept.Status)
					return kept.Run(ctx)
				})
			})
			return cmp.Or(err, ctx.Err())
		},
	}
	cmd.Flags().StringVar(&l.account, "account", "", "only this account")
	cmd.Flags().BoolVar(&l.migrate, "migrate", false, "bring the warehouse's schema up to date first")
	return cmd
}
