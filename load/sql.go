package load

import "wheelhouse/internal/sqlfile"

// namedSQL is the named statements of one .sql file.
type namedSQL map[string]string

func parseSQL(file string) namedSQL { return sqlfile.Parse(file) }
