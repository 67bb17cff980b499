package extract

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// APIError is an answer with a status other than 200. Status 404 for one share means that the share was deleted.
type APIError struct {
	Status    int
	Path      string // of the request, with an ellipsis for the name of a share, a user or a content
	RequestID string // the answer's x-request-id, for CrankWheel's support; "" where there is none
	Excerpt   string // the reason in the answer's body, redacted and cut; "" where there is none
	advice    string
	paused    bool // the answer had a Retry-After: the server is busy, and the window's size does not matter
}

func (e *APIError) Error() string {
	s := strings.TrimSpace(fmt.Sprintf("GET %s: %d %s", e.Path, e.Status, http.StatusText(e.Status)))
	if e.Excerpt != "" {
		s += fmt.Sprintf(" (%s)", e.Excerpt)
	}
	if e.RequestID != "" {
		s += ", request id " + e.RequestID
	}
	if e.advice != "" {
		s += ": " + e.advice
	}
	return s
}

// BodyError is an answer with status 200 and a wrong body: cut off, not JSON, or without the array that holds the rows. It
// never means "no rows".
type BodyError struct{ err error }

func (e *BodyError) Error() string { return "answer: " + e.err.Error() }
func (e *BodyError) Unwrap() error { return e.err }

// timeoutError says which timeout was exceeded.
type timeoutError struct {
	what  string // what took too long
	after time.Duration
}

func (e *timeoutError) Error() string { return fmt.Sprintf("%s took longer than %s", e.what, e.after) }

var (
	errAnswerTooLarge = errors.New("the answer is larger than the limit")
	errBomb           = errors.New("the answer's compression is not believable")
	errUnstable       = errors.New("the pages kept changing while they were read")
	errEndless        = errors.New("the list has more than 10000 pages")
	errSamePage       = errors.New("the server sends the same page again and again")
)

// retryable tells whether a retry could help. It is true for nil.
func retryable(err error) bool {
	var api *APIError
	if errors.As(err, &api) {
		return passing(api.Status)
	}
	var row rowError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &row), errors.As(err, &certificate):
		return false
	case errors.Is(err, errSame), errors.Is(err, errTooDeep), errors.Is(err, errAnswerTooLarge), errors.Is(err, errBomb),
		errors.Is(err, errRecordTooLarge), errors.Is(err, errCharset):
		return false
	}
	return true
}

// passing tells whether the cause of this status may pass, so that a retry may help. A content delivery network sends 520 to 529 if it
// cannot reach the server.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return 520 <= status && status <= 529
}

// failsForSize tells whether the request could succeed for a smaller window.
func failsForSize(err error) bool {
	var api *APIError
	if errors.As(err, &api) {
		return !api.paused && (api.Status == http.StatusRequestTimeout || api.Status == http.StatusRequestEntityTooLarge || api.Status >= 500)
	}
	var timeout *timeoutError
	return errors.As(err, &timeout) || errors.Is(err, errAnswerTooLarge)
}

// failsAlone tells whether an error may be of one request alone, so that requests for other days or shares of the window can
// succeed: the API failed, was too slow, or sent a broken or too large answer. A server that asks to wait, refuses, or cannot
// be reached would fail all of them.
func failsAlone(err error) bool {
	var body *BodyError
	return failsForSize(err) || errors.As(err, &body) && !errors.Is(err, errCharset)
}

func advice(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "check the API key: it is sent as it is, not base64"
	case status == http.StatusForbidden:
		return "the API key may not read this: check its rights and the account's plan"
	case status == http.StatusNotFound:
		return "check the server's address"
	case status >= 300 && status < 400:
		return "redirects are never followed, so that the key reaches no other server: set the server's final address"
	}
	return ""
}

// excerpt returns the reason that an error's JSON body gives, redacted. It returns nothing else of the body, which may hold
// personal data.
func excerpt(body []byte) string {
	d := decoderOf(bytes.TrimPrefix(body, byteOrderMark))
	if d.kind() != '{' {
		return ""
	}
	var reason Text
	_ = d.object(func(name []byte) error { // fails for a body that was cut off: what came before counts
		switch string(name) {
		case "error", "message", "reason", "detail":
			if d.kind() == '"' && !reason.Valid {
				return d.text(&reason)
			}
		}
		return d.skip()
	})
	return redact(reason.V)
}
