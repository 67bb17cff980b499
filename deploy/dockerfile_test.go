package deploy

import (
	"encoding/json"
	"fmt"
	"go/version"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is an instruction of a Dockerfile, with continued lines joined.
type instruction struct {
	name, args string
	stage      int // from 0
}

type instructions []instruction

// known lists the instructions of the classic builder, without those that need a shell.
var known = strings.Fields("FROM RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL HEALTHCHECK SHELL")

func dockerfile(t *testing.T) instructions {
	t.Helper()
	list, err := parseDockerfile(string(mustRead(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// parseDockerfile refuses unknown instructions and flags, such as RUN --mount and
// COPY --chmod of BuildKit.
func parseDockerfile(text string) (list instructions, err error) {
	stage, continued := -1, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if before, more := strings.CutSuffix(line, `\`); more {
			continued += before
			continue
		}
		line, continued = continued+line, ""
		name, args, _ := strings.Cut(line, " ")
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown instruction: %s", line)
		}
		if name == "FROM" {
			stage++
		}
		if stage < 0 {
			return nil, fmt.Errorf("before the first FROM: %s", line)
		}
		args = strings.TrimSpace(args)
		if strings.HasPrefix(args, "--") && (name != "COPY" || !strings.HasPrefix(args, "--from=")) {
			return nil, fmt.Errorf("a flag that needs BuildKit: %s", line)
		}
		list = append(list, instruction{name, args, stage})
	}
	if stage < 0 || continued != "" {
		return nil, fmt.Errorf("%d stages, unfinished line %q", stage+1, continued)
	}
	return list, nil
}

// image is the instructions of the last stage.
func (list instructions) image() instructions {
	last := list[len(list)-1].stage
	return slices.DeleteFunc(slices.Clone(list), func(i instruction) bool { return i.stage != last })
}

// last is the last instruction with a name in the last stage.
func (list instructions) last(name string) string {
	args := ""
	for _, i := range list.image() {
		if i.name == name {
			args = i.args
		}
	}
	return args
}

// entry is the entry point of the image. It must have the form without a shell.
func (list instructions) entry(t *testing.T) (entrypoint, cmd []string) {
	t.Helper()
	for name, into := range map[string]*[]string{"ENTRYPOINT": &entrypoint, "CMD": &cmd} {
		if err := json.Unmarshal([]byte(list.last(name)), into); err != nil {
			t.Fatalf("%s %s needs a shell: %v", name, list.last(name), err)
		}
	}
	return entrypoint, cmd
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	list := dockerfile(t)
	for _, i := range list.image() {
		switch i.name {
		case "FROM":
			if i.args != "scratch" {
				t.Errorf("the image stands on %s", i.args)
			}
		case "RUN", "HEALTHCHECK", "SHELL", "ADD", "ENV":
			t.Errorf("%s %s: there is no shell, and nothing to be set", i.name, i.args)
		case "COPY":
			if !strings.HasPrefix(i.args, "--from=build ") {
				t.Errorf("COPY %s: from the tree rather than from the build", i.args)
			}
		}
	}
	if user := list.last("USER"); !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("USER %s: Kubernetes accepts only a number as a non-root user", user)
	}
	if !slices.ContainsFunc(list.image(), func(i instruction) bool {
		return i.name == "COPY" && strings.HasSuffix(i.args, " /etc/ssl/certs/ca-certificates.crt")
	}) {
		t.Error("no certificates to trust")
	}
	tag := regexp.MustCompile(`^golang:([0-9.]+)-\S+ AS build$`).FindStringSubmatch(list[0].args)
	required := regexp.MustCompile(`(?m)^go ([0-9.]+)$`).FindSubmatch(mustRead(t, "../go.mod"))
	if tag == nil || required == nil {
		t.Fatalf("FROM %s, and go.mod's go line", list[0].args)
	}
	if got, want := version.Lang("go"+tag[1]), version.Lang("go"+string(required[1])); got != want {
		t.Errorf("built with %s, go.mod says %s", got, want)
	}
}

// ignore is .dockerignore: paths from the top, or ** before a name for any folder.
type ignore []*regexp.Regexp

func mustIgnore(t *testing.T) (list ignore) {
	t.Helper()
	for line := range strings.Lines(string(mustRead(t, "../.dockerignore"))) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.ContainsAny(line, "![]?\\") || strings.Contains(strings.TrimPrefix(line, "**/"), "**") {
			t.Fatalf(".dockerignore: %s is more than this test reads", line)
		}
		rest, anywhere := strings.CutPrefix(line, "**/")
		pattern := strings.ReplaceAll(regexp.QuoteMeta(rest), `\*`, `[^/]*`)
		if anywhere {
			pattern = "(.*/)?" + pattern
		}
		list = append(list, regexp.MustCompile("^"+pattern+"(/.*)?$"))
	}
	return list
}

func (list ignore) matches(path string) bool {
	return slices.ContainsFunc(list, func(r *regexp.Regexp) bool { return r.MatchString(path) })
}
