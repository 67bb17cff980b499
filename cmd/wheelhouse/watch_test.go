package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
)

// serve tells Prometheus of what it loads and when it is due, to whoever has the token, and nothing secret.
func TestServeTellsMetrics(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free now
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	dsn := testdb.New(t)
	u := newUser(t, account(t), dsn)
	u.env = append(u.env, "WHEELHOUSE_LISTEN="+at, "WHEELHOUSE_TOKEN="+pagesToken)
	cmd, _, errs := u.command("serve", "--log", "json,info")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended

	var text string
	loaded := regexp.MustCompile(`wheelhouse_windows_total\{account="default",outcome="loaded",stream="shares"\} [5-9]`)
	for deadline := time.Now().Add(time.Minute); !loaded.MatchString(text); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("shares are not loaded:\n%s\n%s", text, errs)
		}
		text, _ = read(t, "http://"+at+"/metrics", pagesToken) // until it answers
	}
	for _, want := range []string{
		`wheelhouse_schedule_next_timestamp_seconds{account="default",stream="company_content"} 1`,
		`wheelhouse_schedule_due_timestamp_seconds{account="default",stream="company_content"} 1`,
		`wheelhouse_queue_windows{account="default",stage="waiting",stream="shares"} 0`,
		`wheelhouse_ledger_up `, `go_goroutines `, `process_start_time_seconds `, `wheelhouse_build_info{go_version="go`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if _, status := read(t, "http://"+at+"/metrics", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	for _, secret := range []string{key, pagesToken, dsn, "@"} {
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, secret) {
				t.Errorf("%s", line)
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ended // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// read is what an address answers; nothing while nobody does.
func read(t *testing.T, address, token string) (text string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", fmt.Sprintf("Bearer %s", token))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", 0
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), response.StatusCode
}
