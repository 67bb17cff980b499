// Package sqlfile splits a .sql file into named statements, so that a statement can be written as SQL beside the Go code that runs
// it.
//
// Promised: the text of a statement is the text of the file, without the semicolon at the end. On failure, Parse panics. The files
// are embedded and parsed when the program starts, so a mistake in a file stops every start of the program.
package sqlfile

import (
	"fmt"
	"strings"
)

// Parse splits a file at the lines "-- name: x". Text before the first such line is a comment about the file.
func Parse(file string) map[string]string {
	all := map[string]string{}
	for _, section := range strings.Split("\n"+file, "\n-- name: ")[1:] {
		name, sql, _ := strings.Cut(section, "\n")
		if _, twice := all[name]; twice {
			panic(fmt.Sprintf("sqlfile: two statements have the name %q", name))
		}
		all[name] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	return all
}
