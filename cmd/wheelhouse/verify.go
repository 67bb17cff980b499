package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
)

func (a *app) verify() *cobra.Command {
	var l loading
	var from, to string
	var limit int
	cmd := &cobra.Command{
		Use:   "verify --from DAY --to DAY",
		Short: "Ask the API again and compare with the warehouse, changing nothing",
		Long: `Asks the API again for the days from --from to --to, both included, and compares the answers with the warehouse row by
row, column by column and total by total. It changes nothing. It prints a line for each difference: stream, day, table,
key, column, the warehouse's value and the API's value. For columns with personal data it prints only that they differ.

Some counts are stated only for a whole window: video shares per user, engagement per share, cancelled requests. The
command asks for them once more over all days together. If the days do not have the same total, counts are lost or
doubled at the border between days; set window_end in schedules.yaml to ask differently.

Today is not over and is left out. Users and the content library are compared as they are now.

Exits 0 when everything is equal, 1 when something differs, is not loaded or could not be compared.`,
		Example: `  wheelhouse verify --from 2026-03-01 --to 2026-03-31
  wheelhouse verify --from 2026-03-01 --to 2026-03-07 --streams usage_new --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := dayRange("verify", from, to)
			if err != nil {
				return err
			}
			switch {
			case limit < 0:
				return usageError{fmt.Errorf("--limit %d is negative", limit)}
			case r.First.After(r.Now.AddDate(0, 0, -1)):
				return usageError{fmt.Errorf("--from %s is not over yet", from)}
			}
			r.Force = true
			return a.verifyRange(cmd.Context(), l, r, limit)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "first day, such as 2026-03-01")
	f.StringVar(&to, "to", "", "last day, included")
	f.IntVar(&limit, "limit", 100, "list at most this many differences; 0: all")
	l.choices(cmd)
	return cmd
}

// verdict is what verify prints as JSON.
type verdict struct {
	Equal       bool               `json:"equal"`
	Windows     int                `json:"windows_compared"`
	Different   int                `json:"windows_different"`
	NotLoaded   int                `json:"windows_not_loaded"`
	Failed      int                `json:"windows_failed"`
	Rows        int64              `json:"rows"`
	Requests    int                `json:"requests"`
	Found       int                `json:"differences_found"` // --limit may shorten Differences
	Differences []pipeline.Finding `json:"differences"`
}

// differenceLine is one line of the table that verify prints.
type differenceLine struct {
	Account   string `json:"account"`
	Stream    string `json:"stream"`
	Days      string `json:"days"`
	Table     string `json:"table"`
	Key       string `json:"key"`
	Column    string `json:"column"`
	Warehouse string `json:"warehouse"`
	API       string `json:"api"`
}

func (a *app) verifyRange(ctx context.Context, l loading, days pipeline.Range, limit int) error {
	progress := report.NewProgress(a.err, isTerminal(a.err))
	defer progress.Close()
	return a.withRunner(ctx, l, progress.Log(), func(r *pipeline.Runner, accounts []*pipeline.Account) error {
		r.Observe = progress
		found := []pipeline.Finding{}
		v, err := r.Verify(ctx, accounts, l.streams, func(account *pipeline.Account) pipeline.Range {
			return account.WholeDays(days)
		}, func(f pipeline.Finding) {
			if limit == 0 || len(found) < limit {
				found = append(found, f)
			}
		})
		progress.Close()
		if err != nil {
			return err
		}
		if l.json {
			err = report.JSON(a.out, verdict{v.Equal(), v.Windows, v.Different, v.NotLoaded, v.Failed, v.Rows, v.Requests, v.Findings, found})
		} else {
			err = a.printVerdict(v, found)
		}
		if err == nil && !v.Equal() {
			err = errIncomplete
		}
		return err
	})
}

func (a *app) printVerdict(v pipeline.Verified, found []pipeline.Finding) error {
	if len(found) > 0 {
		lines := make([]differenceLine, len(found))
		for i, f := range found {
			lines[i] = differenceLine{f.Account, f.Stream, f.Days, f.Table, f.Key, f.Column, f.Warehouse, f.API}
		}
		if err := report.Table(a.out, lines, false); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	if more := v.Findings - len(found); more > 0 {
		fmt.Fprintf(a.out, "%s more differences are not listed: see --limit.\n", report.Count(more))
	}
	_, err := fmt.Fprintf(a.out, "%s windows compared, %s rows: %s. %s differ, %s are not loaded, %s could not be compared.\n",
		report.Count(v.Windows), report.Count(int(v.Rows)), map[bool]string{true: "all equal", false: report.Count(v.Findings) + " differences"}[v.Equal()],
		report.Count(v.Different), report.Count(v.NotLoaded), report.Count(v.Failed+v.Left))
	return err
}

// dayRange reads --from and --to of a command that requires both.
func dayRange(command, from, to string) (pipeline.Range, error) {
	if from == "" || to == "" {
		return pipeline.Range{}, usageError{fmt.Errorf("%s requires --from and --to, both days like 2025-01-01", command)}
	}
	first, err := parseDay("from", from)
	if err != nil {
		return pipeline.Range{}, err
	}
	last, err := parseDay("to", to)
	if err != nil {
		return pipeline.Range{}, err
	}
	now := timing.now()
	switch {
	case last.Before(first):
		return pipeline.Range{}, usageError{fmt.Errorf("--to %s is before --from %s", to, from)}
	case first.Year() < 2000:
		return pipeline.Range{}, usageError{fmt.Errorf("--from %s is before CrankWheel existed", from)}
	case first.After(now.AddDate(0, 0, 1)):
		return pipeline.Range{}, usageError{fmt.Errorf("--from %s is in the future", from)}
	}
	return pipeline.Range{First: first, Last: last, Now: now}, nil
}
