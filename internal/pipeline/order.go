package pipeline

import (
	"errors"
	"net/http"
	"strings"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/postgres"
)

// maxFailures is how many windows of a stream may fail in a row before the worker goes on from the other end of what is due:
// some days that the API cannot tell must not keep all the others from being loaded. When as many fail there,
// the rest is left for the next run.
const maxFailures = 5

// order says which of the due windows are tried next, from what became of those before.
type order struct {
	failures  int  // in a row
	backwards bool // from the other end
	stopped   bool // no further window is to be tried
	wouldFail bool // as every other window would
}

// take takes up to so many windows: one, where the last one failed.
func (o *order) take(due []ledger.Due, most int) (next, rest []ledger.Due) {
	n := min(most, len(due))
	if o.failures > 0 || o.backwards {
		n = min(1, n)
	}
	if o.backwards {
		at := len(due) - n
		return due[at:], due[:at]
	}
	return due[:n], due[n:]
}

// note notes that a window was loaded, or why it was not. A window that was under way when the worker turned to the other end says nothing
// of the windows there.
func (o *order) note(err error, fromOtherEnd bool) {
	switch {
	case everyWindowWouldFail(err):
		o.stopped, o.wouldFail = true, true
		return
	case fromOtherEnd != o.backwards:
		return
	case err == nil:
		o.failures = 0
		return
	}
	switch o.failures++; {
	case o.backwards && o.failures >= maxFailures:
		o.stopped = true
	case o.failures >= maxFailures:
		o.backwards, o.failures = true, 0
	}
}

// everyWindowWouldFail tells whether every other window of the stream would fail in the same way: a key that is refused, no right in the database,
// a full disk.
func everyWindowWouldFail(err error) bool {
	var api *extract.APIError
	if errors.As(err, &api) {
		// One share's detail may be forbidden, and the others not.
		return api.Status == http.StatusUnauthorized ||
			api.Status == http.StatusForbidden && !strings.Contains(api.Path, "/company_content/shares/")
	}
	var sql *postgres.Error
	return errors.As(err, &sql) && !sql.OfWindow()
}
