package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Tap is a link to Postgres that goes bad for all who use it: slow, reset or cut off after some bytes.
type Tap struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewTap opens a tap on the server of a DSN; it closes with the test. The second result is the DSN through it.
func NewTap(t testing.TB, dsn string) (*Tap, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "postgres", "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	return &Tap{t, proxy}, u.String()
}

// Bad makes the link bad in one of toxiproxy's ways, until Calm: latency, reset_peer, limit_data, slicer and so on, with its
// attributes. The same twice is the same.
func (t *Tap) Bad(kind, direction string, attributes map[string]any) {
	toxic, err := json.Marshal(map[string]any{"type": kind, "stream": direction, "attributes": attributes})
	if err == nil {
		_, err = t.proxy.Toxics.AddToxicJson(bytes.NewReader(toxic))
	}
	if err != nil && err.Error() != toxiproxy.ErrToxicAlreadyExists.Error() {
		t.t.Errorf("%s: %v", kind, err)
	}
}

// Calm makes the link good again, for new connections too.
func (t *Tap) Calm() { t.proxy.Toxics.ResetToxics(context.Background()) }
