package load

import (
	"fmt"
	"strings"
)

// statements are the named statements of one .sql file.
type statements map[string]string

// parseSQL cuts a file at its "-- name: x" lines. It panics on a file that is not of that form: the
// files are embedded, and every one is parsed when the program starts.
func parseSQL(file string) statements {
	all := statements{}
	for _, part := range strings.Split("\n"+file, "\n-- name: ")[1:] {
		name, sql, _ := strings.Cut(part, "\n")
		if _, twice := all[name]; twice {
			panic(fmt.Sprintf("load: statement %q stands twice", name))
		}
		all[name] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	return all
}
