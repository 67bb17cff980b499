package extract

import (
	"net/url"
	"time"
)

// Window is a stretch of time to ask for, From included, To not. How the API reads its bounds is
// unknown (does it include `to`? does it select by a row's start, its end, or any overlap?), so an
// answer may hold rows from outside, and whoever loads it must be right either way.
type Window struct {
	From, To time.Time
	ToItself bool // a counted stream asks up to To itself, not up to the second before
}

const wireTime = "2006-01-02T15:04:05Z"

// events asks up to the window's end itself: a row at that instant may come twice, and keys make
// that harmless.
func (w Window) events() url.Values { return w.query(w.To) }

// counted asks up to the last second before the window's end, as the API's own examples do: a count
// that came twice could not be told from two.
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
