package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

func (a *app) status() *cobra.Command {
	var json bool
	var account string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what is loaded and what is not, for each account and stream",
		Long: `A line for each account and stream: the days covered, how many days since history_from are gaps, until when
it is loaded, the last load, its rows, and what wants a look: rejects, windows that are loaded in part or do not add up to
the API's totals, windows that failed, values that the API does not document (they are kept as sent). Times are in the account's zone. Today is never a gap. A stream
whose answers hold everything there is (a snapshot) has no gaps.

It reads the ledger and asks the API for nothing. It exits 0 whatever it finds, so that it can be read by
programs with --json; run tells by its exit code whether all is well.`,
		Example: `  wheelhouse status
  wheelhouse status --account acme
  wheelhouse status --json | jq '.[] | select(.gap_days > 0)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := a.readStatus(cmd.Context(), account)
			if err != nil {
				return err
			}
			if json {
				return report.JSON(a.out, all)
			}
			return a.tellStatus(all)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	cmd.Flags().StringVar(&account, "account", "", "only this account")
	return cmd
}

// readStatus asks the ledger about the accounts in the settings and in the books.
func (a *app) readStatus(ctx context.Context, only string) ([]ledger.StreamStatus, error) {
	s, err := a.settings(true)
	if err != nil {
		return nil, err
	}
	w, err := a.warehouse(ctx, s.Database.Reveal(), false, load.Options{})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	all, err := w.Status(ctx, time.Now(), configured(s)...)
	if err != nil || only == "" {
		return all, err
	}
	all = slices.DeleteFunc(all, func(s ledger.StreamStatus) bool { return s.Account != only })
	if len(all) == 0 {
		return nil, usageError{fmt.Errorf("no account %q in the settings or the warehouse", only)}
	}
	return all, nil
}

// configured are the settings' accounts. Where no server is set there is no account, only defaults.
func configured(s *settings.Settings) (all []ledger.Configured) {
	for _, a := range s.Accounts {
		if a.Server == "" {
			continue
		}
		c := ledger.Configured{Account: ledger.Account{ID: a.ID, Server: a.Server, Zone: a.Zone, HistoryFrom: a.HistoryFrom.In(a.Zone)}}
		for _, stream := range a.Streams {
			if stream.Enabled {
				c.Streams = append(c.Streams, stream.Name)
			}
		}
		all = append(all, c)
	}
	return all
}

// standing is one stream's line of status.
type standing struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Covered string `json:"days_covered"`
	Gaps    int    `json:"gap_days"`
	Until   string `json:"loaded_until"`
	Last    string `json:"last_load"`
	Rows    int64  `json:"rows"`
	Look    string `json:"look_at"`
}

// tellStatus prints the table, and under it the gaps and the errors.
func (a *app) tellStatus(all []ledger.StreamStatus) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(a.out, "Nothing is configured, and nothing is loaded.")
		return err
	}
	var lines []standing
	var notes []string
	for _, s := range all {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			zone = time.UTC // the books' zone, which this machine does not know
		}
		line := standing{Account: s.Account, Stream: s.Stream, Covered: daysCovered(s.Covered), Gaps: s.GapDays, Rows: s.Rows, Look: lookAt(s)}
		if s.CoveredUntil != nil {
			line.Until = minute(*s.CoveredUntil, zone)
		}
		if s.Last != nil {
			line.Last = s.Last.Status + " " + minute(s.Last.At, zone)
		}
		lines = append(lines, line)
		if len(s.Gaps) > 0 {
			notes = append(notes, fmt.Sprintf("%s %s lacks %s", s.Account, s.Stream, fewDays(s.Gaps)))
		}
		if s.Last != nil && s.Last.Error != nil {
			notes = append(notes, fmt.Sprintf("%s %s at %s: %s", s.Account, s.Stream, minute(s.Last.At, zone), *s.Last.Error))
		}
	}
	if err := report.Table(a.out, lines, false); err != nil {
		return err
	}
	for i, note := range notes {
		if i == 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintln(a.out, report.Printable(note))
	}
	return nil
}

func minute(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04") }

func oneStretch(d ledger.Days) string {
	if d.From == d.To {
		return d.From
	}
	return d.From + " to " + d.To
}

func daysCovered(all []ledger.Days) string {
	switch len(all) {
	case 0:
		return "none"
	case 1:
		return oneStretch(all[0])
	}
	return fmt.Sprintf("%s to %s, in %d parts", all[0].From, all[len(all)-1].To, len(all))
}

// fewDays lists the newest stretches: older ones are seldom news.
func fewDays(all []ledger.Days) string {
	const few = 3
	var parts []string
	for i, d := range slices.Backward(all) {
		if len(parts) == few {
			parts = append(parts, fmt.Sprintf("and %d more before", i+1))
			break
		}
		parts = append(parts, oneStretch(d))
	}
	return strings.Join(parts, ", ")
}

// lookAt is what wants a look, or is worth knowing.
func lookAt(s ledger.StreamStatus) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{
		{s.Failed, "failed"}, {s.Stale, "not read again"}, {s.Unreconciled, "unreconciled"}, {s.Rejects, "rejects"}, {s.Unknown, "unknown values"}, {s.Running, "running"},
	} {
		if p.n > 0 {
			parts = append(parts, report.Count(p.n)+" "+p.what)
		}
	}
	if s.Enabled != nil && !*s.Enabled {
		parts = append(parts, "switched off")
	}
	return cmp.Or(strings.Join(parts, ", "), "-")
}
