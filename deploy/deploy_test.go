package deploy

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"wheelhouse"
	"wheelhouse/internal/settings"
)

// command is how one file starts the program, with its environment and the files that
// it mounts.
type command struct {
	args  []string
	env   map[string]string
	files map[string]bool // mounted secrets and settings files
}

// commands are the ways in which the files start the program, by file.
func commands(t *testing.T) map[string]command {
	t.Helper()
	_, cmd := dockerfile(t).entry(t)
	return map[string]command{
		"Dockerfile":                       {args: cmd},
		"compose.yaml":                     composeCommand(t, compose(t)),
		"kubernetes/cronjob.yaml":          podCommand(t, mustStrict[cronJob](t, mustRead(t, "kubernetes/cronjob.yaml")).Spec.JobTemplate.Spec.Template.Spec),
		"kubernetes/deployment.yaml":       podCommand(t, mustStrict[deployment](t, mustRead(t, "kubernetes/deployment.yaml")).Spec.Template.Spec),
		"systemd/wheelhouse.service":       unitCommand(t, mustUnit(t, "wheelhouse.service")),
		"systemd/wheelhouse-serve.service": unitCommand(t, mustUnit(t, "wheelhouse-serve.service")),
	}
}

// The settings are loaded with the environment of each file. The program reads every
// variable, every named file is mounted, and the settings are valid.
func TestEnvironmentsAreValid(t *testing.T) {
	t.Parallel()
	for name, c := range commands(t) {
		if name == "Dockerfile" {
			continue // has no environment
		}
		t.Run(name, func(t *testing.T) {
			read := map[string]bool{}
			env := localEnv(t, c)
			s, err := settings.Load(settings.Options{Dir: t.TempDir(), Lookup: func(key string) (string, bool) {
				read[key] = true
				value, ok := env[key]
				return value, ok
			}})
			if err != nil {
				t.Fatal(err)
			}
			for key := range c.env {
				if !read[key] {
					t.Errorf("%s is set, but nothing reads it", key)
				}
			}
			if len(s.Accounts) != 1 || s.Accounts[0].APIKey.Reveal() != "key" || s.Database.Reveal() != dsn {
				t.Errorf("accounts %d, or not the key or the database in the files", len(s.Accounts))
			}
			// serve requires a token on any address but loopback.
			if c.env["WHEELHOUSE_LISTEN"] != "" && s.Token.Reveal() != pagesToken {
				t.Error("not the token in its file")
			}
		})
	}
}

const pagesToken = "0123456789abcdef"

const dsn = "postgres://wheelhouse:password@postgres:5432/wheelhouse"

// localEnv is c's environment, with the named files in a temporary folder.
func localEnv(t *testing.T, c command) map[string]string {
	t.Helper()
	env := map[string]string{}
	for key, value := range c.env {
		env[key] = value
		content, isFile := map[string]string{
			"CRANKWHEEL_API_KEY_FILE": "key\n", "DATABASE_URL_FILE": dsn + "\n", "WHEELHOUSE_TOKEN_FILE": pagesToken + "\n", "WHEELHOUSE_CONFIG": string(wheelhouse.Schedules),
		}[key]
		if !isFile {
			continue
		}
		if !c.files[value] {
			t.Errorf("%s: nothing is put at %s", key, value)
		}
		env[key] = filepath.Join(t.TempDir(), filepath.Base(value))
		mustWrite(t, env[key], content)
	}
	return env
}

