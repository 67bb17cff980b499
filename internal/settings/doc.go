// Package settings reads everything a person can set and says what it
// understood: flags over environment over schedules.yaml over defaults.
//
// It promises to be strict. What it does not know, cannot mean or would have to
// guess is a problem with its file, line and column (or the name of its
// variable), what is wrong there and what would be right. Problems are
// collected: one Load reports all of them, as one *Errors, and returns no
// settings. Nothing is read from the network or the database.
//
// The defaults of streams stand in one place, the built-in schedules.yaml: a
// file of one's own is laid over it, an account's overrides over that.
//
// Secrets come from the environment or from files, never from flags or YAML.
// They are held in Secret, which prints as ***, and no problem quotes a value
// that could be one: not even a misspelt variable name or path, since people
// paste keys into the wrong place.
//
// A settings file is not trusted to be small or sane: its size, its tokens and
// its nesting are bounded before it is parsed, and anchors, aliases, merge keys,
// tags and further documents are refused.
package settings
