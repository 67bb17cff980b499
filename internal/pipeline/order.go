package pipeline

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"wheelhouse/extract"
	"wheelhouse/load"
)

// next takes the windows that are to be tried next, for which there are places: one, where the last one failed. The places
// that are not needed are free again.
func (l *lane) next(ctx context.Context, places int) (due []Due) {
	defer func() {
		for range places - len(due) {
			<-l.hands
		}
	}()
	if l.ends(ctx) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	few := min(places, len(l.due))
	if l.inARow > 0 || l.turned {
		few = min(1, few)
	}
	if l.turned {
		at := len(l.due) - few
		due, l.due = l.due[at:], l.due[:at]
	} else {
		due, l.due = l.due[:few], l.due[few:]
	}
	return due
}

// ends tells whether no further window is to be tried.
func (l *lane) ends(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ctx.Err() != nil || l.givenUp
}

// giveUpAfter is how many windows of a stream may fail in a row before it goes on from the other end of what is due:
// some days that the API cannot tell must not keep all the others from being loaded. When as many fail there,
// the rest is left for the next run.
const giveUpAfter = 5

// note tells whether an outcome is final, and keeps in mind what it says of the windows to come.
func (l *lane) note(o Outcome) (final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case o.Held:
		l.held = append(l.held, o.Due)
		return false
	case o.Err == nil:
		l.inARow = 0
		return true
	}
	l.inARow++
	switch {
	case hopeless(o.Err):
		l.givenUp, l.hopeless = true, true
	case l.turned && l.inARow >= giveUpAfter:
		l.givenUp = true
	case l.inARow >= giveUpAfter:
		l.turned, l.inARow = true, 0
	}
	return true
}

// hopeless tells whether every other window of the stream would fail in the same way.
func hopeless(err error) bool {
	var api *extract.APIError
	if errors.As(err, &api) {
		// One share's detail may be forbidden, and the others not.
		return api.Status == http.StatusUnauthorized ||
			api.Status == http.StatusForbidden && !strings.Contains(api.Path, "/company_content/shares/")
	}
	var sql *load.SQLError
	return errors.As(err, &sql) && !sql.OfWindow()
}
