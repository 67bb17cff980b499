package extract

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// APIError is an answer whose status is not 200. Callers branch on Status: 404 for one share means
// that it is gone.
type APIError struct {
	Status    int
	Path      string
	RequestID string // the answer's x-request-id, for the API's support
	Excerpt   string // what the answer said is wrong, cut and stripped of anything personal
	advice    string
	paused    bool // it came with a Retry-After: the server is busy, whatever is asked for
}

func (e *APIError) Error() string {
	s := fmt.Sprintf("GET %s: %d %s", e.Path, e.Status, http.StatusText(e.Status))
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

// BodyError is a 200 whose body is not what it should be: cut off, not JSON, or without the array
// that its rows stand in. It never means "no rows".
type BodyError struct{ err error }

func (e *BodyError) Error() string { return "answer: " + e.err.Error() }
func (e *BodyError) Unwrap() error { return e.err }

// timeoutError says which deadline passed.
type timeoutError struct {
	what  string
	after time.Duration
}

func (e *timeoutError) Error() string { return fmt.Sprintf("%s took longer than %s", e.what, e.after) }

var (
	errAnswerTooLarge = errors.New("the answer is larger than the limit")
	errBomb           = errors.New("the answer's compression is not believable")
	errUnstable       = errors.New("the pages kept changing while they were read")
	errEndless        = errors.New("the pages do not end")
	errSamePage       = errors.New("the server sends the same page again and again")
)

// mayPass tells whether asking again could help.
func mayPass(err error) bool {
	var api *APIError
	if errors.As(err, &api) {
		switch api.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	var row rowError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	switch {
	case errors.As(err, &row), errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return false
	case errors.Is(err, errSame), errors.Is(err, errTooDeep), errors.Is(err, errAnswerTooLarge), errors.Is(err, errBomb),
		errors.Is(err, errRecordTooLarge):
		return false
	}
	return true
}

// failsForSize tells whether a smaller window could fare better.
func failsForSize(err error) bool {
	var api *APIError
	if errors.As(err, &api) {
		return !api.paused && (api.Status == http.StatusRequestTimeout || api.Status == http.StatusRequestEntityTooLarge || api.Status >= 500)
	}
	var timeout *timeoutError
	return errors.As(err, &timeout) || errors.Is(err, errAnswerTooLarge)
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
		return "redirects are never followed, so that the key stays where it belongs: set the server's final address"
	}
	return ""
}

// excerpt takes from an error's JSON body the one text that says what is wrong, as far as its words are of the
// trade. Nothing else of a body is shown: it may hold people's data.
func excerpt(body []byte) string {
	d := decoderOf(body)
	if d.kind() != '{' {
		return ""
	}
	var said Text
	_ = d.object(func(name []byte) error { // a body cut off has said what it could
		switch string(name) {
		case "error", "message", "reason", "detail":
			if d.kind() == '"' && !said.Valid {
				return d.text(&said)
			}
		}
		return d.skip()
	})
	return known(said.V)
}
