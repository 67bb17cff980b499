package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/check"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/postgres"
	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/web"
	"wheelhouse/load"
)

func (a *app) check() *cobra.Command {
	var json bool
	var account string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Connect to the database and the API, and say what a load would lack",
		Long: `Reads the settings, connects to the database and sends one request to the API of each account. Prints a line for each
check: ok, warn or fail, and what to do. It changes nothing. If a check of the database fails, run and serve refuse to
start for the same reason. If that check is about one account, they leave this account out.

Exits 0 if no check failed, 1 if one failed, 2 if the remedy is to change a setting.`,
		Example: `  wheelhouse check
  wheelhouse check --account acme
  wheelhouse check --json | jq '.[] | select(.status != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings(false)
			if err != nil {
				if json { // a program that reads standard output gets the mistakes, too
					err = errors.Join(err, report.JSON(a.out, wrongSettings(err)))
				}
				return err
			}
			results, err := a.checks(cmd.Context(), s, account)
			if err != nil {
				return err
			}
			return a.printChecks(results, json)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	cmd.Flags().StringVar(&account, "account", "", "only this account")
	return cmd
}

// wrongSettings returns the mistakes in the settings as results.
func wrongSettings(err error) (all []check.Result) {
	var wrong *settings.Errors
	if !errors.As(err, &wrong) {
		return nil
	}
	for _, p := range wrong.Problems {
		all = append(all, check.Result{Status: check.Fail, Check: "settings", Message: p.String(), Remedy: "correct this setting"})
	}
	return all
}

// checks carries out all checks.
func (a *app) checks(ctx context.Context, s *settings.Settings, only string) ([]check.Result, error) {
	accounts := slices.DeleteFunc(slices.Clone(s.Accounts), func(a settings.Account) bool { return only != "" && a.ID != only })
	if len(accounts) == 0 {
		return nil, noAccount(s, only)
	}
	all := []check.Result{checkSettings(s)}
	all = append(all, a.checkDatabase(ctx, s, accounts)...)
	api := timing.api
	api.Attempts, api.FirstByte, api.Whole = 2, 20*time.Second, 30*time.Second
	for _, account := range accounts {
		all = append(all, check.Account(ctx, account, api, timing.now)...)
	}
	return all, ctx.Err()
}

func checkSettings(s *settings.Settings) check.Result {
	r := check.Result{Status: check.OK, Check: "settings", Message: fmt.Sprintf("%d accounts, from %s", len(s.Accounts), s.Source)}
	if err := web.Refused(s.Listen, s.Token); s.Listen != "" && err != nil {
		r.Status, r.Message, r.OfSettings = check.Fail, "serve would refuse to start", true
		r.Remedy = err.Error()
	}
	return r
}

// checkDatabase connects to the database and carries out its checks.
func (a *app) checkDatabase(ctx context.Context, s *settings.Settings, accounts []settings.Account) []check.Result {
	w, err := load.Open(ctx, s.Database.Reveal(), load.Options{})
	if err != nil {
		r := check.Result{Status: check.Fail, Check: "database", Message: err.Error(), Remedy: "correct DATABASE_URL or the PG* variables"}
		var connect *postgres.ConnectError
		var unusable postgres.UnusableError
		if errors.As(err, &connect) {
			r.Message, r.Remedy = connect.Cause, connect.Remedy+unset(s.Database.Reveal())
		} else if errors.As(err, &unusable) {
			r.Message, r.Remedy = unusable.Cause, unusable.Remedy
		}
		return []check.Result{r}
	}
	defer w.Close()
	d := check.Database{DB: w.Pool(), Accounts: accounts}
	if s.Listen != "" {
		d.Pages = func(ctx context.Context) error { return pagesCheck(ctx, s) }
	}
	return check.Run(ctx, d, check.Schema, check.Advice)
}

// pagesCheck returns the reason why the pages cannot read the warehouse, or nil.
func pagesCheck(ctx context.Context, s *settings.Settings) error {
	server, err := web.New(web.Options{Database: s.Database.Reveal(), Listen: settings.DefaultListen})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := server.Check(ctx); err != nil {
		return errors.New(web.Reason(err))
	}
	return nil
}

// printChecks prints the results, and returns an error if a check failed.
func (a *app) printChecks(all []check.Result, json bool) error {
	if json {
		if err := report.JSON(a.out, all); err != nil {
			return err
		}
	}
	failed, ofSettings := 0, false
	for _, r := range all {
		if r.Status == check.Fail {
			failed++
			ofSettings = ofSettings || r.OfSettings
		}
		if json {
			continue
		}
		line := fmt.Sprintf("%-4s  %s", r.Status, r.Check)
		if r.Account != "" {
			line += " of " + r.Account
		}
		line += ": " + r.Message
		if r.Remedy != "" {
			line += ". Remedy: " + r.Remedy
		}
		fmt.Fprintln(a.out, report.Printable(line))
	}
	switch {
	case failed == 0:
		return nil
	case ofSettings:
		return usageError{fmt.Errorf("checks that failed: %d", failed)}
	}
	return fmt.Errorf("checks that failed: %d", failed)
}

// refused is the error of a command that left accounts out and loaded the others.
type refused []check.Result

func (r refused) Error() string {
	texts := make([]string, len(r))
	for i, one := range r {
		texts[i] = one.Err().Error()
	}
	return strings.Join(texts, "\n  ")
}

// accepted carries out the checks that a load depends on. It returns the accounts that can be loaded, and the failed checks of the others.
func accepted(ctx context.Context, w *load.Warehouse, accounts []*pipeline.Account, moved bool) (fit []*pipeline.Account, others refused, err error) {
	d := check.Database{DB: w.Pool(), Moved: moved}
	for _, account := range accounts {
		d.Accounts = append(d.Accounts, account.Account)
		if moved {
			account.AcceptServer()
		}
	}
	others, err = check.Refusal(check.Run(ctx, d, check.Load, check.Load))
	if err != nil {
		return nil, nil, err
	}
	for _, account := range accounts {
		if !slices.ContainsFunc(others, func(r check.Result) bool { return r.Account == account.ID }) {
			fit = append(fit, account)
		}
	}
	return fit, others, nil
}
