package deploy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// directives lists the directives of systemd 250 that the units use, by section.
var directives = map[string]string{
	"Unit": "Description Wants After Conflicts StartLimitIntervalSec",
	"Service": `Type ExecStart Restart RestartSec RestartPreventExitStatus SuccessExitStatus TimeoutStartSec TimeoutStopSec
		ConfigurationDirectory WorkingDirectory EnvironmentFile LoadCredential Environment DynamicUser User UMask
		CapabilityBoundingSet NoNewPrivileges ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectClock
		ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc
		ProcSubset RemoveIPC LockPersonality MemoryDenyWriteExecute RestrictAddressFamilies RestrictNamespaces
		RestrictRealtime RestrictSUIDSGID SystemCallArchitectures SystemCallFilter SystemCallErrorNumber`,
	"Timer":   "OnCalendar RandomizedDelaySec FixedRandomDelay Persistent",
	"Install": "WantedBy",
}

var units = []string{"wheelhouse.service", "wheelhouse.timer", "wheelhouse-serve.service"}

// unit is a unit file's values by Section.Directive, in order.
type unit map[string][]string

func mustUnit(t *testing.T, name string) unit {
	t.Helper()
	u, err := parseUnit(string(mustRead(t, filepath.Join("systemd", name))))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return u
}

// parseUnit only accepts known sections and directives.
func parseUnit(text string) (unit, error) {
	u, section := unit{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			section = strings.Trim(line, "[]")
			if directives[section] == "" {
				return nil, fmt.Errorf("unknown section %s", line)
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || !slices.Contains(strings.Fields(directives[section]), key) {
			return nil, fmt.Errorf("unknown directive in [%s]: %s", section, line)
		}
		u[section+"."+key] = append(u[section+"."+key], value)
	}
	return u, nil
}

// unitCommand is the command of a service. The content of its EnvironmentFile is the
// example in README.md.
func unitCommand(t *testing.T, u unit) command {
	t.Helper()
	args := strings.Fields(strings.Join(u["Service.ExecStart"], " "))
	if len(args) < 2 || args[0] != program {
		t.Fatalf("ExecStart=%q, want %s and a command", args, program)
	}
	c := command{args: args[1:], env: map[string]string{"CRANKWHEEL_URL": "https://meeting.is"}, files: map[string]bool{}}
	for _, credential := range u["Service.LoadCredential"] {
		id, path, _ := strings.Cut(credential, ":")
		c.files["%d/"+id] = true
		if !strings.Contains(string(mustRead(t, "README.md")), path) {
			t.Errorf("README.md does not say that %s is needed", path)
		}
	}
	for _, assignment := range u["Service.Environment"] {
		key, value, _ := strings.Cut(assignment, "=")
		c.env[key] = value
	}
	return c
}

const program = "/usr/local/bin/wheelhouse"

func TestSystemd(t *testing.T) {
	t.Parallel()
	run, serve, timer := mustUnit(t, "wheelhouse.service"), mustUnit(t, "wheelhouse-serve.service"), mustUnit(t, "wheelhouse.timer")
	for key, want := range map[string]string{
		"DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "CapabilityBoundingSet": "",
	} {
		if got := run["Service."+key]; !slices.Equal(got, []string{want}) {
			t.Errorf("wheelhouse.service: %s=%q, want %q", key, got, want)
		}
	}
	if run["Service.Type"][0] != "oneshot" || run["Install.WantedBy"] != nil {
		t.Error("wheelhouse.service: one run, which the timer alone starts")
	}
	// From the settings on, both units must be the same.
	own := strings.Fields("Type ExecStart Restart RestartSec RestartPreventExitStatus TimeoutStartSec")
	for key := range directives {
		for _, name := range strings.Fields(directives[key]) {
			if key == "Service" && !slices.Contains(own, name) && !slices.Equal(run["Service."+name], serve["Service."+name]) {
				t.Errorf("%s differs: %q and %q", name, run["Service."+name], serve["Service."+name])
			}
		}
	}
	if stop, err := time.ParseDuration(serve["Service.TimeoutStopSec"][0]); err != nil || stop < stopWithin(t) {
		t.Errorf("TimeoutStopSec %s %v: killed before it is done", stop, err)
	}
	if len(timer["Timer.OnCalendar"]) != 1 || timer["Install.WantedBy"][0] != "timers.target" {
		t.Error("wheelhouse.timer: when?")
	}
	tool(t, "systemd-analyze", "calendar", timer["Timer.OnCalendar"][0])
}

// systemd-analyze verifies copies of the units that start an installed program.
func TestSystemdAcceptsTheUnits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, name := range units {
		mustUnit(t, name)
		path := filepath.Join(dir, name)
		mustWrite(t, path, strings.ReplaceAll(string(mustRead(t, filepath.Join("systemd", name))), program, "/bin/true"))
		args = append(args, path)
	}
	if _, ran := tool(t, "systemd-analyze", args...); !ran {
		return
	}
	for _, path := range args[2:] {
		if strings.HasSuffix(path, ".service") {
			// Exposure 2.0 of 10. systemd calls up to 5 "OK".
			tool(t, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", path)
		}
	}
}
