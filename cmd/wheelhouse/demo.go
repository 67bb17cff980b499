package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/spf13/cobra"

	"wheelhouse/internal/metrics"
	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/report"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/web"
	"wheelhouse/load"
)

func (a *app) demo() *cobra.Command {
	var o simulated
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole pipeline on this machine, with nothing set up",
		Long: `Starts a private PostgreSQL and a simulated CrankWheel account, makes the warehouse, loads the account's whole
history, serves its pages on 127.0.0.1, and prints how to open the pages and query the database. Then it loads new
rows every minute until Ctrl-C, and removes everything. With --once it loads, prints the summary and exits.`,
		Example: `  wheelhouse demo
  wheelhouse demo --once --agents 40 --days 365`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := o.options()
			if err != nil {
				return err
			}
			return a.demonstrate(cmd.Context(), options, once)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&a.listen, "listen", "", "address of the pages (default "+settings.DefaultListen+", or a free port if that one is in use)")
	cmd.Flags().BoolVar(&once, "once", false, "load, print the summary and exit")
	return cmd
}

// demonstrate runs the demo. Everything that it starts ends with it.
func (a *app) demonstrate(ctx context.Context, o simulator.Options, once bool) error {
	began := time.Now()
	a.temporary = true
	s, err := a.demoSettings()
	if err != nil {
		return err
	}
	if err := web.Refused(s.Listen, s.Token); err != nil && s.Listen != "" && !once {
		return usageError{err}
	}
	server, err := pgserver.Start(ctx, pgserver.Options{Notice: func(s string) { fmt.Fprintln(a.err, s) }})
	if err != nil {
		return err
	}
	defer server.Close()
	url := server.URL("postgres")
	w, err := a.warehouse(ctx, url, true, load.Options{Connections: 6})
	if err != nil {
		return err
	}
	defer w.Close()

	o.APIKey = "simulated"
	api, err := listen(ctx, simulator.New(o))
	if err != nil {
		return err
	}
	account, err := demoAccount(api, o)
	if err != nil {
		return err
	}
	defer account.Close()

	progress := report.NewProgress(a.err, isTerminal(a.err))
	defer progress.Close()
	runner := &pipeline.Runner{
		Warehouse: w, Log: logger(s.Log, progress.Log()), Version: version, Host: host(), Now: time.Now,
		Workers: 6, Observe: progress,
	}
	m, queue := metrics.New(version), &pipeline.Queue{}
	watch(m, queue, runner, []*pipeline.Account{account}, nil)
	site := &site{}
	if !once {
		if site, err = a.demoPages(s, url, runner.Log, minutely(account), m.Handler(), queue); err != nil {
			return err
		}
		defer site.close()
	}
	if site.server != nil {
		fmt.Fprintf(a.out, "The pages fill while the account is loaded:\n  http://%s/\n\n", site.listener.Addr())
	}
	return site.while(ctx, func(ctx context.Context) error {
		result, err := runner.Run(ctx, "run", []*pipeline.Account{account}, nil, demoRange)
		progress.Close()
		if err != nil {
			return err
		}
		// Autovacuum would do this in a minute. Until then the pages would be slow: without statistics Postgres plans for millions of rows.
		if _, err := w.Pool().Exec(ctx, "ANALYZE"); err != nil {
			return err
		}
		if err := a.printDemo(ctx, w, result, time.Since(began), url, once); err != nil || once {
			return err
		}
		fmt.Fprintln(a.out, "\nNew rows are loaded every minute. Ctrl-C ends the demo and removes it.")
		runner.Observe = m
		return keepLoading(ctx, runner, account)
	})
}

func demoRange(account *pipeline.Account) pipeline.Range { return account.Nightly(time.Now()) }

// minutely is the demo's schedule, as the pages show it.
func minutely(account *pipeline.Account) func(time.Time) []settings.Row {
	return func(now time.Time) []settings.Row {
		rows := settings.Settings{Accounts: []settings.Account{account.Account}}.Describe(now, 0)
		for i := range rows {
			next := now.Truncate(time.Minute).Add(time.Minute)
			rows[i].Cron, rows[i].Schedule, rows[i].Next = "@every 1m", cron.Every(time.Minute), []time.Time{next}
		}
		return rows
	}
}

// demoSettings returns the demo's settings of the log and of the pages. On a terminal the progress bars are enough; elsewhere each window
// is logged. Of the user's settings, only --listen, --log and the token of the pages apply.
func (a *app) demoSettings() (*settings.Settings, error) {
	level := cmp.Or(a.log, os.Getenv("WHEELHOUSE_LOG"))
	if level == "" {
		level = map[bool]string{true: "console,warn", false: "console,info"}[isTerminal(a.err)]
	}
	return settings.Load(settings.Options{Log: level, Listen: a.listen, Offline: true, BuiltIn: true, Lookup: func(name string) (string, bool) {
		if name == "WHEELHOUSE_TOKEN" || name == "WHEELHOUSE_TOKEN_FILE" {
			return os.LookupEnv(name)
		}
		return "", false
	}})
}

// demoAccount opens the simulated account with default settings.
func demoAccount(api net.Addr, o simulator.Options) (*pipeline.Account, error) {
	env := map[string]string{
		"CRANKWHEEL_URL": "http://" + api.String(), "CRANKWHEEL_API_KEY": o.APIKey,
		"WHEELHOUSE_HISTORY_FROM": o.From.Format(time.DateOnly), "DATABASE_URL": "postgres://demo",
	}
	s, err := settings.Load(settings.Options{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, BuiltIn: true})
	if err != nil {
		return nil, err
	}
	account := s.Accounts[0]
	account.Unlimited()
	return pipeline.Open(account, version)
}

// listen serves on a free port of loopback until ctx ends.
func listen(ctx context.Context, h http.Handler) (net.Addr, error) {
	ready, failed := make(chan net.Addr, 1), make(chan error, 1)
	go func() { failed <- serveHTTP(ctx, "127.0.0.1:0", h, func(at net.Addr) { ready <- at }) }()
	select {
	case at := <-ready:
		return at, nil
	case err := <-failed:
		return nil, err
	}
}

// keepLoading loads new rows every minute until ctx ends, which is not an error: Ctrl-C is how the demo ends.
func keepLoading(ctx context.Context, runner *pipeline.Runner, account *pipeline.Account) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := runner.Run(ctx, "schedule", []*pipeline.Account{account}, nil, demoRange); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// printDemo prints what the demo loaded, and how to query the database.
func (a *app) printDemo(ctx context.Context, w *load.Warehouse, r pipeline.Result, elapsed time.Duration, url string, once bool) error {
	tables, err := w.TableCounts(ctx)
	if err != nil {
		return err
	}
	if err := report.Table(a.out, tables, false); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if err := report.Summary(a.out, r, false); err != nil {
		return err
	}
	where := fmt.Sprintf("Query it while the demo runs:\n  psql '%s'", url)
	if once {
		where = "This database ends with the command. Without --once it stays up, and the demo prints how to query it:"
	}
	fmt.Fprintf(a.out, `
%d of the %d windows for which the API states totals are reconciled. All of it took %s.

%s
  SELECT * FROM bi.agent_daily ORDER BY day DESC, sessions DESC LIMIT 10;
  SELECT * FROM bi.demo_funnel_daily ORDER BY day DESC LIMIT 10;
`, r.Reconciled, r.Reconciled+r.Unreconciled, elapsed.Round(100*time.Millisecond), where)
	if !r.OK() {
		return errIncomplete
	}
	return nil
}
