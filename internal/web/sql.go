package web

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.sql
var sqlFiles embed.FS

// statements are the named statements of one .sql file.
type statements map[string]string

// mustSQL reads NAME.sql and cuts it at its "-- name: x" lines. The files are embedded, and read when the program
// starts: one that is not of that form panics.
func mustSQL(name string) statements {
	text, err := sqlFiles.ReadFile(name + ".sql")
	if err != nil {
		panic("web: " + err.Error())
	}
	all := statements{}
	for _, part := range strings.Split("\n"+string(text), "\n-- name: ")[1:] {
		title, sql, _ := strings.Cut(part, "\n")
		if _, twice := all[title]; twice {
			panic(fmt.Sprintf("web: statement %q stands twice in %s.sql", title, name))
		}
		all[title] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	return all
}

// statementError tells which statement failed; its name may be logged.
type statementError struct {
	name string
	err  error
}

func (e *statementError) Error() string { return "statement " + e.name + ": " + e.err.Error() }
func (e *statementError) Unwrap() error { return e.err }
