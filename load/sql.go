package load

import "wheelhouse/internal/sqlfile"

// statements are the named statements of one .sql file.
type statements map[string]string

func parseSQL(file string) statements { return sqlfile.Parse(file) }