// The image exposes and compose publishes the default port of serve. Compose publishes it
// on loopback only.
func TestPortIsTheDefault(t *testing.T) {
	t.Parallel()
	host, port, err := net.SplitHostPort(settings.DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	if got := dockerfile(t).last("EXPOSE"); got != port {
		t.Errorf("Dockerfile: EXPOSE %s, want %s", got, port)
	}
	service := compose(t).Services["wheelhouse"]
	if want := host + ":" + port + ":" + port; len(service.Ports) != 1 || service.Ports[0] != want {
		t.Errorf("compose.yaml: ports %q, want %q", service.Ports, want)
	}
	if got := service.Environment["WHEELHOUSE_LISTEN"]; got != ":"+port {
		t.Errorf("compose.yaml: WHEELHOUSE_LISTEN %q, want :%s", got, port)
	}
}

// Git and the image's build ignore the folder of secret files.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	if ignored := string(mustRead(t, ".gitignore")); !strings.Contains(ignored, "/secrets/\n") || !strings.Contains(ignored, "/kubernetes/secret.yaml\n") {
		t.Error(".gitignore does not list a secret")
	}
	ignore := mustIgnore(t)
	for _, path := range []string{"deploy/secrets/database_url", "secrets/key", "a/b/secrets/key", ".env", ".env.local", ".git/config"} {
		if !ignore.matches(path) {
			t.Errorf(".dockerignore lets %s into the build", path)
		}
	}
}

// The strict schemas refuse mistakes. A schema that accepted everything would check nothing.
func TestSchemasRefuseMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, right, wrong string
		read               func(string) error
	}{
		{"compose.yaml", "read_only:", "readonly:", strictly[composeFile]},
		{"compose.yaml", "stop_grace_period: 60s", "stop_grace_period: soon", strictly[composeFile]},
		{"kubernetes/cronjob.yaml", "backoffLimit: 2", "backoffLimit: many", strictly[cronJob]},
		{"kubernetes/cronjob.yaml", "runAsNonRoot:", "runAsNotRoot:", strictly[cronJob]},
		{"kubernetes/deployment.yaml", "strategy:", "strategies:", strictly[deployment]},
		{"kubernetes/secret.example.yaml", "stringData:", "strings:", strictly[secret]},
		{"kubernetes/kustomization.yaml", "images:", "image:", strictly[kustomization]},
		{"systemd/wheelhouse.service", "ProtectSystem=", "ProtectSystm=", func(text string) error { _, err := parseUnit(text); return err }},
		{"Dockerfile", "COPY . .", "COPPY . .", func(text string) error { _, err := parseDockerfile(text); return err }},
	} {
		text := string(mustRead(t, tt.file))
		wrong := strings.Replace(text, tt.right, tt.wrong, 1)
		if wrong == text {
			t.Errorf("%s has no %q to spoil", tt.file, tt.right)
		} else if tt.read(wrong) == nil {
			t.Errorf("%s is accepted with %q", tt.file, tt.wrong)
		}
	}
}

// strict decodes one YAML document. A key without a field in T is an error.
func strict[T any](data []byte) (v T, err error) {
	err = yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&v)
	return v, err
}

func strictly[T any](text string) error {
	_, err := strict[T]([]byte(text))
	return err
}

func mustStrict[T any](t *testing.T, data []byte) T {
	t.Helper()
	v, err := strict[T](data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

var grace = regexp.MustCompile(`\bgrace = ([0-9]+) \* time\.Second\b`)

// stopWithin is the longest time between SIGTERM and the end of the program: windows at
// work have a grace period, and are then rolled back.
func stopWithin(t *testing.T) time.Duration {
	t.Helper()
	files, err := filepath.Glob("../cmd/wheelhouse/*.go")
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, file := range files {
		for _, match := range grace.FindAllSubmatch(mustRead(t, file), -1) {
			seconds, err := strconv.Atoi(string(match[1]))
			if err != nil {
				t.Fatal(err)
			}
			longest = max(longest, seconds)
		}
	}
	if longest == 0 {
		t.Fatal("cmd/wheelhouse has no constant grace = … * time.Second")
	}
	return 2 * time.Duration(longest) * time.Second
}

// has reports whether a program is installed.
func has(name string, args ...string) bool { return exec.Command(name, args...).Run() == nil }

// tool runs a program if it is installed. The strict schemas check the file in any case.
func tool(t *testing.T, name string, args ...string) (output []byte, ran bool) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Logf("no %s here: the strict schema alone", name)
		return nil, false
	}
	cmd := exec.Command(name, args...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	output, err := cmd.Output()
	if err != nil || problems.Len() > 0 {
		t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, output, problems.Bytes())
	}
	return output, true
}
