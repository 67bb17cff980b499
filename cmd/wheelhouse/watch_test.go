package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"wheelhouse/internal/testdb"
	"wheelhouse/internal/testkit"
)

// served starts a `serve` of a simulated account, with a token, and returns it with its metrics once it has loaded something.
func served(t *testing.T, dsn string) (cmd *exec.Cmd, at, metrics string, errs *bytes.Buffer) {
	t.Helper()
	at = freePort(t)
	u := newUser(t, account(t), dsn)
	u.env = append(u.env, "WHEELHOUSE_LISTEN="+at, "WHEELHOUSE_TOKEN="+pagesToken)
	cmd, _, errs = u.command("serve", "--log", "json,info")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() }) // it may have ended
	loaded := regexp.MustCompile(`wheelhouse_windows_total\{account="default",outcome="loaded",stream="shares"\} [5-9]`)
	for deadline := time.Now().Add(time.Minute); !loaded.MatchString(metrics); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("shares are not loaded:\n%s\n%s", metrics, errs)
		}
		metrics, _ = read(t, "http://"+at+"/metrics", pagesToken) // empty until it answers
	}
	return cmd, at, metrics, errs
}

// freePort is an address on which nobody listens now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// /metrics shows what serve loads and when it is due. It requires the token and shows no secret.
func TestServeExposesMetrics(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	cmd, at, text, errs := served(t, dsn)
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
	_ = cmd.Wait() // the exit code is checked below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// Prometheus, configured as in deploy/prometheus, reads the metrics of serve and can evaluate every rule.
func TestPrometheusReadsServe(t *testing.T) {
	testkit.SkipIfShort(t, "it starts Prometheus")
	t.Parallel()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not on this machine (Debian: apt-get install prometheus)")
	}
	_, at, _, _ := served(t, testdb.New(t))
	dir, own := t.TempDir(), freePort(t)
	for name, in := range map[string]*strings.Replacer{
		"prometheus.yml": strings.NewReplacer("wheelhouse:8080", at, "/run/secrets", dir, "scrape_interval: 30s", "scrape_interval: 1s", "evaluation_interval: 1m", "evaluation_interval: 1s"),
		"rules.yml":      strings.NewReplacer(),
	} {
		text, err := os.ReadFile("../../deploy/prometheus/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(in.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pages_token"), []byte(pagesToken), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+own)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() { _, _ = cmd.Process.Kill(), cmd.Wait() }
	t.Cleanup(end)

	ask := func(path string, answer any) {
		if text, status := read(t, "http://"+own+path, ""); text != "" && status != http.StatusServiceUnavailable { // until it is ready
			if err := json.Unmarshal([]byte(text), answer); err != nil {
				t.Fatalf("%s: %s", path, text)
			}
		}
	}
	missing := func() string { // a metric that is not read, or a rule that is not evaluated
		for _, query := range []string{`up{job="wheelhouse"}`, "wheelhouse_ledger_up", "count(wheelhouse_schedule_due_timestamp_seconds)", `sum(wheelhouse_rows_total{stream="shares"})`} {
			var answer struct {
				Data struct{ Result []struct{ Value [2]any } }
			}
			ask("/api/v1/query?query="+url.QueryEscape(query), &answer)
			if r := answer.Data.Result; len(r) != 1 || r[0].Value[1] == "0" {
				return fmt.Sprintf("%s: %v", query, r)
			}
		}
		var answer struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, Health, State, LastError string }
				}
			}
		}
		ask("/api/v1/rules", &answer)
		rules := 0
		for _, g := range answer.Data.Groups {
			for _, r := range g.Rules {
				if rules++; r.Health != "ok" || r.State == "firing" {
					return fmt.Sprintf("%s is %s and %s: %s", r.Name, r.Health, r.State, r.LastError)
				}
			}
		}
		if rules < 10 {
			return fmt.Sprintf("%d rules", rules)
		}
		return ""
	}
	fault := missing()
	for deadline := time.Now().Add(time.Minute); fault != "" && time.Now().Before(deadline); fault = missing() {
		time.Sleep(200 * time.Millisecond)
	}
	if end(); fault != "" {
		t.Errorf("%s\n%s", fault, log.String())
	}
}

// read gets an address. The answer is empty while nobody listens there.
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
