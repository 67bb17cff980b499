//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	sessions     int
	peerSessions int
	days         int
	years        int
	rounds       int
	only         []string
	binary       string
	profile      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	err = run(ctx, o, os.Stdout, os.Stderr)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, complain io.Writer) (options, error) {
	var o options
	var only string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(complain)
	f.IntVar(&o.sessions, "sessions", 1_000_000, "sessions in the days that are loaded, about")
	f.IntVar(&o.days, "days", 365, "days that are loaded, a window each")
	f.IntVar(&o.peerSessions, "peer-sessions", 0, "sessions for the peers (0: a tenth of -sessions)")
	f.IntVar(&o.years, "years", 5, "how many years `years` compares with one, with a tenth of the sessions a day")
	f.IntVar(&o.rounds, "rounds", 3, "how often each measure is taken; the table shows medians")
	f.StringVar(&only, "only", "", "measures, separated by commas: "+strings.Join(names(), ", ")+" (default all)")
	f.StringVar(&o.binary, "binary", "", "the program to measure (default: built from these sources)")
	f.StringVar(&o.profile, "profile", "", "folder for profiles of CPU and allocations of the program, which is then built with them")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	err := o.check(only, f.Args())
	if err != nil {
		fmt.Fprintln(complain, "bench:", err)
	}
	return o, err
}

func (o *options) check(only string, rest []string) error {
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, name := range o.only {
		if !known(name) {
			return fmt.Errorf("-only: no measure %q; there are: %s", name, strings.Join(names(), ", "))
		}
	}
	if o.peerSessions == 0 {
		o.peerSessions = max(1000, o.sessions/10)
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.sessions < 1000 || o.peerSessions < 1000:
		return fmt.Errorf("fewer than 1000 sessions measure nothing")
	case o.rounds < 1 || o.years < 2 || o.days < 1:
		return fmt.Errorf("-rounds and -days must be 1 or more, -years 2 or more")
	case o.binary != "" && o.profile != "":
		return fmt.Errorf("-profile builds the program its own way: leave out -binary")
	}
	return nil
}
