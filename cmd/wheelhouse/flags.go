package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wheelhouse/internal/settings"
)

// flagError returns an error that says what is wrong with a flag, and what is right.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return usageError{fmt.Errorf("unknown flag --%s: %s", unknown.GetSpecifiedName(), flagLike(cmd, unknown.GetSpecifiedName()))}
	case errors.As(err, &invalid):
		return usageError{fmt.Errorf("--%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), expected(invalid))}
	}
	return usageError{err}
}

// flagLike suggests the flag that was probably meant.
func flagLike(cmd *cobra.Command, name string) string {
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if near := settings.Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean --%s?", near)
	}
	return "the flags are --" + strings.Join(known, ", --")
}

// expected returns the reason why a value is invalid, in place of an error of package strconv.
func expected(invalid *pflag.InvalidValueError) error {
	var number *strconv.NumError
	switch kind := invalid.GetFlag().Value.Type(); {
	case !errors.As(invalid, &number):
		return invalid.Unwrap()
	case kind == "bool":
		return errors.New("neither true nor false")
	default:
		return errors.New("not a whole number")
	}
}

// parallel is the value of --parallel: the number of windows of a stream that are loaded at the same time. 0: the settings decide.
type parallel int

const maxParallel = 32

func (p *parallel) String() string { return strconv.Itoa(int(*p)) }
func (p *parallel) Type() string   { return "int" }

func (p *parallel) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxParallel {
		return fmt.Errorf("not a number from 1 to %d", maxParallel)
	}
	*p = parallel(n)
	return nil
}
