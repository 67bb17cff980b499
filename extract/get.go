package extract

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Report tells how one window was asked for. It is filled in as far as the call came, also when the call fails.
type Report struct {
	RequestIDs []string // the x-request-id of up to 50 answers
	Attempts   int      // requests sent, retries included

	// The totals that the API states, summed over the window's answers; not valid where it states none.
	SourceCount, SourceSeconds sql.Null[int64]
	// Reconciled tells whether the rows add up to the totals that the API states; not valid where it states none.
	Reconciled sql.Null[bool]

	// Missing tells which parts of the window could not be had, and why, without data. Empty: the answers are complete.
	Missing string

	// Unknown has the names of up to 20 members beside the rows that the stream does not know, sorted. A name that may be a
	// personal value is an ellipsis.
	Unknown []string

	// Answer is the Sum of the window's answer. Only UsageNew sets it, and only if one answer was the whole window and no
	// total that it states differs.
	Answer Sum
	// Same tells that the answer is the known one. Its rows were not read.
	Same bool

	answers int   // complete answers
	window  int64 // number of the window in the order of requests; 0: not requested yet
}

const maxRequestIDs = 50

func (r *Report) countRequest(requestID string) {
	r.Attempts++
	if requestID != "" && len(r.RequestIDs) < maxRequestIDs && !slices.Contains(r.RequestIDs, requestID) {
		r.RequestIDs = append(r.RequestIDs, requestID)
	}
}

// note records what a complete answer says beside its rows.
func (r *Report) note(a *answer) {
	for _, name := range a.beside.unknown {
		if at, known := slices.BinarySearch(r.Unknown, name); !known && len(r.Unknown) < maxUnknown {
			r.Unknown = slices.Insert(r.Unknown, at, name)
		}
	}
	if !a.paged {
		r.noteMore(a.beside.notAll(a.rows))
	}
}

// noteMore records the members with which an answer says that there is more, although no further page is known. "": there are none.
func (r *Report) noteMore(members string) {
	if members != "" {
		r.lacks("the answer says that there is more, but Wheelhouse does not know how to ask for it: " + members)
	}
}

// lacks adds a part to Missing.
func (r *Report) lacks(what string) {
	if !strings.Contains(r.Missing, what) {
		r.Missing = strings.TrimPrefix(r.Missing+"; "+what, "; ")
	}
}

// get asks for a path, which must be escaped. It retries with backoff and jitter until read has read a complete answer, an
// error is not retryable, or the attempts are used up. read is called once for each answer with status 200; it must read
// the whole JSON value.
func (c *Client) get(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.Multiplier, wait.RandomizationFactor = c.cfg.Backoff, 2, 0.5
	wait.MaxInterval = 30 * c.cfg.Backoff
	tries, forSize := 0, 0
	if rep.window == 0 {
		rep.window = windowsAsked.Add(1)
	}
	options := []backoff.RetryOption{backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0)}
	if c.observe.Retry != nil {
		options = append(options, backoff.WithNotify(func(err error, d time.Duration) {
			c.observe.Retry(Retry{Attempt{tries, path, q}, resultOf(ctx, err), max(d, c.pauses.left())})
		}))
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		tries++
		err := c.attempt(ctx, rep, path, q, read, tries)
		if failsForSize(err) {
			forSize++
		}
		if !retryable(err) || ctx.Err() != nil || tries >= c.cfg.Attempts || c.sizeTries > 0 && forSize >= c.sizeTries {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, options...)
	return err
}

// attempt sends one request, when its turn has come, and tells the observer about it.
func (c *Client) attempt(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error, try int) error {
	turn, pause, err := c.turn(ctx)
	if err != nil {
		return err
	}
	if c.observe.Request == nil {
		return c.exchange(ctx, rep, path, q, read, func(*http.Response) {})
	}
	// This Result stays if read panics.
	o := &observed{Request: Request{Attempt: Attempt{try, path, q}, Result: ResultGivenUp, Turn: turn, Pause: pause}, sent: time.Now()}
	defer func() {
		o.Took = time.Since(o.sent)
		c.observe.Request(o.Request)
	}()
	err = c.exchange(ctx, rep, path, q, read, o.see)
	o.Result = resultOf(ctx, err)
	return err
}

// exchange sends a request and reads its answer. It calls head when the answer's head has come.
func (c *Client) exchange(ctx context.Context, rep *Report, path string, q url.Values, read func(*answer) error, head func(*http.Response)) error {
	whole := &timeoutError{"the whole answer", c.cfg.Whole}
	ctx, stop := context.WithTimeoutCause(ctx, c.cfg.Whole, whole)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	resp, err := c.send(ctx, path, q)
	if err != nil {
		rep.countRequest("")
		return err
	}
	head(resp)
	defer resp.Body.Close()
	rep.countRequest(requestID(resp))
	if resp.StatusCode != http.StatusOK {
		return c.refused(resp, path, cancel)
	}
	a, err := c.open(resp, cancel)
	if err != nil {
		return cause(ctx, &BodyError{err})
	}
	if c.known != nil {
		var s spool
		defer s.release()
		if err := a.compare(*c.known, &s); err != nil {
			return cause(ctx, err)
		}
	}
	if err := a.readInTurn(ctx, rep.window, read); err != nil {
		return cause(ctx, err)
	}
	rep.note(a)
	if rep.answers++; a.hashed != nil {
		rep.Answer = a.hashed.sum()
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
	var at *url.Error
	if errors.As(err, &at) { // its text has the address
		at.URL = req.URL.Scheme + "://" + req.URL.Host + public(path)
	}
	var slow interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil || !errors.As(err, &slow) || !slow.Timeout():
		return nil, cause(ctx, err)
	case connected.Load():
		return nil, &timeoutError{"the answer's first byte", c.cfg.FirstByte}
	default: // no timeoutError, because a smaller window would not help to connect
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

// cause returns the timeoutError that ended the request, if one did, instead of the "context canceled" that followed.
func cause(ctx context.Context, err error) error {
	var timeout *timeoutError
	if errors.As(context.Cause(ctx), &timeout) {
		return timeout
	}
	return err
}

// requestID returns the answer's x-request-id; "" where it is longer than 200 bytes or not printable ASCII.
func requestID(resp *http.Response) string {
	id := resp.Header.Get("X-Request-Id")
	if len(id) > 200 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// refused returns the error of an answer with a status other than 200. A Retry-After holds back all requests of the account.
func (c *Client) refused(resp *http.Response, path string, cancel context.CancelCauseFunc) error {
	// The excerpt is a convenience: refused waits for it no longer than 5 s.
	timer := time.AfterFunc(min(c.cfg.Idle, 5*time.Second), func() { cancel(nil) })
	defer timer.Stop()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	err := &APIError{
		Status: resp.StatusCode, Path: public(path), RequestID: requestID(resp),
		Excerpt: excerpt(body), advice: advice(resp.StatusCode),
	}
	wait, ok := parseRetryAfter(strings.Join(resp.Header.Values("Retry-After"), ","), time.Now())
	if ok && retryable(err) {
		c.pauses.add(wait)
		err.paused = true
	}
	return err
}

// open checks what an answer with status 200 declares and prepares to read its body (invariant 7).
func (c *Client) open(resp *http.Response, cancel context.CancelCauseFunc) (*answer, error) {
	if err := checkType(resp.Header); err != nil {
		return nil, err
	}
	return newAnswer(resp, c.cfg, cancel)
}
