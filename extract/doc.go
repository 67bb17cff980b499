// Package extract asks the CrankWheel API and returns its answers row by row, as wire types.
//
// An answer counts as complete if it declares JSON in UTF-8, the transport ended as announced, the JSON is one whole value
// without a stated error, and the array that holds the rows is there. If an answer says that there is more, and the stream has no
// pages, its rows are delivered, and Report.Missing says that there is more. Report.Unknown names the members beside the rows
// that the stream does not know. The pages of a list must not have changed while they were read. Where the API states totals,
// the Report tells whether the rows add up to them. Rows are delivered while the answer is read, except for pages of shares,
// which are read to their end first.
//
// Answers.Begin and Answers.Commit say which rows count (invariant 2). Rows since the last Commit are void if the call fails
// or calls Begin again.
//
// Values are not judged here. A value of an unexpected type becomes a Field with a Problem, and package transform decides
// about its row.
//
// On failure: timeouts, status 408, 429, 500, 502, 503, 504 and 520 to 529, and broken bodies are retried with backoff and
// jitter, a limited number of times. Requests that keep failing for their size are repeated for halves of the window, down to
// an hour (invariant 6). A day of the content library and a share's detail may fail alone: the rest is delivered, and
// Report.Missing says what is missing, unless so many requests fail one after another that the API must be down. Any other
// failure, and the last retry's, is returned as an error. The error holds the status, the path and the request id where there
// is an answer, and never the key or personal data.
package extract
