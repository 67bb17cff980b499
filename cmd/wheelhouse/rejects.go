package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/report"
	"wheelhouse/load"
)

func (a *app) rejects() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rejects",
		Short: "List, show and retry the records that could not be understood",
		Long: `A record that cannot be understood is rejected: it is kept whole, with the reason and its place in the answer,
and the rest of its window loads. A reject is resolved when a later load understands the record or no longer
gets it.`,
		Example: `  wheelhouse rejects list
  wheelhouse rejects show 17
  wheelhouse rejects retry`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.rejectsList(), a.rejectsShow(), a.rejectsRetry())
	return cmd
}

// withRejects opens the warehouse to read it.
func (a *app) withRejects(ctx context.Context, do func(*load.Warehouse) error) error {
	dsn, err := a.database()
	if err != nil {
		return err
	}
	w, err := a.warehouse(ctx, dsn, false, load.Options{})
	if err != nil {
		return err
	}
	defer w.Close()
	return do(w)
}

func (a *app) rejectsList() *cobra.Command {
	var json bool
	var f ledger.RejectFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rejects, newest first, without their records",
		Long:  "Lists the rejects that are not resolved, with place and reason. The rejected records are not shown.",
		Example: `  wheelhouse rejects list
  wheelhouse rejects list --streams usage_new --all --limit 0 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 0 {
				return usageError{fmt.Errorf("--limit %d is negative", f.Limit)}
			}
			return a.withRejects(cmd.Context(), func(w *load.Warehouse) error {
				found, err := w.Ledger.ListRejects(cmd.Context(), f)
				if err != nil {
					return err
				}
				if json {
					return report.Table(a.out, found, true)
				}
				return a.printRejects(found, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&json, "json", false, "print as JSON")
	flags.StringVar(&f.Account, "account", "", "only this account")
	flags.Var((*streamNames)(&f.Streams), "streams", "only these streams, separated by commas")
	flags.BoolVar(&f.All, "all", false, "resolved rejects, too")
	flags.IntVar(&f.Limit, "limit", 100, "at most this many; 0: no limit")
	_ = cmd.RegisterFlagCompletionFunc("streams", completeStreams) // fails for an unknown flag only
	return cmd
}

// rejectLine is one line of rejects list.
type rejectLine struct {
	ID      int64  `json:"id"`
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Window  string `json:"window"`
	Path    string `json:"path"`
	Reason  string `json:"reason"`
	First   string `json:"first_seen"`
	Last    string `json:"last_seen"`
	State   string `json:"state"`
}

func (a *app) printRejects(found []ledger.Reject, f ledger.RejectFilter) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(a.out, "No rejects.")
		return err
	}
	var lines []rejectLine
	for _, r := range found {
		lines = append(lines, rejectLine{
			ID: r.ID, Account: r.Account, Stream: r.Stream, Window: window(r), Path: r.Path, Reason: r.Reason,
			First: minute(r.FirstSeen, time.UTC), Last: minute(r.LastSeen, time.UTC), State: state(r),
		})
	}
	if err := report.Table(a.out, lines, false); err != nil {
		return err
	}
	if f.Limit > 0 && len(found) == f.Limit {
		fmt.Fprintf(a.out, "\nThere may be more than these %d: --limit 0 lists them all.\n", f.Limit)
	}
	return nil
}

// window is the window in which a record was last rejected. It is unknown once its load is no longer in the ledger.
func window(r ledger.Reject) string {
	if r.From == nil || r.To == nil {
		return "unknown"
	}
	return minute(*r.From, time.UTC) + " to " + minute(*r.To, time.UTC)
}

func state(r ledger.Reject) string {
	if r.ResolvedAt != nil {
		return "resolved " + minute(*r.ResolvedAt, time.UTC)
	}
	return "open"
}

// parseReject reads the number of a reject.
func parseReject(arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("%q is not the number of a reject: rejects list shows them", arg)}
	}
	return id, nil
}

func (a *app) rejectsShow() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one reject with its record",
		Long: `Shows a reject with the record as it was sent. The record may contain people's names, addresses and phone
numbers: they go to standard output only, never to the log.`,
		Example: `  wheelhouse rejects show 17
  wheelhouse rejects show 17 --json | jq .raw`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseReject(args[0])
			if err != nil {
				return err
			}
			return a.withRejects(cmd.Context(), func(w *load.Warehouse) error {
				found, err := w.Ledger.ShowReject(cmd.Context(), id)
				switch {
				case errors.Is(err, ledger.ErrNoReject):
					return usageError{fmt.Errorf("there is no reject %d", id)}
				case err != nil:
					return err
				case json:
					return report.JSON(a.out, found)
				}
				return a.printReject(found)
			})
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	return cmd
}

// printReject prints a reject and its record, line by line.
func (a *app) printReject(r ledger.RejectDetail) error {
	for _, line := range [][2]string{
		{"reject", strconv.FormatInt(r.ID, 10)}, {"account", r.Account}, {"stream", r.Stream}, {"window", window(r.Reject) + " UTC"},
		{"path", r.Path}, {"reason", r.Reason}, {"load", strconv.FormatInt(r.Load, 10)}, {"request ids", strings.Join(r.RequestIDs, ", ")},
		{"first seen", minute(r.FirstSeen, time.UTC) + " UTC"}, {"last seen", minute(r.LastSeen, time.UTC) + " UTC"}, {"state", state(r.Reject)},
	} {
		fmt.Fprintf(a.out, "%-12s %s\n", line[0], report.Printable(line[1]))
	}
	fmt.Fprintln(a.out)
	for line := range strings.Lines(r.Pretty()) {
		if _, err := fmt.Fprintln(a.out, report.Printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}
