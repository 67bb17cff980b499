// Package web serves the pages: how the team sells, and whether the numbers can be trusted.
//
// Promised: every page is HTML from a template, readable without JavaScript (there is none), with nothing fetched from
// elsewhere. What a page shows is in its address: account, range of days, zone of times. One page is one read-only
// REPEATABLE READ transaction as the role wheelhouse_reader, so that its figures agree with each other and no page
// reads more than schema bi, whoever the program logs in as. Each statement has 5 seconds. Each table can be had as CSV
// from the same rows, with what a spreadsheet would take for a formula made harmless. What is shown is escaped, cut
// to a sensible length, and kept apart from the direction of the text around it.
//
// Access: on anything but loopback a token is required, and New refuses to do without. It comes as a bearer token, or
// by a form that sets a cookie: HttpOnly, SameSite=Strict, derived from the token. Without a token only requests to
// a loopback name are answered, so that no foreign page reaches these through a name of its own (DNS rebinding).
// /healthz and /readyz are open to all and tell nothing else.
//
// Not promised: that pages are fast while the database is not; that more than one account is ever shown together.
// Days are always those of the account's reporting zone, as bi has them; the zone in the address is for times.
//
// On failure: a page that says what to do, with an id that is in the log. Never SQL, never values. A time-out is 503.
//
// Charts are SVG from our own templates. go-analyze/charts draws pictures of fixed colours and fixed size: no classes (so no
// dark mode, no print), no title and desc for screen readers, and text that shrinks with the picture. What is needed
// here is five kinds of charts of a few rectangles and paths each, with the table of the same values behind them.
//
// To add a page: one Go file with a page value and its read function, one .sql and one .gohtml of the same name, and a
// line in the list of pages (routes.go).
package web
