// Package web serves the pages: how the team sells, and whether the numbers can be trusted.
//
// Promises: each page is HTML from a template. It needs no JavaScript and fetches nothing from other servers. The address
// says everything that selects what a page shows: account, range of days, zone of times. A page reads in one read-only
// REPEATABLE READ transaction as the role wheelhouse_reader. Its figures are therefore consistent with each other, and no
// page reads anything outside schema bi, whatever the program's database user may read. A statement may take 5 seconds.
// Each table is also available as CSV from the same rows, with formulas made harmless. Texts are escaped, shortened and
// isolated from the text direction around them.
//
// Access: a token is required on any address but loopback; New refuses to do without. Clients send it as a bearer token, or
// sign in with a form that sets a cookie derived from the token (HttpOnly, SameSite=Strict). Without a token only requests
// to a loopback name are answered, so that no other site can read the pages under a name of its own (DNS rebinding).
// /healthz and /readyz are open to everybody and say nothing but their status.
//
// Limits: pages are only as fast as the database. A page shows one account. Days are days in the account's reporting zone,
// as in bi; the zone in the address is for times.
//
// Failures: a page says what to do and has an id that is in the log. It never shows SQL or values. A timeout is status 503.
//
// Charts are SVG from templates of this package. The library go-analyze/charts has fixed colours and a fixed size: no
// classes (and so no dark mode and no print style), no title and desc for screen readers, and text that shrinks with the
// picture. Four kinds of charts, made of a few rectangles and paths each, are enough here.
//
// To add a page, add a Go file with a page value and its read function, an .sql and a .gohtml file with the page's name,
// and a line in the list of pages (routes.go).
package web
