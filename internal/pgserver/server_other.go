//go:build !(linux || darwin || freebsd)

package pgserver

import (
	"context"
	"errors"
	"runtime"
)

var errUnsupported = errors.New("no private PostgreSQL server on " + runtime.GOOS + ": set DATABASE_URL to a server of your own")

// A Server never exists on this system.
type Server struct{}

// Start fails on this system, and asks for a DATABASE_URL.
func Start(context.Context, Options) (*Server, error) { return nil, errUnsupported }

// URL is empty on this system.
func (*Server) URL(string) string { return "" }

// Crash fails on this system.
func (*Server) Crash() error { return errUnsupported }

// Restart fails on this system.
func (*Server) Restart(context.Context) error { return errUnsupported }

// Close does nothing on this system.
func (*Server) Close() error { return nil }

// Majors returns nothing on this system.
func Majors() []int { return nil }

// DefaultMajor fails on this system.
func DefaultMajor(context.Context) (int, error) { return 0, errUnsupported }

// Fetch fails on this system.
func Fetch(context.Context, int, func(string)) (string, error) { return "", errUnsupported }
