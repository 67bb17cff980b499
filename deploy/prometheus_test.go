package deploy

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The fields that the files of Prometheus use.
type prometheusConfig struct {
	Global struct {
		ScrapeInterval     time.Duration `yaml:"scrape_interval"`
		EvaluationInterval time.Duration `yaml:"evaluation_interval"`
	} `yaml:"global"`
	RuleFiles     []string `yaml:"rule_files"`
	ScrapeConfigs []struct {
		JobName       string `yaml:"job_name"`
		Authorization struct {
			CredentialsFile string `yaml:"credentials_file"`
		} `yaml:"authorization"`
		StaticConfigs []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

type alertRules struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         time.Duration     `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// alertTests is the unit tests of the rules.
type alertTests struct {
	RuleFiles          []string      `yaml:"rule_files"`
	EvaluationInterval time.Duration `yaml:"evaluation_interval"`
	Tests              []struct {
		Name        string        `yaml:"name"`
		Interval    time.Duration `yaml:"interval"`
		InputSeries []struct {
			Series string `yaml:"series"`
			Values string `yaml:"values"`
		} `yaml:"input_series"`
		AlertRuleTest []struct {
			EvalTime  string           `yaml:"eval_time"`
			Alertname string           `yaml:"alertname"`
			ExpAlerts []map[string]any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// The configuration scrapes the service of compose.yaml, with its token.
func TestPrometheusScrapesTheService(t *testing.T) {
	t.Parallel()
	c := mustStrict[prometheusConfig](t, mustRead(t, "prometheus/prometheus.yml"))
	f := compose(t)
	service := f.Services["prometheus"]
	_, port, _ := strings.Cut(f.Services["wheelhouse"].Environment["WHEELHOUSE_LISTEN"], ":")
	job := c.ScrapeConfigs[0]
	if len(c.ScrapeConfigs) != 1 || job.JobName != "wheelhouse" || !slices.Equal(job.StaticConfigs[0].Targets, []string{"wheelhouse:" + port}) {
		t.Errorf("jobs %+v", c.ScrapeConfigs)
	}
	if secret := strings.TrimPrefix(job.Authorization.CredentialsFile, "/run/secrets/"); !slices.Contains(service.Secrets, secret) ||
		f.Services["wheelhouse"].Environment["WHEELHOUSE_TOKEN_FILE"] != job.Authorization.CredentialsFile {
		t.Errorf("credentials %q are not the pages' token, or not mounted", job.Authorization.CredentialsFile)
	}
	if !slices.Equal(service.Profiles, []string{"metrics"}) || !slices.Contains(service.Volumes, "./prometheus:/etc/prometheus:ro") ||
		!slices.Contains(service.Command, "--config.file=/etc/prometheus/prometheus.yml") || !slices.Equal(service.Ports, []string{"127.0.0.1:9090:9090"}) {
		t.Errorf("compose.yaml: prometheus %+v", service)
	}
}

// Each alert has a description, a section in README.md, a test in which it fires, and a test in which it does not.
func TestAlertsAreDescribedAndTested(t *testing.T) {
	t.Parallel()
	rules := mustStrict[alertRules](t, mustRead(t, "prometheus/rules.yml"))
	tests := mustStrict[alertTests](t, mustRead(t, "prometheus/rules_test.yml")).Tests
	tests = append(tests, mustStrict[alertTests](t, mustRead(t, "prometheus/rules_days_test.yml")).Tests...)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests {
		for _, a := range test.AlertRuleTest {
			if len(a.ExpAlerts) > 0 {
				fires[a.Alertname] = true
			} else {
				silent[a.Alertname] = true
			}
		}
	}
	readme := string(mustRead(t, "README.md"))
	var names []string
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			names = append(names, r.Alert)
			if !fires[r.Alert] || !silent[r.Alert] {
				t.Errorf("%s: tested firing %v, silent %v", r.Alert, fires[r.Alert], silent[r.Alert])
			}
			if !strings.Contains(readme, "\n#### "+r.Alert+"\n") || r.Annotations["runbook"] != "deploy/README.md#"+strings.ToLower(r.Alert) {
				t.Errorf("%s: no section of README.md, or the wrong runbook", r.Alert)
			}
			if severity := r.Labels["severity"]; r.Annotations["summary"] == "" || r.Annotations["description"] == "" || severity != "warning" && severity != "critical" {
				t.Errorf("%s: no summary, description or severity", r.Alert)
			}
		}
	}
	for _, section := range regexp.MustCompile(`(?m)^#### (Wheelhouse\w+)$`).FindAllStringSubmatch(readme, -1) {
		if !slices.Contains(names, section[1]) {
			t.Errorf("README.md describes %s, which is not an alert", section[1])
		}
	}
}

// Rules, their tests, dashboards and README.md only name metrics in docs/metrics.md, which lists those of a real answer.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(string(mustRead(t, "../docs/metrics.md")), -1) {
		known[row[1]] = true
		if row[2] == "histogram" {
			known[row[1]+"_bucket"], known[row[1]+"_sum"], known[row[1]+"_count"] = true, true, true
		}
	}
	files, err := filepath.Glob("prometheus/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"grafana/*.json", "grafana/*/*.json"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	used := 0
	for _, file := range append(files, "README.md") {
		// A name that ends with _ stands for a group.
		for _, name := range regexp.MustCompile(`\bwheelhouse_(?:ledger|rows|windows|window|api|commit|queue|schedule|build)_\w*[a-z]\b`).FindAllString(string(mustRead(t, file)), -1) {
			if used++; !known[name] {
				t.Errorf("%s: %s is no metric", file, name)
			}
		}
	}
	if used < 30 || len(known) < 30 {
		t.Errorf("%d uses of %d metrics: they were not found", used, len(known))
	}
}

// promtool accepts the files, and the tests of the rules pass.
func TestPromtoolAcceptsTheFiles(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not on this machine (Debian: apt-get install prometheus): the strict schema alone")
	}
	tool(t, "promtool", "check", "rules", "prometheus/rules.yml")
	tool(t, "promtool", "test", "rules", "prometheus/rules_test.yml", "prometheus/rules_days_test.yml")
	// promtool requires the file of the credentials.
	dir := t.TempDir()
	mustWrite(t, dir+"/pages_token", pagesToken)
	mustWrite(t, dir+"/rules.yml", string(mustRead(t, "prometheus/rules.yml")))
	mustWrite(t, dir+"/prometheus.yml", strings.ReplaceAll(string(mustRead(t, "prometheus/prometheus.yml")), "/run/secrets", dir))
	tool(t, "promtool", "check", "config", dir+"/prometheus.yml")
}
