package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
)

func (a *app) rejectsRetry() *cobra.Command {
	var l loading
	cmd := &cobra.Command{
		Use:   "retry [ID ...]",
		Short: "Load the windows of rejects again",
		Long: `Asks the API again for the windows of the given rejects, or of all that are not resolved, and loads them. A reject
is resolved if its record is understood now or no longer comes. Use this command after an update of wheelhouse,
or once the API's answer is repaired.

Exits 0 when the windows are loaded, even if some rejects are not resolved. The output says how many are.`,
		Example: `  wheelhouse rejects retry
  wheelhouse rejects retry 17 18
  wheelhouse rejects retry --streams usage_new`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f := ledger.RejectFilter{Account: l.account, Streams: l.streams}
			for _, arg := range args {
				id, err := parseReject(arg)
				if err != nil {
					return err
				}
				f.IDs = append(f.IDs, id)
			}
			return a.retryRejects(cmd.Context(), l, f)
		},
	}
	l.flags(cmd)
	return cmd
}

func (a *app) retryRejects(ctx context.Context, l loading, f ledger.RejectFilter) error {
	progress := report.NewProgress(a.err, isTerminal(a.err))
	defer progress.Close()
	return a.withRunner(ctx, l, progress.Log(), func(r *pipeline.Runner, accounts []*pipeline.Account) error {
		open, err := r.Warehouse.Ledger.ListRejects(ctx, f)
		if err != nil {
			return err
		}
		var ids []int64
		for _, reject := range open {
			ids = append(ids, reject.ID)
		}
		r.Observe = progress
		result, err := r.Retry(ctx, accounts, open)
		progress.Close()
		if err != nil {
			return err
		}
		left := 0
		if len(ids) > 0 {
			still, err := r.Warehouse.Ledger.ListRejects(ctx, ledger.RejectFilter{IDs: ids})
			if err != nil {
				return err
			}
			left = len(still)
		}
		if !l.json {
			fmt.Fprintf(a.out, "%d of %d rejects are resolved.\n", len(ids)-left, len(ids))
		}
		return a.printResult(result, l.json)
	})
}
