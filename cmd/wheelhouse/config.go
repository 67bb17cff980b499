package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/web"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Check the settings",
		Example: "  wheelhouse config check",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configCheck())
	return cmd
}

// settingsLine is one stream's line of config check.
type settingsLine struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Cron    string `json:"cron"`
	Zone    string `json:"zone"`
	Next    string `json:"next"`
	Window  string `json:"window"`
	Again   string `json:"look-back"`
	Open    string `json:"open"`
	Rate    string `json:"requests/s"`
}

func (a *app) configCheck() *cobra.Command {
	var json bool
	var fires int
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read all settings, and print them and the next time of each schedule",
		Long: `Reads flags, environment, files and schedules.yaml, and reports all mistakes at once, each with its line, its
column and what would be right. It connects to nothing.`,
		Example: `  wheelhouse config check
  wheelhouse config check --config schedules.yaml --fires 3 --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if fires < 1 || fires > 100 {
				return usageError{fmt.Errorf("--fires %d is not from 1 to 100", fires)}
			}
			s, err := a.settings(false)
			if err != nil {
				return err
			}
			rows := s.Describe(time.Now(), fires)
			if json {
				return report.JSON(a.out, rows)
			}
			fmt.Fprintf(a.out, "Settings from %s.\n", s.Source)
			if s.Database.Empty() {
				fmt.Fprintln(a.out, "No DATABASE_URL: the PG* variables name the warehouse.")
			}
			fmt.Fprintln(a.out, pagesLine(s))
			return report.Table(a.out, settingsLines(rows), false)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	cmd.Flags().IntVar(&fires, "fires", 1, "how many next times to list for each schedule")
	return cmd
}

// pagesLine describes where serve's pages are and who may read them.
func pagesLine(s *settings.Settings) string {
	switch {
	case s.Listen == "":
		return "No pages: listen is off."
	case web.Refused(s.Listen, s.Token) != nil:
		return "No serve: " + web.Refused(s.Listen, s.Token).Error() + "."
	case s.Token.Empty():
		return "Pages of serve on " + s.Listen + ", for everybody on this machine (no token is set)."
	}
	return "Pages of serve on " + s.Listen + ", for everybody who has the token."
}

func settingsLines(rows []settings.Row) []settingsLine {
	days := func(n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprintf("%dd", n)
	}
	var lines []settingsLine
	for _, r := range rows {
		var next []string
		for _, t := range r.Next {
			next = append(next, t.Format("Mon 2006-01-02 15:04 MST"))
		}
		line := settingsLine{
			Account: r.Account, Stream: r.Stream, Cron: r.Cron, Zone: r.CronZone, Next: strings.Join(next, ", "),
			Window: days(r.Window), Again: days(r.Lookback), Open: days(r.OpenLookback),
			Rate: fmt.Sprintf("%g", r.RequestsPerSecond),
		}
		if !r.Enabled {
			line.Next = "off"
		}
		lines = append(lines, line)
	}
	return lines
}
