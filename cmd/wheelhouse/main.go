// Command wheelhouse loads a company's CrankWheel usage into PostgreSQL.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // for machines without time zones

	"wheelhouse/internal/settings"
)

// Exit codes.
const (
	exitOK          = 0
	exitIncomplete  = 1 // something failed, is missing or differs; everything else is loaded
	exitUsage       = 2 // usage or settings
	exitInterrupted = 130
)

// errIncomplete makes the exit code 1. The command has already printed what is wrong.
var errIncomplete = errors.New("not everything is loaded and reconciled")

// usageError is a mistake on the command line.
type usageError struct{ error }

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) (code int) {
	// Go's HTTP client and server log received data and the values of panics here. The program's own log is zap's.
	log.SetOutput(io.Discard)
	defer func() {
		if p := recover(); p != nil { // p may contain personal data
			fmt.Fprintf(os.Stderr, "wheelhouse: a defect of this program: panic, with its value redacted\n%s", debug.Stack())
			code = exitIncomplete
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	a := &app{out: os.Stdout, err: os.Stderr}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil, errors.Is(err, errIncomplete) && ctx.Err() == nil:
	case ctx.Err() != nil && a.temporary:
		fmt.Fprintln(os.Stderr, "wheelhouse: interrupted")
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "wheelhouse: interrupted; what was committed stays")
	default:
		fmt.Fprintln(os.Stderr, "wheelhouse:", err)
	}
	return exitCode(ctx, err, a.began)
}

// exitCode maps an error to the process's exit code. An error before the command began is a mistake on the command line.
func exitCode(ctx context.Context, err error, began bool) int {
	var wrong *settings.Errors
	var usage usageError
	var others refused
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &wrong), errors.As(err, &usage), errors.As(err, &others), !began:
		return exitUsage
	}
	return exitIncomplete
}
