// Package settings reads everything that a person can set: flags over environment variables over schedules.yaml over
// the built-in schedules.yaml.
//
// It promises to be strict. A key that is unknown and a value that makes no sense are problems. Each Problem has a place
// (file, line and column, or the name of a variable or flag) and says what is wrong and what would be right. One Load
// reports all problems at once, as *Errors, and then returns no settings. Load asks neither the network nor the database.
//
// schedules.schema.json describes the file: its keys, their types and limits, and the advice for a wrong value. The
// validator knows no more than this schema. The schema names formats for what it cannot describe (cron, time zones,
// addresses), and this package checks those. What depends on the rest of the file, on the environment or on today's
// date is checked last.
//
//	file ─► tokens ─► tree and places ─► schema ─► layers merged ─► structs ─► environment, secrets, dates
//	        bounded   one walk           all violations
//
// A value that violates the schema is reported and taken out of the tree. The checks after it still run on the rest.
//
// Secrets come from the environment or from files, never from flags or YAML. A Secret prints as ***. No problem quotes a
// value that may be a secret in the wrong place: a misspelt path, the name of a variable, a server's URL.
//
// A settings file may be hostile. Its size, its tokens and its nesting are bounded before it is parsed. Anchors, aliases,
// merge keys, tags and further documents are refused.
package settings
