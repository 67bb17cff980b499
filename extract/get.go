package extract

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Report is what asking for one window came to.
type Report struct {
	RequestIDs []string // the answers' x-request-id, the first 50
	Attempts   int      // requests sent

	// The API's own totals over the window's answers; not valid where it states none.
	SourceCount, SourceSeconds Field[int64]
	// Reconciled: what came adds up to those totals. Not valid where there is nothing to compare.
	Reconciled Field[bool]

	Answer Sum  // of the one answer that was the whole window, and adds up; else, and where not asked for, zero
	Same   bool // it is the known one, and was not read

	answers int
}

const maxRequestIDs = 50

func (r *Report) asked(requestID string) {
	r.Attempts++
	if requestID != "" && len(r.RequestIDs) < maxRequestIDs && !slices.Contains(r.RequestIDs, requestID) {
		r.RequestIDs = append(r.RequestIDs, requestID)
	}
}

// get asks for a path, already escaped, once and again until read has taken a complete answer, an error is final or the tries
// are used up. read is called for each attempt, and reads up to the end of the JSON value.
func (c *Client) get(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.Multiplier, wait.RandomizationFactor = c.cfg.Backoff, 2, 0.5
	wait.MaxInterval = 30 * c.cfg.Backoff
	forSize, retry := 0, false
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := c.attempt(ctx, rep, path, q, read, retry)
		retry = true
		if err != nil && failsForSize(err) {
			forSize++
		}
		if err != nil && (!mayPass(err) || ctx.Err() != nil || c.sizeTries > 0 && forSize >= c.sizeTries) {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(uint(c.cfg.Attempts)), backoff.WithMaxElapsedTime(0))
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	return err
}

// attempt asks once, and tells whoever observes.
func (c *Client) attempt(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error, retry bool) error {
	turn, pause, err := c.turn(ctx)
	if err != nil {
		return err
	}
	sent := time.Now()
	told := Request{Result: ResultGivenUp, Retry: retry, Turn: turn, Pause: pause} // stands if reading panics
	if c.observe != nil {
		defer func() {
			told.Took = time.Since(sent)
			c.observe(told)
		}()
	}
	err = c.exchange(ctx, rep, path, q, read, func() { told.Head = time.Since(sent) })
	told.Result = resultOf(ctx, err)
	return err
}

// exchange sends a request and reads its answer; head is called when the answer begins.
func (c *Client) exchange(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error, head func()) error {
	whole := &timeoutError{"the whole answer", c.cfg.Whole}
	ctx, stop := context.WithTimeoutCause(ctx, c.cfg.Whole, whole)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	resp, err := c.send(ctx, path, q)
	if err != nil {
		rep.asked("")
		return err
	}
	head()
	defer resp.Body.Close()
	rep.asked(requestID(resp))
	if resp.StatusCode != http.StatusOK {
		return c.refused(resp, path, cancel)
	}
	a, err := c.open(resp, cancel)
	if err != nil {
		return cause(ctx, &BodyError{err})
	}
	if c.known != nil {
		var waiting held
		defer waiting.release()
		if err := a.recognise(*c.known, &waiting); err != nil {
			return cause(ctx, err)
		}
	}
	if err := a.takeInTurn(read); err != nil {
		return cause(ctx, err)
	}
	if rep.answers++; a.added != nil {
		rep.Answer = a.added.sum()
	}
	return nil
}

// send sends a request and waits for the answer's head.
func (c *Client) send(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	req, err := c.request(httptrace.WithClientTrace(ctx, trace), path, q)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err == nil {
		return resp, nil
	}
	var slow interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil || !errors.As(err, &slow) || !slow.Timeout():
		return nil, cause(ctx, err)
	case connected.Load():
		return nil, &timeoutError{"the answer's first byte", c.cfg.FirstByte}
	default: // a smaller window would not help: this stays what it is
		return nil, err
	}
}

func (c *Client) request(ctx context.Context, path string, q url.Values) (*http.Request, error) {
	u := *c.base
	base := strings.TrimSuffix(u.EscapedPath(), "/")
	decoded, err := url.PathUnescape(base + path)
	if err != nil {
		return nil, err
	}
	u.Path, u.RawPath = decoded, base+path
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Basic "+c.cfg.Key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	return req, nil
}

// cause prefers the deadline that ended a request to the "canceled" that it led to.
func cause(ctx context.Context, err error) error {
	var timeout *timeoutError
	if errors.As(context.Cause(ctx), &timeout) {
		return timeout
	}
	return err
}

// requestID is the answer's x-request-id, as far as it can be stored and shown.
func requestID(resp *http.Response) string {
	id := resp.Header.Get("X-Request-Id")
	if len(id) > 200 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// refused makes the error of an answer that is not 200, and heeds its Retry-After.
func (c *Client) refused(resp *http.Response, path string, cancel context.CancelCauseFunc) error {
	// An excerpt is a courtesy: what does not come soon is not waited for.
	timer := time.AfterFunc(min(c.cfg.Idle, 5*time.Second), func() { cancel(nil) })
	defer timer.Stop()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	err := &APIError{
		Status: resp.StatusCode, Path: path, RequestID: requestID(resp),
		Excerpt: excerpt(body), advice: advice(resp.StatusCode),
	}
	wait, ok := ParseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	if ok && mayPass(err) {
		c.pauses.add(wait)
		err.paused = true
	}
	return err
}

// open checks an answer's head and readies its body.
func (c *Client) open(resp *http.Response, cancel context.CancelCauseFunc) (*answer, error) {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || (kind != "application/json" && !strings.HasSuffix(kind, "+json")) {
		return nil, errNotJSON
	}
	return newAnswer(resp, c.cfg, cancel)
}
