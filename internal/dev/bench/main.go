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
	scale        float64
	peerSessions int
	rounds       int
	sharedMemory string
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
	f.Float64Var(&o.scale, "scale", 1, "sessions a day, as a fraction of the shapes' sessions")
	f.IntVar(&o.peerSessions, "peer-sessions", 50_000, "sessions for the peers")
	f.StringVar(&o.sharedMemory, "shared-buffers", "", "shared_buffers of the server (default: the server's own)")
	f.IntVar(&o.rounds, "rounds", 3, "how often each measure is run; the table shows medians")
	f.StringVar(&only, "only", "", "measures, separated by commas: "+strings.Join(names(), ", ")+" (default all)")
	f.StringVar(&o.binary, "binary", "", "the program to measure (default: built from these sources)")
	f.StringVar(&o.profile, "profile", "", "folder for CPU and allocation profiles of the program, which is then built with a profiler")
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
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.scale <= 0 || o.peerSessions < 1000:
		return fmt.Errorf("-scale must be above 0, and -peer-sessions 1000 or more")
	case o.rounds < 1:
		return fmt.Errorf("-rounds must be 1 or more")
	case o.binary != "" && o.profile != "":
		return fmt.Errorf("-profile builds the program itself: leave out -binary")
	}
	return nil
}
