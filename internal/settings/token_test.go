package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenIsChecked(t *testing.T) {
	t.Parallel()
	const good = "0123456789abcdef"
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		set  env
		want string
		say  string // "": accepted
	}{
		{"none", env{}, "", ""},
		{"empty", env{"WHEELHOUSE_TOKEN": "", "WHEELHOUSE_TOKEN_FILE": ""}, "", ""},
		{"variable", env{"WHEELHOUSE_TOKEN": good}, good, ""},
		{"file", env{"WHEELHOUSE_TOKEN_FILE": file(good + "\n")}, good, ""},
		{"both", env{"WHEELHOUSE_TOKEN": good, "WHEELHOUSE_TOKEN_FILE": file(good)}, "", "keep one"},
		{"short", env{"WHEELHOUSE_TOKEN": good[1:]}, "", "shorter than 16 bytes"},
		{"an empty file", env{"WHEELHOUSE_TOKEN_FILE": file("\n")}, "", "shorter than 16 bytes"},
		{"no file", env{"WHEELHOUSE_TOKEN_FILE": "/nonexistent/canary"}, "", "WHEELHOUSE_TOKEN_FILE: cannot read"},
		{"a space", env{"WHEELHOUSE_TOKEN": "0123456789 abcdef"}, "", "a space"},
	} {
		s, err := Load(Options{BuiltIn: true, Offline: true, Lookup: func(k string) (string, bool) { v, ok := c.set[k]; return v, ok }})
		switch {
		case c.say == "" && (err != nil || s.Token.Reveal() != c.want):
			t.Errorf("%s: %v", c.name, err)
		case c.say != "" && (err == nil || !strings.Contains(err.Error(), c.say)):
			t.Errorf("%s: %v does not say %q", c.name, err, c.say)
		case err != nil && (strings.Contains(err.Error(), good[1:]) || strings.Contains(err.Error(), "canary")):
			t.Errorf("%s: shows a secret: %v", c.name, err)
		}
	}
}

func TestListenOffMeansNoPages(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Listen: "off"}, {Lookup: func(k string) (string, bool) {
		if k == "WHEELHOUSE_LISTEN" {
			return "off", true
		}
		return "", false
	}}} {
		o.BuiltIn, o.Offline = true, true
		if o.Lookup == nil {
			o.Lookup = func(string) (string, bool) { return "", false }
		}
		if s, err := Load(o); err != nil || s.Listen != "" {
			t.Errorf("%v, %v", s, err)
		}
	}
}
