package extract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImportsGoOneWay: cmd, load, transform, extract. Extract knows none of the others, and no
// Postgres; transform is pure, so it has no network, no clock, no context and no I/O. Both use of
// database/sql the option type Null, and nothing else.
func TestImportsGoOneWay(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep"}
	for _, c := range []struct {
		dir       string
		forbidden []string
		pure      bool
	}{
		{".", []string{"wheelhouse/load", "wheelhouse/transform", "wheelhouse/cmd", "github.com/jackc/"}, false},
		{"../transform", []string{"wheelhouse/load", "wheelhouse/internal", "wheelhouse/cmd", "github.com/", "golang.org/", "net/http",
			"net\"", "context\"", "os", "io", "log", "math/rand", "crypto/rand", "sync", "syscall", "embed"}, true},
	} {
		files, err := filepath.Glob(filepath.Join(c.dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(c.dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range file.Imports {
				for _, f := range c.forbidden {
					if path, _ := strconv.Unquote(i.Path.Value); strings.HasPrefix(path+`"`, f) {
						t.Errorf("%s imports %s", name, path)
					}
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				s, _ := n.(*ast.SelectorExpr)
				if s == nil {
					return true
				}
				switch x, _ := s.X.(*ast.Ident); {
				case x == nil:
				case x.Name == "sql" && s.Sel.Name != "Null":
					t.Errorf("%s uses sql.%s", name, s.Sel.Name)
				case c.pure && x.Name == "time" && slices.Contains(clock, s.Sel.Name):
					t.Errorf("%s has a clock: time.%s", name, s.Sel.Name)
				}
				return true
			})
		}
	}
}
