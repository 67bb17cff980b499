package extract

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds the wait that a Retry-After can ask for. If the server needs longer, the window fails, and the next run
// asks again.
const longestWait = 5 * time.Minute

// parseRetryAfter reads a Retry-After header: seconds, or an HTTP date. Some servers compute the seconds and send a fraction, which is
// rounded up; others add an "s". Proxies join several values with commas: the longest wait counts. The result is between 0 and
// longestWait; ok is false where no value has one of these forms.
func parseRetryAfter(h string, now time.Time) (wait time.Duration, ok bool) {
	parts := strings.Split(h, ",")
	for i, part := range parts {
		d, is := seconds(strings.TrimSpace(part))
		if !is {
			d, is = untilDate(part, now)
		}
		if !is && i+1 < len(parts) { // most dates contain a comma
			d, is = untilDate(part+","+parts[i+1], now)
		}
		if is {
			wait, ok = max(wait, d), true
		}
	}
	return wait, ok
}

// seconds reads a number of seconds, such as 26, 26.0 or 26s, and rounds it up.
func seconds(text string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(strings.TrimRight(strings.TrimSuffix(strings.ToLower(text), "s"), " \t"), ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n >= int64(longestWait/time.Second) { // err: too many digits for an int64
		return longestWait, true
	}
	if strings.Trim(fraction, "0") != "" {
		n++
	}
	return time.Duration(n) * time.Second, true
}

func untilDate(text string, now time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(strings.TrimSpace(text))
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), longestWait), true
}
