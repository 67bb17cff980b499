// Package transform turns the API's records into rows of the warehouse. It is pure: it has no I/O, clock or context, and the
// same record gives the same row on every machine.
//
// The functions that normalise a record return row, ok and rejects. If ok is true, row can be stored, and rejects holds the
// entries of the record that could not be understood. If ok is false, row is void, and rejects holds one reject: the whole
// record. So a bad record costs the record, and a bad entry the entry (invariant 6). Nothing else fails.
//
// A row that can be stored has texts without U+0000 and of at most 1 MiB, numbers that fit their columns, times in the years
// 1970 to 9999, and keys short enough for an index. Longer texts are cut, and the row's extra tells their size under
// "_cut". Members that the API added since are kept in extra.
//
// A reject's Reason and Path name members and types, never values, because values may be personal data.
package transform

// Version changes when a record gives another row than before. It is part of every batch's hash, so that windows that an
// older version loaded are compared with the tables again.
const Version = 2
