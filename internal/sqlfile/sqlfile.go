// Package sqlfile cuts a .sql file into its named statements, so that whole statements can stand beside the Go that runs them.
//
// Promised: statements in the words of the file, without the semicolon at their end. On failure it panics: the files are
// embedded, and every one is cut when the program starts.
package sqlfile

import (
	"fmt"
	"strings"
)

// Parse cuts a file at its "-- name: x" lines. What stands before the first is the file's own.
func Parse(file string) map[string]string {
	all := map[string]string{}
	for _, part := range strings.Split("\n"+file, "\n-- name: ")[1:] {
		name, sql, _ := strings.Cut(part, "\n")
		if _, twice := all[name]; twice {
			panic(fmt.Sprintf("sqlfile: statement %q stands twice", name))
		}
		all[name] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	return all
}
