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
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Config says how to reach one account's API. A field that is zero has its default.
type Config struct {
	Server    string        // scheme and host, such as https://meeting.is; plain http only to loopback
	Key       string        // sent as it is after "Basic "; a read-only key is enough
	Rate      float64       // requests a second of all clients made from one New; 0: no limit
	Attempts  int           // attempts at one request; default 5
	Backoff   time.Duration // wait before the second attempt, doubled before each further one; default 1 s
	FirstByte time.Duration // timeout from the request to the answer's head; default 90 s
	Idle      time.Duration // timeout between two reads of a body; default 60 s
	Whole     time.Duration // timeout of one attempt with its whole answer; default 30 min
	MaxAnswer int64         // bytes of one answer, unpacked; default 8 GiB
	UserAgent string        // default "wheelhouse"

	Transport func(http.RoundTripper) http.RoundTripper // wraps the network, for instance to trace requests; nil: nothing
}

// connectTimeout bounds the connection with its name look-up, and then the TLS handshake.
const connectTimeout = 10 * time.Second

// Client asks one account's API. It is safe for concurrent use. All code of a process that asks for one account uses one
// Client, or clients made from it by Limited and Observed, so that the rate limit and Retry-After hold for the account.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client

	transport *http.Transport // the network behind http.Transport
	bucket    *rate.Limiter   // the account's limit
	stream    *rate.Limiter   // a further limit of one stream
	pauses    *pauses
	sizes     *sizes // of one stream's windows

	smallPages *atomic.Bool // the server has refused a page of pageSize, or did not answer it

	known     *Sum // the answer's Sum is wanted and compared with this; nil: no Sum is wanted
	sizeTries int  // attempts at a request that fails for its size; 0: as many as for any failure
	observe   Observer
}

// pauses holds back all requests of the account until the time that a Retry-After has named.
type pauses struct {
	mu    sync.Mutex
	until time.Time
}

// New makes a client and sends nothing. It fails for a Server that is not an https address, or an http address of
// loopback: over plain http the key would be readable on the network.
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
		// newAnswer unpacks gzip itself: it detects a stream that was cut off, and bounds the unpacked size.
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

		smallPages: &atomic.Bool{},

		transport: transport,
		http: &http.Client{
			Transport: through,
			// No redirect is followed: net/http would send the Authorization header to another port of the
			// host, and over http after https.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// limiter allows perSecond requests a second; 0 means any number. The burst is the number of requests of 50 ms, at least one:
// an API that enforces the same rate would refuse larger bursts.
func limiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/20)))
}

// Limited returns a client for one stream with a further limit of perSecond requests a second; 0 means none. It shares
// the account's limit with c.
func (c *Client) Limited(perSecond float64) *Client {
	limited := *c
	limited.stream, limited.sizes = limiter(perSecond), &sizes{}
	return &limited
}

// Close closes idle connections, those of clients made from c included.
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

// turn waits until the next request may be sent. It returns how long it waited for the rate limits, and for a pause that
// the server had asked for.
func (c *Client) turn(ctx context.Context) (turn, pause time.Duration, err error) {
	began := time.Now()
	if err := c.wait(ctx, c.stream); err != nil {
		return 0, 0, err
	}
	if err := c.wait(ctx, c.bucket); err != nil {
		return 0, 0, err
	}
	allowed := time.Now()
	for { // checked after the limits, because a pause may begin while a request waits for them
		wait := c.pauses.left()
		if wait <= 0 {
			return allowed.Sub(began), time.Since(allowed), nil
		}
		if err := c.sleep(ctx, WaitRetryAfter, wait); err != nil {
			return 0, 0, err
		}
	}
}

// wait waits until a rate limit allows the next request.
func (c *Client) wait(ctx context.Context, limit *rate.Limiter) error {
	if c.observe.Wait == nil {
		return limit.Wait(ctx)
	}
	place := limit.Reserve()
	if d := place.Delay(); d > 0 {
		if err := c.sleep(ctx, WaitRateLimit, d); err != nil {
			place.Cancel()
			return err
		}
	}
	return ctx.Err()
}

// sleep waits for d, and tells the observer.
func (c *Client) sleep(ctx context.Context, why WaitReason, d time.Duration) error {
	if c.observe.Wait != nil {
		defer c.observe.Wait(why, d)()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (p *pauses) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// add holds back all requests of the account for d.
func (p *pauses) add(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}
