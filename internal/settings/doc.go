// Package settings reads all settings. Flags override environment variables, which override schedules.yaml, which
// overrides the built-in schedules.yaml.
//
// It is strict: an unknown key and an impossible value are problems. Each Problem has a place (file, line and column, or the
// name of a variable or flag) and says what is wrong and what would be right. One Load reports all problems at once, as
// *Errors, and then returns no settings. Load uses neither the network nor the database.
//
// schedules.schema.json describes the file: its keys, their types and limits, and the advice for a wrong value. For values
// that a schema cannot describe (cron, time zones, addresses) it names formats, which this package checks. Values that
// depend on the rest of the file, on the environment or on today's date are checked last.
//
//	file ─► tokens ─► tree and places ─► schema ─► layers merged ─► structs ─► environment, secrets, dates
//	        bounded   one walk           all violations
//
// A value that violates the schema is reported and removed from the tree. The later checks still run on the rest.
//
// Secrets come from the environment or from files, never from flags or YAML. A Secret prints as ***. No problem quotes a
// value that may be a secret in the wrong place, such as a path, the name of a variable or a server's URL.
//
// A settings file may be hostile. The size, the number of tokens and the nesting are checked before parsing. Anchors,
// aliases, merge keys, tags and further documents are refused.
package settings
