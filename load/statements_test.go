package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The statements that are made from the descriptions are those of testdata. UPDATE=1 writes them anew.
func TestGeneratedStatementsAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for _, s := range Streams {
		var all strings.Builder
		for _, table := range s.tables {
			made := table.statements()
			for _, one := range []struct{ name, sql string }{
				{"existing", made.existing}, {"children of existing", made.existingChildren},
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
