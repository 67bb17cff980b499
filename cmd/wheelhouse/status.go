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
		Short: "Print what is loaded and what is not, for each account and stream",
		Long: `Prints a line for each account and stream: the days covered, the number of days since history_from that are gaps,
the time up to which the stream is loaded, the last load, the rows, and what needs attention: windows that failed,
windows that are not reconciled (loaded in part, or with other totals), rejects, values that the API does not document
(they are kept as sent), and unknown members: parts of the API's answers, beside the records, that this program does not
know and does not load. Times are in the account's zone. Today is never a gap. A snapshot has no gaps: its answers
contain everything there is.

The command reads the ledger and makes no request to the API. It exits 0 whatever it finds, so that programs can
read it with --json. The exit code of run says whether all is well.`,
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
			return a.printStatus(all)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	cmd.Flags().StringVar(&account, "account", "", "only this account")
	return cmd
}

// readStatus reads the ledger for the accounts in the settings and in the warehouse.
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

// configured lists the accounts in the settings. Settings without a server have no account, only defaults.
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

// statusLine is one stream's line of status.
type statusLine struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Covered string `json:"days_covered"`
	Gaps    int    `json:"gap_days"`
	Until   string `json:"loaded_until"`
	Last    string `json:"last_load"`
	Rows    int64  `json:"rows"`
	Look    string `json:"look_at"`
}

// printStatus prints the table, followed by the gaps and the errors.
func (a *app) printStatus(all []ledger.StreamStatus) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(a.out, "Nothing is configured, and nothing is loaded.")
		return err
	}
	var lines []statusLine
	var notes []string
	var before string // account of the previous line
	for _, s := range all {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			zone = time.UTC
		}
		if note := zoneNote(s, err == nil); note != "" && s.Account != before {
			notes = append(notes, note)
		}
		before = s.Account
		covered := daysCovered(s.Covered)
		if s.ZoneUnknown {
			covered = "not known"
		}
		line := statusLine{Account: s.Account, Stream: s.Stream, Covered: covered, Gaps: s.GapDays, Rows: s.Rows, Look: lookAt(s)}
		if s.CoveredUntil != nil {
			line.Until = minute(*s.CoveredUntil, zone)
		}
		if s.Last != nil {
			line.Last = s.Last.Status + " " + minute(s.Last.At, zone)
		}
		lines = append(lines, line)
		if len(s.Gaps) > 0 {
			notes = append(notes, fmt.Sprintf("%s %s has gaps: %s", s.Account, s.Stream, newestDays(s.Gaps)))
		}
		if len(s.Members) > 0 {
			notes = append(notes, fmt.Sprintf("%s %s: the API's answers have members that Wheelhouse does not know and does not load: %s", s.Account, s.Stream, strings.Join(s.Members, ", ")))
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

// zoneNote says who does not know an account's zone; "" if the program and the server know it.
func zoneNote(s ledger.StreamStatus, known bool) string {
	switch {
	case s.ZoneUnknown:
		return fmt.Sprintf("%s: the database server does not know the time zone %s, so its days cannot be listed: see `wheelhouse check`", s.Account, s.Zone)
	case !known:
		return fmt.Sprintf("%s: this program does not know the time zone %s, which the database server knows: times are in UTC; use a newer wheelhouse", s.Account, s.Zone)
	}
	return ""
}

func minute(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04") }

func dayRangeText(d ledger.Days) string {
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
		return dayRangeText(all[0])
	}
	return fmt.Sprintf("%s to %s, in %d stretches", all[0].From, all[len(all)-1].To, len(all))
}

// newestDays lists the newest stretches of days and counts the older ones.
func newestDays(all []ledger.Days) string {
	const few = 3
	var parts []string
	for i, d := range slices.Backward(all) {
		if len(parts) == few {
			parts = append(parts, fmt.Sprintf("and %d earlier", i+1))
			break
		}
		parts = append(parts, dayRangeText(d))
	}
	return strings.Join(parts, ", ")
}

// lookAt lists what needs attention or is worth knowing.
func lookAt(s ledger.StreamStatus) string {
	var parts []string
	if s.ZoneUnknown {
		parts = append(parts, "unknown zone")
	}
	for _, p := range []struct {
		n    int64
		what string
	}{
		{s.Failed, "failed"}, {s.Stale, "not read again"}, {s.Unreconciled, "not reconciled"}, {s.Rejects, "rejects"}, {s.Unknown, "unknown values"},
		{int64(len(s.Members)), "unknown members"}, {s.Running, "running"},
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
