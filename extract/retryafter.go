package extract

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds the wait that a Retry-After can ask for. If the server needs longer, the window fails, and the next run
// asks again.
const longestWait = 5 * time.Minute

// parseRetryAfter reads a Retry-After header: seconds, or an HTTP date. The result is between 0 and longestWait; ok is false
// where the header is missing or has another form.
func parseRetryAfter(h string, now time.Time) (wait time.Duration, ok bool) {
	h = strings.TrimSpace(h)
	if h == "" {
		return 0, false
	}
	if n, err := strconv.ParseInt(h, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) { // for ErrRange, n is the nearest int64
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
