package extract

import (
	"context"
	"errors"
	"net/http"
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

// Request describes a request that was sent, without any content of the request or its answer.
type Request struct {
	Result Result
	Retry  bool          // an attempt at the same request came before
	Turn   time.Duration // waited for the rate limits before it was sent
	Pause  time.Duration // waited for a Retry-After before it was sent
	Head   time.Duration // from sending to the answer's head; 0: no answer came
	Took   time.Duration // from sending to the end of reading
}

// Observed returns a client that shares everything with c and calls observe at the end of each of its requests.
func (c *Client) Observed(observe func(Request)) *Client {
	observed := *c
	observed.observe = observe
	return &observed
}

// resultOf returns the Result of a request that ended with err.
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
