package sample

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"wheelhouse/internal/pipeline"
	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/load"
)

// Zone is the account's reporting zone.
const Zone = "Europe/Berlin"

// From is the first day, in the format of the settings.
const From = "2025-05-01"

// Passes are the times of the two runs.
var Passes = []time.Time{
	time.Date(2025, 7, 1, 6, 0, 0, 0, time.UTC),
	time.Date(2025, 7, 2, 6, 0, 0, 0, time.UTC),
}

// corrected is the day whose facts differ between the two runs.
var corrected = time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC)

// Sample is the source of the warehouse's rows.
type Sample struct {
	Truth *simulator.Simulator // the warehouse has its Facts as of the last of Passes
	Runs  []pipeline.Result    // one for each of Passes
}

// Load fills the migrated and empty warehouse at dsn.
func Load(ctx context.Context, dsn string) (*Sample, error) {
	s, err := newSource()
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	defer s.server.Close()
	account, err := s.account()
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	defer account.Close()
	w, err := load.Open(ctx, dsn, load.Options{Connections: 6})
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	defer w.Close()

	runner := &pipeline.Runner{Warehouse: w, Log: zap.NewNop(), Version: "sample", Host: "sample", Now: s.now, Workers: 6}
	sample := &Sample{Truth: s.simulator}
	for i, pass := range Passes {
		s.clock.Store(&pass)
		if i > 0 {
			if _, err := s.simulator.Mutate(corrected, correct); err != nil {
				return nil, fmt.Errorf("sample: %w", err)
			}
		}
		result, err := runner.Run(ctx, "run", []*pipeline.Account{account}, nil, func(a *pipeline.Account) pipeline.Range { return a.Nightly(pass) })
		if err == nil && !result.OK() {
			err = fmt.Errorf("%d windows failed, %d were left, %d are not reconciled", result.Failed, result.Left, result.Unreconciled)
		}
		if err != nil {
			return nil, fmt.Errorf("sample: run of %s: %w", pass.Format(time.DateOnly), err)
		}
		sample.Runs = append(sample.Runs, result)
	}
	// Autovacuum would do this later. Without statistics Postgres plans for millions of rows.
	if _, err := w.Pool().Exec(ctx, "ANALYZE"); err != nil {
		return nil, fmt.Errorf("sample: analyse: %w", err)
	}
	return sample, nil
}

// correct is the change of a day after its first load.
func correct(d *simulator.Day) {
	d.Sessions = d.Sessions[1:]
	d.Sessions[0].Viewers += 2
	d.Sessions[0].MaxViewers = d.Sessions[0].Viewers
}

// source is the account's API on a port of loopback.
type source struct {
	simulator *simulator.Simulator
	clock     atomic.Pointer[time.Time]
	server    *http.Server
	address   string
}

func (s *source) now() time.Time { return *s.clock.Load() }

const key = "sample"

func newSource() (*source, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	from, err := time.ParseInLocation(time.DateOnly, From, zone)
	if err != nil {
		return nil, err
	}
	s := &source{}
	s.clock.Store(&Passes[0])
	s.simulator = simulator.New(simulator.Options{
		Seed: 1, Agents: 8, From: from, Until: Passes[0], Now: s.now, Zone: zone, APIKey: key,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: s.simulator, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // otherwise Load would wait for answers for ever
		}
	}()
	return s, nil
}

// account has the built-in settings, without a limit of requests.
func (s *source) account() (*pipeline.Account, error) {
	env := map[string]string{
		"CRANKWHEEL_URL": "http://" + s.address, "CRANKWHEEL_API_KEY": key, "DATABASE_URL": "postgres://sample",
		"WHEELHOUSE_TIMEZONE": Zone, "WHEELHOUSE_HISTORY_FROM": From,
	}
	set, err := settings.Load(settings.Options{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, BuiltIn: true})
	if err != nil {
		return nil, err
	}
	account := set.Accounts[0]
	account.Unlimited()
	return pipeline.Open(account, "sample")
}
