package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/simulator"
)

func (a *app) simulate() *cobra.Command {
	var o simulated
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated CrankWheel account",
		Long: `Serves the API of a believable, invented account: working hours, weekends, holidays, a growing team, a sales funnel,
campaigns, video shares whose plays fade. The same seed gives the same account. The API key is that of
CRANKWHEEL_API_KEY, or "simulated". Flags choose among behaviours that the API's documentation leaves open.`,
		Example: `  wheelhouse simulate --agents 40 --days 400
  CRANKWHEEL_URL=http://127.0.0.1:8090 CRANKWHEEL_API_KEY=simulated wheelhouse run --migrate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := o.options()
			if err != nil {
				return err
			}
			if options.APIKey = os.Getenv("CRANKWHEEL_API_KEY"); options.APIKey == "" {
				options.APIKey = "simulated"
			}
			return serveHTTP(cmd.Context(), o.listen, simulator.New(options), func(at net.Addr) {
				fmt.Fprintf(a.out, "A simulated account of %d agents and %d days answers at http://%s\n", o.agents, o.days, at)
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8090", "address to listen on")
	return cmd
}

// simulated is the flags that describe a simulated account.
type simulated struct {
	listen, selects, to, shape string
	seed                       uint64
	agents, days, maxPage      int
}

func (o *simulated) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Uint64Var(&o.seed, "seed", 1, "the same seed gives the same account")
	f.IntVar(&o.agents, "agents", 25, "how many agents the team has at the end")
	f.IntVar(&o.days, "days", 180, "days of history")
	f.StringVar(&o.selects, "select", "start", "whether a window selects rows by start, end or overlap")
	f.StringVar(&o.to, "to", "inclusive", "whether a window's end is inclusive, exclusive or includes its whole second (second)")
	f.StringVar(&o.shape, "shape", "2022", "the form of usage_new: as recorded in 2020 or in 2022")
	f.IntVar(&o.maxPage, "max-page-size", 0, "cap on page_size; 0: none")
}

func (o *simulated) options() (simulator.Options, error) {
	options := simulator.Options{
		Seed: o.seed, Agents: o.agents, MaxPageSize: o.maxPage,
		From: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -o.days), Until: time.Now(),
	}
	switch {
	case o.agents < 1 || o.agents > 1000:
		return options, usageError{fmt.Errorf("--agents %d is not from 1 to 1000", o.agents)}
	case o.days < 1 || o.days > 3660:
		return options, usageError{fmt.Errorf("--days %d is not from 1 to 3660", o.days)}
	case o.maxPage < 0:
		return options, usageError{fmt.Errorf("--max-page-size %d is negative", o.maxPage)}
	}
	var selects, to, shape bool
	options.Select, selects = map[string]simulator.Selection{
		"start": simulator.ByStart, "end": simulator.ByEnd, "overlap": simulator.ByOverlap}[o.selects]
	options.To, to = map[string]simulator.Bound{
		"inclusive": simulator.Inclusive, "exclusive": simulator.Exclusive, "second": simulator.WholeSecond}[o.to]
	options.Shape, shape = map[string]simulator.Shape{
		"2020": simulator.Shape2020, "2022": {}}[o.shape]
	switch {
	case !selects:
		return options, usageError{fmt.Errorf("--select %q is not start, end or overlap", o.selects)}
	case !to:
		return options, usageError{fmt.Errorf("--to %q is not inclusive, exclusive or second", o.to)}
	case !shape:
		return options, usageError{fmt.Errorf("--shape %q is not 2020 or 2022", o.shape)}
	}
	return options, nil
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, listen string, h http.Handler, ready func(net.Addr)) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() {
		last, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		_ = server.Shutdown(last) // requests that take longer are cut off
	})
	ready(l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
