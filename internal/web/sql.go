package web

import (
	"embed"

	"wheelhouse/internal/sqlfile"
)

//go:embed *.sql
var sqlFiles embed.FS

// statements are the named statements of one .sql file.
type statements map[string]string

// mustSQL parses the embedded file NAME.sql when the program starts.
func mustSQL(name string) statements {
	text, err := sqlFiles.ReadFile(name + ".sql")
	if err != nil {
		panic("web: " + err.Error())
	}
	return sqlfile.Parse(string(text))
}

// statementError is an error with the name of its statement, which may be logged.
type statementError struct {
	name string
	err  error
}

func (e *statementError) Error() string { return "statement " + e.name + ": " + e.err.Error() }
func (e *statementError) Unwrap() error { return e.err }
