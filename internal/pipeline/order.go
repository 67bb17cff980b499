package pipeline

import (
	"errors"
	"net/http"
	"strings"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/postgres"
	"wheelhouse/load"
)

// maxFailures is the number of windows of a stream that may fail in a row before the worker goes on from the other end of the due
// windows: some days for which the API fails must not keep all others from being loaded (invariant 6). After as many failures
// there, the rest is left to the next run.
const maxFailures = 5

// order decides which of the due windows are tried next, from the results of earlier ones.
type order struct {
	failures  int  // in a row
	backwards bool // take windows from the other end
	stopped   bool // try no further window
	wouldFail bool // the last failure is one that every window would meet
}

// take takes up to most windows; only one after a failure.
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

// note notes the result of a window; nil: it was loaded. A window that was taken before the worker turned to the other end says nothing
// about the windows there.
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

// everyWindowWouldFail tells whether every window of the stream would fail with this error: a refused key, another time zone, no right
// in the database, a full disk.
func everyWindowWouldFail(err error) bool {
	var api *extract.APIError
	if errors.As(err, &api) {
		// A share's detail may be forbidden although others are not.
		return api.Status == http.StatusUnauthorized ||
			api.Status == http.StatusForbidden && !strings.Contains(api.Path, "/company_content/shares/")
	}
	var zone *load.ZoneError
	if errors.As(err, &zone) {
		return true
	}
	var sql *postgres.Error
	return errors.As(err, &sql) && !sql.OfWindow()
}
