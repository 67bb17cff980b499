package extract

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Result says how a request ended. Metrics use the values as labels.
type Result string

const (
	ResultOK           Result = "ok"           // the answer is complete, or the known one
	ResultUnauthorized Result = "unauthorized" // status 401
	ResultForbidden    Result = "forbidden"    // status 403
	ResultNotFound     Result = "not_found"    // status 404; for one share only that it was deleted
	ResultThrottled    Result = "throttled"    // status 429
	ResultRefused      Result = "refused"      // another status below 500 that is not 200
	ResultServerError  Result = "server_error" // status 500 and above
	ResultBroken       Result = "broken"       // status 200 with a BodyError
	ResultTimeout      Result = "timeout"      // a timeout of the Config, or of the connection
	ResultNoAnswer     Result = "no_answer"    // the network, TLS or the name look-up failed
	ResultGivenUp      Result = "given_up"     // this process ended the request: its context ended, or the row callback failed
)

// Results lists all values of Result.
var Results = []Result{
	ResultOK, ResultUnauthorized, ResultForbidden, ResultNotFound, ResultThrottled, ResultRefused, ResultServerError, ResultBroken,
	ResultTimeout, ResultNoAnswer, ResultGivenUp,
}

// Observer has funcs that a client calls while it works. A func that is nil is not called. The funcs are called from several
// goroutines. Their arguments hold neither secrets nor content of answers.
type Observer struct {
	Request func(Request) // a request has ended
	Retry   func(Retry)   // a request has failed, and will be sent again after a wait
	// Wait is called when a request must wait for about d before it is sent. It returns the func to call when the wait is over.
	Wait func(why WaitReason, d time.Duration) (over func())
}

// WaitReason says why a request waits before it is sent.
type WaitReason string

const (
	WaitRateLimit  WaitReason = "rate limit"  // of the account or the stream
	WaitRetryAfter WaitReason = "Retry-After" // of an earlier answer, which holds for all requests of the account
)

// Attempt is one attempt at a request. Its methods may be called until the observer's func returns.
type Attempt struct {
	Number int // from 1
	path   string
	query  url.Values
}

// Path returns the path of the request, with an ellipsis for the name of a share, a user or a content.
func (a Attempt) Path() string { return public(a.path) }

// public returns a path such as /ss/api/company_content/shares/…, with an ellipsis for the name of a share, a user or a content. Logs and
// errors show paths, and anybody who knows a share's slug can open the share.
func public(path string) string {
	parts := strings.SplitN(path, "/", 6)
	for i, part := range parts {
		if i == 4 && part != "shares" || i == 5 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// From and To return the bounds of the window as they are sent; "" for a request without a window.
func (a Attempt) From() string { return a.query.Get("from") }
func (a Attempt) To() string   { return a.query.Get("to") }

// Page returns the number of the page as it is sent; "" for a request without pages.
func (a Attempt) Page() string { return a.query.Get("page") }

// Request describes a request that was sent.
type Request struct {
	Attempt
	Result    Result
	Status    int           // 0: no answer came
	RequestID string        // the answer's x-request-id; "" where there is none
	Bytes     int64         // bytes read of the answer's body, before decompression
	Turn      time.Duration // waited for the rate limits before it was sent
	Pause     time.Duration // waited for a Retry-After before it was sent
	Head      time.Duration // from sending to the answer's head; 0: no answer came
	Took      time.Duration // from sending to the end of reading
}

// Retry describes an attempt that failed, and how long the client waits before the next one.
type Retry struct {
	Attempt
	Result Result        // why the attempt failed
	Wait   time.Duration // backoff, or what is left of a Retry-After if that is longer
}

// Observed returns a copy of the client that also calls the funcs of an observer. Both share their connections and limits.
func (c *Client) Observed(o Observer) *Client {
	observed := *c
	observed.observe = o
	return &observed
}

// observed is a Request that has not ended. It is also the body of the request's answer, and counts the bytes that are read.
type observed struct {
	Request
	body io.ReadCloser
	sent time.Time
}

// see records the head of the answer.
func (o *observed) see(resp *http.Response) {
	o.Head, o.Status, o.RequestID = time.Since(o.sent), resp.StatusCode, requestID(resp)
	o.body, resp.Body = resp.Body, o
}

func (o *observed) Read(p []byte) (int, error) {
	n, err := o.body.Read(p)
	o.Bytes += int64(n)
	return n, err
}

func (o *observed) Close() error { return o.body.Close() }

// resultOf returns the Result of a request that ended with err.
func resultOf(ctx context.Context, err error) Result {
	if err == nil || errors.Is(err, errSame) {
		return ResultOK
	}
	var api *APIError
	var body *BodyError
	var row rowError
	var timeout *timeoutError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &api):
		return resultOfStatus(api.Status)
	case errors.As(err, &row):
		return ResultGivenUp
	case errors.As(err, &timeout):
		return ResultTimeout
	case ctx.Err() != nil:
		return ResultGivenUp
	case errors.As(err, &body):
		return ResultBroken
	case errors.As(err, &slow) && slow.Timeout():
		return ResultTimeout
	}
	return ResultNoAnswer
}

func resultOfStatus(status int) Result {
	switch {
	case status == http.StatusUnauthorized:
		return ResultUnauthorized
	case status == http.StatusForbidden:
		return ResultForbidden
	case status == http.StatusNotFound:
		return ResultNotFound
	case status == http.StatusTooManyRequests:
		return ResultThrottled
	case status >= 500:
		return ResultServerError
	}
	return ResultRefused
}
