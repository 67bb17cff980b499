package main

import (
	"github.com/spf13/cobra"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/scheduler"
	"wheelhouse/internal/settings"
)

func (a *app) serve() *cobra.Command {
	l := loading{passes: len(settings.Names())} // the crons of all streams may fire together
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep schedules.yaml: load each stream when its cron says so",
		Long: `The long-running form of run: each stream of each account has its own cron expression in the settings. Cron says
when to look; what to load the ledger says, so a night that was missed is caught up. A tick that comes while
the last pass still works is skipped.

SIGTERM or Ctrl-C: no further window begins, those in hand have 15 seconds, then they roll back. Exits 130.`,
		Example: `  wheelhouse serve --migrate
  wheelhouse serve --config /etc/wheelhouse/schedules.yaml --log json,info`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withRunner(ctx, l, a.err, func(r *pipeline.Runner, accounts []*pipeline.Account) error {
				if err := scheduler.New(r, accounts, scheduler.Wall{}, r.Log).Run(ctx); err != nil {
					return err
				}
				return ctx.Err()
			})
		},
	}
	cmd.Flags().StringVar(&l.account, "account", "", "only this account")
	cmd.Flags().BoolVar(&l.migrate, "migrate", false, "bring the warehouse's schema up to date first")
	return cmd
}
