package deploy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The fields of the compose specification that compose.yaml uses.
type composeFile struct {
	Name     string                    `yaml:"name"`
	Services map[string]composeService `yaml:"services"`
	Volumes  map[string]*struct{}      `yaml:"volumes"`
	Secrets  map[string]composeSecret  `yaml:"secrets"`
}

type composeSecret struct {
	File string `yaml:"file"`
}

type composeService struct {
	Image string `yaml:"image"`
	Build struct {
		Context    string            `yaml:"context"`
		Dockerfile string            `yaml:"dockerfile"`
		Args       map[string]string `yaml:"args"`
	} `yaml:"build"`
	Profiles   []string `yaml:"profiles"`
	Entrypoint []string `yaml:"entrypoint"`
	Command    []string `yaml:"command"`
	Restart    string   `yaml:"restart"`
	DependsOn  map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Environment map[string]string `yaml:"environment"`
	Secrets     []string          `yaml:"secrets"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Healthcheck struct {
		Test        []string      `yaml:"test"`
		Interval    time.Duration `yaml:"interval"`
		Timeout     time.Duration `yaml:"timeout"`
		Retries     int           `yaml:"retries"`
		StartPeriod time.Duration `yaml:"start_period"`
	} `yaml:"healthcheck"`
	ShmSize         string        `yaml:"shm_size"`
	ReadOnly        bool          `yaml:"read_only"`
	Tmpfs           []string      `yaml:"tmpfs"`
	CapDrop         []string      `yaml:"cap_drop"`
	SecurityOpt     []string      `yaml:"security_opt"`
	StopGracePeriod time.Duration `yaml:"stop_grace_period"`
}

// variable is an interpolated variable, which is required or has a default.
var variable = regexp.MustCompile(`\$\{([A-Z_]+):([?-])([^}]*)\}`)

// compose reads compose.yaml with no variable set but CRANKWHEEL_URL.
func compose(t *testing.T) composeFile {
	t.Helper()
	text := variable.ReplaceAllStringFunc(string(mustRead(t, "compose.yaml")), func(match string) string {
		switch part := variable.FindStringSubmatch(match); {
		case part[2] == "-":
			return part[3]
		case part[1] == "CRANKWHEEL_URL":
			return "https://meeting.is"
		}
		t.Errorf("compose.yaml needs %s, which its first lines do not name", match)
		return ""
	})
	if strings.Contains(text, "$") {
		t.Error("compose.yaml: a $ that is neither ${NAME:?why} nor ${NAME:-default}")
	}
	return mustStrict[composeFile](t, []byte(text))
}

func composeCommand(t *testing.T, f composeFile) command {
	t.Helper()
	service := f.Services["wheelhouse"]
	c := command{args: service.Command, env: service.Environment, files: map[string]bool{}}
	for _, name := range service.Secrets {
		c.files["/run/secrets/"+name] = true
	}
	return c
}

func TestCompose(t *testing.T) {
	t.Parallel()
	f := compose(t)
	for name, service := range f.Services {
		for _, secret := range service.Secrets {
			if !strings.HasPrefix(f.Secrets[secret].File, "./secrets/") {
				t.Errorf("%s: secret %s is not a file below secrets, which git and the build ignore", name, secret)
			}
		}
		for _, volume := range service.Volumes {
			source, target, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(source, "./") {
				if _, err := os.Stat(source); err != nil || !strings.HasSuffix(target, ":ro") {
					t.Errorf("%s: %s is not there, or can be written: %v", name, volume, err)
				}
			} else if _, known := f.Volumes[source]; !known {
				t.Errorf("%s: volume %s is not declared", name, source)
			}
		}
		for other, on := range service.DependsOn {
			if on.Condition == "service_healthy" && f.Services[other].Healthcheck.Test == nil {
				t.Errorf("%s waits for %s, which has no healthcheck", name, other)
			}
		}
		if !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
	}
	postgres := f.Services["postgres"]
	if file := postgres.Environment["POSTGRES_PASSWORD_FILE"]; file != "/run/secrets/postgres_password" || !slices.Contains(postgres.Secrets, "postgres_password") {
		t.Errorf("postgres: the password is not that of the secret: %q", file)
	}
	if postgres.Environment["POSTGRES_PASSWORD"] != "" || len(postgres.Ports) > 0 {
		t.Error("postgres: a password in the open, or a published port")
	}
	service := f.Services["wheelhouse"]
	if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || len(service.Tmpfs) != 1 || !strings.HasPrefix(service.Tmpfs[0], "/tmp:") {
		t.Error("wheelhouse: must have read_only, no capabilities, and /tmp")
	}
	if service.StopGracePeriod < stopWithin(t) {
		t.Errorf("wheelhouse is killed after %s", service.StopGracePeriod)
	}
	if _, err := os.Stat(service.Build.Context + "/" + service.Build.Dockerfile); err != nil {
		t.Error(err)
	}
	if strings.Join(service.Command, " ") != strings.Join(second(dockerfile(t).entry(t)), " ") {
		t.Error("wheelhouse: another command than the image's")
	}
}

func second[A, B any](_ A, b B) B { return b }

// docker compose accepts compose.yaml. Its client needs no engine for this.
func TestDockerComposeAcceptsTheFile(t *testing.T) {
	t.Setenv("CRANKWHEEL_URL", "https://meeting.is")
	if !has("docker", "compose", "version") {
		t.Log("no docker compose here: the strict schema alone")
		return
	}
	tool(t, "docker", "compose", "--file", "compose.yaml", "config", "--quiet")
}
