package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
)

// A release prints its stamp; any other build prints what Go knows of it.
func TestVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ flags, want string }{
		"stamped":   {"-X main.stamped=1.2.3", `^wheelhouse 1\.2\.3\ncommit ([0-9a-f]{40}(\+changes)?|unknown)\n` + runtime.Version()},
		"unstamped": {"", `^wheelhouse (dev|v\S+)\ncommit ([0-9a-f]{40}(\+changes)?|unknown)\n` + runtime.Version()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), "wheelhouse")
			if output, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", c.flags, "-o", program, ".").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			prints := func(args ...string) string {
				output, err := exec.CommandContext(t.Context(), program, args...).Output()
				if err != nil {
					t.Fatal(args, err)
				}
				return string(output)
			}
			text := prints("version")
			if !regexp.MustCompile(c.want).MatchString(text) || prints("--version") != text {
				t.Errorf("version: %s\n--version: %s", text, prints("--version"))
			}
			var build buildInfo
			if err := json.Unmarshal([]byte(prints("version", "--json")), &build); err != nil || build.String() != text {
				t.Errorf("--json: %+v, %v", build, err)
			}
		})
	}
}
