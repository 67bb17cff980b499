// Package extract asks the CrankWheel API and hands its answers on, row by row, as wire types.
//
// It promises that an answer it calls complete is complete: the transport ended as announced, the
// JSON ended where it should, the array the rows stand in was there, pages agreed with each other,
// and where the API states totals they were compared with what came. Rows are handed on while the
// answer is read; no answer is held as a whole.
//
// It does not judge values. A value of an unexpected type is kept as a Field that says so, and the
// package transform decides what becomes of its row.
//
// On failure: what may pass (time-outs, 408, 429, 5xx, broken bodies) is asked again, with jittered
// backoff and within bounds; Answers.Begin says that the rows of the broken attempt are void. An
// answer that keeps failing for its size is asked for in halves, down to an hour. A day of the content
// library and a share's detail may fail alone: the rest is handed on, and Report.Missing says what is missing, unless
// so many requests fail one after another that the API must be down. What is left is an error that names the path, the
// status and the request id, and never the key.
package extract
