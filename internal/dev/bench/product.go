//go:build linux

package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// build builds the program, unless -binary names one.
func (b *bench) build(ctx context.Context) (err error) {
	if b.binary != "" {
		b.product, err = filepath.Abs(b.binary)
		return err
	}
	b.product = filepath.Join(b.dir, "wheelhouse")
	args := []string{"build", "-o", b.product}
	if b.profile != "" {
		overlay, err := b.overlay(ctx)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := command(ctx, "go", append(args, "wheelhouse/cmd/wheelhouse")...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// profiler is a file added to the program's package. It writes profiles into the folder in PROFILE.
//
//go:embed profiler.go.txt
var profiler []byte

// overlay is a compiler overlay for a program that profiles itself: one more file, and one changed line in main.go.
func (b *bench) overlay(ctx context.Context) (string, error) {
	where, err := command(ctx, "go", "list", "-f", "{{.Dir}}", "wheelhouse/cmd/wheelhouse").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	folder := strings.TrimSpace(string(where))
	main, err := os.ReadFile(filepath.Join(folder, "main.go"))
	if err != nil {
		return "", err
	}
	const plain, profiled = "os.Exit(run(os.Args[1:]))", "os.Exit(profiled(func() int { return run(os.Args[1:]) }))"
	if strings.Count(string(main), plain) != 1 {
		return "", errors.New("main.go has no " + plain)
	}
	replace := map[string]string{}
	for name, text := range map[string]string{
		"main.go":     strings.Replace(string(main), plain, profiled, 1),
		"profiler.go": string(profiler),
	} {
		path := filepath.Join(b.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(folder, name)] = path
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return "", err
	}
	if b.profile, err = filepath.Abs(b.profile); err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// migrate makes the template.
func (b *bench) migrate(ctx context.Context) error {
	if err := b.pg.exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	_, err := b.clock(b.wheelhouse(ctx, "", target{database: template}, "migrate", "up"))
	return err
}

// target is the source and the destination of a program.
type target struct {
	api      string
	database string
	settings string    // schedules.yaml
	history  time.Time // its first day
}

// wheelhouse is a call of the program. name, if not empty, is the name of its profiles.
func (b *bench) wheelhouse(ctx context.Context, name string, t target, args ...string) *exec.Cmd {
	cmd := command(ctx, b.product, args...)
	settings := filepath.Join(b.dir, "schedules.yaml")
	if err := os.WriteFile(settings, []byte(cmp.Or(t.settings, fast)), 0o600); err != nil {
		cmd.Err = err // returned by Start
	}
	cmd.Dir = b.dir
	cmd.Env = append(neutral(), "WHEELHOUSE_CONFIG="+settings, "DATABASE_URL="+b.pg.URL(t.database),
		"CRANKWHEEL_URL="+t.api, "CRANKWHEEL_API_KEY="+apiKey)
	if !t.history.IsZero() {
		cmd.Env = append(cmd.Env, "WHEELHOUSE_HISTORY_FROM="+t.history.Format(time.DateOnly))
	}
	if b.profile != "" && name != "" {
		cmd.Env = append(cmd.Env, "PROFILE="+filepath.Join(b.profile, name))
	}
	return cmd
}

// neutral is the environment without variables that change the behaviour of programs.
func neutral() []string {
	var env []string
	for _, e := range os.Environ() {
		switch name, _, _ := strings.Cut(e, "="); {
		case strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "WHEELHOUSE_"), strings.HasPrefix(name, "CRANKWHEEL_"),
			strings.HasPrefix(name, "DATABASE_URL"):
		default:
			env = append(env, e)
		}
	}
	return env
}
