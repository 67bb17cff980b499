package extract

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds what a Retry-After may ask: longer, and the window rather fails and is asked
// for by the next run.
const longestWait = 5 * time.Minute

// parseRetryAfter reads the header's two forms, seconds and an HTTP date. It is never negative and
// never more than five minutes; false where there is none or it says neither.
func parseRetryAfter(h string, now time.Time) (time.Duration, bool) {
	h = strings.TrimSpace(h)
	if h == "" {
		return 0, false
	}
	if n, err := strconv.ParseInt(h, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) { // then n is the nearest
		if n < 0 {
			return 0, false
		}
		if n > int64(longestWait/time.Second) {
			return longestWait, true
		}
		return time.Duration(n) * time.Second, true
	}
	at, err := http.ParseTime(h)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), longestWait), true
}
