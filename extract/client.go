package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Config says how to reach one account's API. Zero values mean the defaults.
type Config struct {
	Server    string        // scheme and host, such as https://meeting.is; plain http only to loopback
	Key       string        // sent literally after "Basic ", a read-only key is enough
	Rate      float64       // requests a second, over everything that shares the client; 0: no limit
	Attempts  int           // tries of one request; default 5
	Backoff   time.Duration // the first wait between two tries, doubled from try to try; default 1 s
	FirstByte time.Duration // from the request to the answer's head; default 90 s
	Idle      time.Duration // between two bytes of a body; default 60 s
	Whole     time.Duration // a request with its whole answer; default 30 min
	MaxAnswer int64         // bytes of one answer, unpacked; default 8 GiB
	UserAgent string

	Transport func(http.RoundTripper) http.RoundTripper // may put something before the network; nil: nothing
}

// connectTimeout bounds each of: the name's look-up with the connection, and the TLS handshake.
const connectTimeout = 10 * time.Second

// Client asks one account's API. It is safe for concurrent use, and everything in the process that
// asks for the account shares one: its token bucket is the account's.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client

	transport *http.Transport // of http, whatever is before it
	bucket    *rate.Limiter
	stream    *rate.Limiter // a stream's own limit below the account's
	pauses    *pauses
	sizes     *sizes // of this stream's windows

	known     *Sum          // of the answer, if it should come again; nil: nobody wants to know
	sizeTries int           // tries of a request that fails for its size; 0: as many as of any
	observe   func(Request) // nil: nobody wants to know
}

// pauses is what the server asked for: no request of the account before that.
type pauses struct {
	mu    sync.Mutex
	until time.Time
}

// New makes a client. It fails for an address that the key must not travel to.
func New(cfg Config) (*Client, error) {
	base, err := checkServer(cfg.Server)
	if err != nil {
		return nil, err
	}
	cfg = withDefaults(cfg)
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: cfg.FirstByte,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		// We unpack gzip ourselves: to see a stream that was cut off, and to bound one that explodes.
		DisableCompression: true,
	}
	var through http.RoundTripper = transport
	if cfg.Transport != nil {
		through = cfg.Transport(transport)
	}
	return &Client{
		cfg:    cfg,
		base:   base,
		bucket: limiter(cfg.Rate),
		stream: limiter(0),
		pauses: &pauses{},
		sizes:  &sizes{},

		transport: transport,
		http: &http.Client{
			Transport: through,
			// Go would take the Authorization header along to another port of the host, and from
			// https to http.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// limiter allows so many requests a second, 0: any number; evenly, no more at once than a twentieth of a second's. An API that lets
// through just as many would refuse one of a burst.
func limiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/20)))
}

// Limited is the same client for one stream, with a further limit of requests a second of its own; 0: none. The
// account's limit holds over all clients made of one.
func (c *Client) Limited(perSecond float64) *Client {
	limited := *c
	limited.stream, limited.sizes = limiter(perSecond), &sizes{}
	return &limited
}

// Close lets go of idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

func withDefaults(cfg Config) Config {
	cfg.Attempts = cmp.Or(cfg.Attempts, 5)
	cfg.Backoff = cmp.Or(cfg.Backoff, time.Second)
	cfg.FirstByte = cmp.Or(cfg.FirstByte, 90*time.Second)
	cfg.Idle = cmp.Or(cfg.Idle, time.Minute)
	cfg.Whole = cmp.Or(cfg.Whole, 30*time.Minute)
	cfg.MaxAnswer = cmp.Or(cfg.MaxAnswer, 8<<30)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "wheelhouse")
	return cfg
}

var errPlainHTTP = errors.New("plain http would show the key to the network: use https (http is for loopback only)")

func checkServer(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("server: not an address like https://meeting.is")
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("server %s: %w", u.Host, errPlainHTTP)
	default:
		return nil, fmt.Errorf("server %s: neither https nor http", u.Host)
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// turn waits until the next request may be sent, and tells how long it waited for the settings' limits, and because the
// server had asked to.
func (c *Client) turn(ctx context.Context) (turn, pause time.Duration, err error) {
	began := time.Now()
	if err := c.stream.Wait(ctx); err != nil {
		return 0, 0, err
	}
	if err := c.bucket.Wait(ctx); err != nil {
		return 0, 0, err
	}
	let := time.Now()
	for { // last: a pause may have been asked for while we waited for the rest
		wait := c.pauses.left()
		if wait <= 0 {
			return let.Sub(began), time.Since(let), nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (p *pauses) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// add keeps every request of the account back: the server has said how long.
func (p *pauses) add(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}
