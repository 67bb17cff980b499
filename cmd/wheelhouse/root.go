package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"wheelhouse/internal/check"
	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/postgres"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/stream"
	"wheelhouse/load"
	"wheelhouse/migrations"
)

// app is what all commands share: the flags of every command, and where output goes.
type app struct {
	out, err  io.Writer
	config    string
	log       string
	listen    string // address of the pages; empty: as the settings say
	began     bool   // the command line was understood, and the command's own work has begun
	temporary bool   // the command leaves nothing behind
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "wheelhouse",
		Short: "Load CrankWheel usage into PostgreSQL, every night and for any past days",
		Long: `wheelhouse loads a company's CrankWheel usage (demo requests, screen shares, video shares and their
engagement) into PostgreSQL. Cron decides when to load; a ledger in the database decides what to load. So a
missed night, a crash or a second machine never loses or doubles a row.

Settings come from flags, the environment, schedules.yaml and built-in defaults, in this order. With
CRANKWHEEL_URL, CRANKWHEEL_API_KEY and DATABASE_URL set, no file is needed.`,
		Example: `  wheelhouse demo                                      # try it, without any set-up
  wheelhouse check                                     # what a load would lack
  wheelhouse run --migrate                             # load what is missing, once
  wheelhouse backfill --from 2025-01-01 --to 2025-12-31`,
		Version:           built.String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.began = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("{{.Version}}")
	root.PersistentFlags().StringVar(&a.config, "config", "", "settings file (WHEELHOUSE_CONFIG; default: schedules.yaml in this folder, else the built-in one)")
	root.PersistentFlags().StringVar(&a.log, "log", "", `log format and level, such as "json,debug" (WHEELHOUSE_LOG)`)
	root.AddCommand(a.demo(), a.check(), a.run(), a.serve(), a.backfill(), a.verify(), a.status(), a.rejects(), a.migrate(), a.configCommand(), a.simulate(), a.version())
	return root
}

// settings reads all settings. offline is for commands that make no requests to the API.
func (a *app) settings(offline bool) (*settings.Settings, error) {
	return settings.Load(settings.Options{Config: a.config, Log: a.log, Offline: offline, Listen: a.listen, Terminal: isTerminal(a.err)})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// logger makes the log, with one event a line.
func logger(s settings.Log, w io.Writer) *zap.Logger {
	level, err := zapcore.ParseLevel(s.Level)
	if err != nil {
		level = zapcore.InfoLevel
	}
	cfg := zap.NewProductionEncoderConfig()
	cfg.TimeKey, cfg.EncodeTime = "time", zapcore.RFC3339TimeEncoder
	cfg.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(cfg)
	if s.Format == "console" {
		cfg.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(cfg)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level))
}

// warehouse opens the database. It refuses a server on which the schema does not work, and a schema of another version than this
// program's.
func (a *app) warehouse(ctx context.Context, dsn string, migrate bool, o load.Options) (*load.Warehouse, error) {
	w, err := load.Open(ctx, dsn, o)
	if err != nil {
		return nil, unreachable(dsn, err)
	}
	d := check.Database{DB: w.Pool()}
	if migrate {
		if _, _, err = migrations.Up(ctx, dsn); err != nil {
			err = fmt.Errorf("migrate: %w", err)
		}
	}
	if err == nil {
		_, err = check.Refusal(check.Run(ctx, d, check.Schema, check.Schema))
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// unreachable adds the hint of unset to a failure to connect.
func unreachable(dsn string, err error) error {
	var connect *postgres.ConnectError
	if hint := unset(dsn); errors.As(err, &connect) && hint != "" {
		return fmt.Errorf("%w%s", err, hint)
	}
	return err
}

// unset returns a hint if neither the settings nor the environment name the database, or "".
func unset(dsn string) string {
	if dsn != "" || os.Getenv("PGHOST") != "" || os.Getenv("PGSERVICE") != "" {
		return ""
	}
	return "; neither DATABASE_URL nor PGHOST is set, so Wheelhouse tried the server on this machine"
}

// accounts opens the account named only, or all accounts. through wraps the transport of their requests.
func (a *app) accounts(s *settings.Settings, only string, through func(http.RoundTripper) http.RoundTripper) (accounts []*pipeline.Account, done func(), err error) {
	done = func() {
		for _, account := range accounts {
			account.Close()
		}
	}
	api := timing.api
	api.Transport = through
	for _, known := range s.Accounts {
		if only != "" && known.ID != only {
			continue
		}
		account, err := pipeline.OpenWith(known, api)
		if err != nil {
			done()
			return nil, nil, err
		}
		accounts = append(accounts, account)
	}
	if len(accounts) == 0 {
		return nil, nil, noAccount(s, only)
	}
	return accounts, done, nil
}

func noAccount(s *settings.Settings, id string) error {
	return usageError{fmt.Errorf("no account %q in the settings; there are: %s", id, strings.Join(accountIDs(s), ", "))}
}

func accountIDs(s *settings.Settings) []string {
	var ids []string
	for _, a := range s.Accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// checkStreams refuses unknown names of streams.
func checkStreams(names []string) error {
	for _, name := range names {
		if !slices.Contains(stream.Names(), name) {
			return usageError{fmt.Errorf("unknown stream %q; there are: %s", name, strings.Join(stream.Names(), ", "))}
		}
	}
	return nil
}

// streamNames is the value of a flag: the names of one or more streams.
type streamNames []string

func (n *streamNames) String() string { return strings.Join(*n, ",") }
func (n *streamNames) Type() string   { return "names" }

func (n *streamNames) Set(text string) error {
	names := strings.Split(text, ",")
	*n = append(*n, names...)
	return checkStreams(names)
}

// parseDay reads a day from the command line.
func parseDay(flag, s string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("--%s %q is not a day like 2026-01-31", flag, s)}
	}
	return day, nil
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// completeStreams completes names of streams in a shell.
func completeStreams(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return stream.Names(), cobra.ShellCompDirectiveNoFileComp
}
