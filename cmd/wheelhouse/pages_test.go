package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

const pagesToken = "canary-token-of-the-pages"

func TestServeRequiresATokenOffLoopback(t *testing.T) {
	t.Parallel()
	u := newUser(t, account(t), testdb.New(t))
	u.env = append(u.env, "WHEELHOUSE_LISTEN=0.0.0.0:0")
	for say, args := range map[string][]string{"WHEELHOUSE_TOKEN_FILE": {"serve"}} {
		if _, stderr := u.types(exitUsage, args...); !strings.Contains(stderr, say) {
			t.Errorf("%v prints:\n%s", args, stderr)
		}
	}
	if stdout, _ := u.types(exitOK, "config", "check"); !strings.Contains(stdout, "No serve: listen 0.0.0.0:0") {
		t.Error(stdout)
	}
	u.env = append(u.env, "WHEELHOUSE_TOKEN="+pagesToken)
	if stdout, _ := u.types(exitOK, "config", "check"); !strings.Contains(stdout, "for everybody who has the token") || strings.Contains(stdout, pagesToken) {
		t.Error(stdout)
	}
	u.env = append(u.env, "WHEELHOUSE_TOKEN=short")
	if _, stderr := u.types(exitUsage, "serve"); !strings.Contains(stderr, "shorter than 16 bytes") {
		t.Error(stderr)
	}
}

// serve answers before the warehouse has a schema, is ready once it has one, and refuses requests without the token.
func TestServeServesPages(t *testing.T) {
	t.Parallel()
	dsn := testdb.NewDirect(t)
	u := newUser(t, account(t), dsn)
	u.types(exitOK, "migrate", "down", "--steps", "100", "--yes")
	file := filepath.Join(u.dir, "token")
	if err := os.WriteFile(file, []byte(pagesToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u.env = append(u.env, "WHEELHOUSE_LISTEN=0.0.0.0:0", "WHEELHOUSE_TOKEN_FILE="+file)
	cmd, _, errs := u.command("serve", "--migrate", "--log", "json,info")
	cmd.Stderr = nil
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(io.TeeReader(stderr, errs))
	port := ""
	for port == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v\n%s", err, errs)
		}
		if found := regexp.MustCompile(`"address":"[^"]*:(\d+)"`).FindStringSubmatch(line); found != nil {
			port = found[1]
		}
	}
	rest := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, lines); rest <- err }()
	at := "http://127.0.0.1:" + port
	if got := status(t, at+"/healthz", ""); got != http.StatusOK {
		t.Errorf("/healthz: %d", got)
	}
	for deadline := time.Now().Add(30 * time.Second); status(t, at+"/readyz", "") != http.StatusOK; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never ready")
		}
	}
	if got := status(t, at+"/pipeline/runs", ""); got != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got)
	}
	if got := status(t, at+"/pipeline/runs", pagesToken); got != http.StatusOK {
		t.Errorf("with the token: %d", got)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-rest; err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || strings.Contains(errs.String(), pagesToken) {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

func status(t *testing.T, address, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
