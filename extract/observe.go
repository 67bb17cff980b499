package extract

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Result is how a request went, in one of few words.
type Result string

const (
	ResultOK           Result = "ok"           // its answer is complete, or the one that is known
	ResultUnauthorized Result = "unauthorized" // 401
	ResultForbidden    Result = "forbidden"    // 403
	ResultNotFound     Result = "not_found"    // 404: for one share it only means that it is gone
	ResultThrottled    Result = "throttled"    // 429
	ResultRefused      Result = "refused"      // another status below 500 that is not 200
	ResultServerError  Result = "server_error" // 500 and above
	ResultBroken       Result = "broken"       // 200 with something else than a whole answer
	ResultTimeout      Result = "timeout"      // a deadline of ours passed
	ResultNoAnswer     Result = "no_answer"    // the network, TLS or the name server failed
	ResultGivenUp      Result = "given_up"     // by this process: it ends, or could not keep the rows
)

// Results are all there are.
var Results = []Result{
	ResultOK, ResultUnauthorized, ResultForbidden, ResultNotFound, ResultThrottled, ResultRefused, ResultServerError, ResultBroken,
	ResultTimeout, ResultNoAnswer, ResultGivenUp,
}

// Request tells of a request that was sent. It holds nothing of what was asked for or answered.
type Request struct {
	Result Result
	Retry  bool          // the same was asked before, in vain
	Turn   time.Duration // waited until the limits of the settings let it go
	Pause  time.Duration // waited because the server had asked to (Retry-After)
	Head   time.Duration // from sending to the answer's head; 0: there was none
	Took   time.Duration // from sending to the end, reading included
}

// Observed is the same client, which tells of each request once it is over.
func (c *Client) Observed(observe func(Request)) *Client {
	observed := *c
	observed.observe = observe
	return &observed
}

// resultOf names how a request ended.
func resultOf(ctx context.Context, err error) Result {
	var api *APIError
	var body *BodyError
	var row rowError
	var timeout *timeoutError
	var slow interface{ Timeout() bool }
	switch {
	case err == nil, errors.Is(err, errSame):
		return ResultOK
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
