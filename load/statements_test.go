package load

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every statement of a .sql file is used, and every used statement exists.
func TestStatementsHaveTheNamesThatAreUsed(t *testing.T) {
	t.Parallel()
	code := ""
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if text, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, "_test.go") {
			code += string(text)
		}
	}
	for variable, file := range map[string]map[string]string{"statement": statement, "rejects": rejects} {
		for name := range file {
			if !strings.Contains(code, `"`+name+`"`) {
				t.Errorf("%s: nothing uses the statement %s", variable, name)
			}
		}
		for _, used := range regexp.MustCompile(`\b`+variable+`\["(\w+)"\]`).FindAllStringSubmatch(code, -1) {
			if file[used[1]] == "" {
				t.Errorf("%s has no statement %s", variable, used[1])
			}
		}
	}
}

// The generated statements are those in testdata. UPDATE=1 writes testdata anew.
func TestGeneratedStatementsAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for _, s := range Streams {
		var all strings.Builder
		for _, table := range s.tables {
			made := table.statements()
			for _, one := range []struct{ name, sql string }{
				{"existing", made.existing}, {"by key", made.byKey}, {"children of existing", made.existingChildren},
				{"existing outside of the window", made.outside}, {"children of existing outside of the window", made.outsideChildren},
				{"stage", made.stage}, {"update", made.update}, {"remove", made.remove}, {"remove children", made.removeChildren}, {"counts", made.counts},
			} {
				if one.sql != "" {
					all.WriteString("-- " + table.Name + ": " + one.name + "\n" + one.sql + ";\n\n")
				}
			}
		}
		golden := filepath.Join("testdata", s.Name+".sql")
		if os.Getenv("UPDATE") != "" {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != all.String() {
			t.Errorf("the statements of %s are not those of %s:\n%s", s.Name, golden, all.String())
		}
	}
}
