package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"wheelhouse/internal/stream"
)

// problemsOf is the problems of a file, or "".
func problemsOf(yaml string) string {
	opts := options(three())
	opts.Offline = true
	if _, err := newLoader(opts).settings(defaultFile, []byte(yaml)); err != nil {
		return err.Error()
	}
	return ""
}

// keysOf lists the keys of a part of the schema.
func keysOf(address string) []string {
	return slices.Sorted(maps.Keys(theSchema().at(address)["properties"].(map[string]any)))
}

// streamKeys lists the keys of a stream.
func streamKeys(name string) []string {
	if s, _ := stream.ByName(name); s.Grain == stream.Snapshot {
		return keysOf("#/definitions/snapshot")
	}
	return keysOf("#/definitions/streams/properties/" + name)
}

// The schema lists exactly the streams of package stream, and accepts for each stream the windows and keys that package stream
// allows.
func TestSchemaKnowsTheStreams(t *testing.T) {
	t.Parallel()
	if names, want := keysOf("#/definitions/streams"), slices.Sorted(slices.Values(stream.Names())); !slices.Equal(names, want) {
		t.Errorf("the schema lists %v, package stream %v", names, want)
	}
	for _, s := range stream.All {
		accepts := func(key, value string, want bool) string {
			t.Helper()
			problem := problemsOf(fmt.Sprintf("streams:\n  %s:\n    %s: %s\n", s.Name, key, value))
			if (problem == "") != want {
				t.Errorf("%s: %s: %s: accepted %v, want %v: %s", s.Name, key, value, problem == "", want, problem)
			}
			return problem
		}
		for days := range stream.MaxWindow + 2 {
			problem := accepts("window", fmt.Sprintf("%dd", days), days >= 1 && days <= s.LongestWindow())
			if days == 2 && !strings.Contains(problem, s.OneDay) {
				t.Errorf("%s: %q does not say that %s", s.Name, problem, s.OneDay)
			}
		}
		windowed := s.Grain != stream.Snapshot
		accepts("lookback", "3d", windowed)
		accepts("parallel", "2", windowed)
		accepts("open_lookback", "3d", s.Open)
		accepts("window_end", `"24:00:00"`, s.WindowEnd)
		accepts("enabled", "false", true)
		accepts("timezone", "UTC", true)
		accepts("requests_per_second", "0.5", true)
	}
}

// Each key has a title and a description for editors, and advice for a wrong value. The program checks each format.
func TestSchemaExplainsEachKey(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	var walk func(address string)
	walk = func(address string) {
		part := theSchema().at(address)
		if ref, is := part["$ref"].(string); is {
			address, part = ref, theSchema().at(ref)
		}
		for _, annotation := range []string{"title", "description"} {
			if text, _ := part[annotation].(string); text == "" {
				t.Errorf("%s: no %s", address, annotation)
			}
		}
		if part["allOf"] == nil || part["properties"] != nil {
			if advice(part) == "" {
				t.Errorf("%s: no errorMessage", address)
			}
		}
		if format, is := part["format"].(string); is {
			used[format] = true
			if formats[format] == nil {
				t.Errorf("%s: nothing checks the format %s", address, format)
			}
		}
		properties, _ := part["properties"].(map[string]any)
		for key := range properties {
			walk(address + "/properties/" + key)
		}
	}
	walk("#")
	for _, name := range []string{"account", "streams", "snapshot"} {
		walk("#/definitions/" + name)
	}
	if len(used) != len(formats) {
		t.Errorf("formats of the schema: %v", used)
	}
}

// Only a number that all YAML parsers read alike is a number.
func TestAmbiguousNumbersAreRefused(t *testing.T) {
	t.Parallel()
	for text, fits := range map[string]bool{
		"2": true, "0.5": true, ".5": true, "1000": true, "1000.5": false, "0": false, "-1": false, "010": false, "1_0": false, "0x10": false,
		".inf": false, ".nan": false, "1e2": false, `"2"`: false, strings.Repeat("9", 400): false,
	} {
		if problem := problemsOf("requests_per_second: " + text + "\n"); (problem == "") != fits {
			t.Errorf("%s: accepted %v: %s", text, problem == "", problem)
		}
	}
}
