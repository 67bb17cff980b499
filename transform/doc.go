// Package transform turns the API's records into the warehouse's rows. It is pure: no I/O, no clock,
// no context; the same record gives the same row on every machine.
//
// It promises that a row it returns can be stored: texts without U+0000 and cut at 1 MiB (a cut is
// noted in the row's extra under "_cut"), numbers within their columns, times within the years that a
// session's id can hold, keys short enough for an index.
//
// A record that cannot be understood becomes a Reject with its reason and its JSON path; of a record
// whose child entry cannot be understood only that entry does. A reason names members and types,
// never values: values may be somebody's.
package transform

// Version changes when the same record gives another row than before. It goes into every answer's
// hash, so that windows loaded by an older one are compared anew.
const Version = 1
