package extract

import (
	"net/url"
	"time"
)

// Window is the half-open interval of time to ask for: From is included, To is not. The API does not document whether it
// includes `to`, and whether it selects rows by their start, their end or any overlap. So an answer may hold rows outside
// the window, and the loader must expect them.
type Window struct {
	From, To time.Time
	ToItself bool // streams of counts ask up to To, not up to the second before
}

const wireTime = "2006-01-02T15:04:05Z"

// events returns the query of a stream of events, which asks up to To. A row at To may come with two windows; its key makes
// that harmless.
func (w Window) events() url.Values { return w.query(w.To) }

// counted returns the query of a stream of counts, which asks up to the second before To, as the API's examples do: the
// counts of two windows must not overlap.
func (w Window) counted() url.Values {
	if w.ToItself {
		return w.query(w.To)
	}
	return w.query(w.To.Add(-time.Second))
}

func (w Window) query(to time.Time) url.Values {
	return url.Values{
		"from": {w.From.UTC().Format(wireTime)},
		"to":   {to.UTC().Format(wireTime)},
	}
}
