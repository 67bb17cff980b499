package load

import (
	_ "embed"

	"wheelhouse/internal/sqlfile"
)

//go:embed load.sql
var loadSQL string

// statement has the statements of load.sql by their names.
var statement = sqlfile.Parse(loadSQL)
