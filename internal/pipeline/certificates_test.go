package pipeline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
)

// certificate makes a self-signed certificate for 127.0.0.1, valid until tomorrow, with a change.
func certificate(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, 0, 1),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(&template)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// An expired, wrong or self-signed certificate fails the window at once, before the key is sent.
func TestWrongCertificates(t *testing.T) {
	t.Parallel()
	b := newBench(t, http.NotFoundHandler(), mayDay, nil)
	for words, change := range map[string]func(*x509.Certificate){
		"expired":              func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, -1) },
		"valid for 127.0.0.2":  func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} },
		"by unknown authority": func(*x509.Certificate) {},
	} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the key travelled", words) }))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, change)}}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		s := b.at(t, strings.ReplaceAll(words, " ", "-"), server.URL, extract.Config{})
		if result := s.mustFail("2026-03-10", "user_access", words); result.Requests != 1 {
			t.Errorf("%s: %d requests", words, result.Requests)
		}
	}
}

// Plain http to another host than loopback is refused before any request.
func TestPlainHTTPIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Open(settings.Account{ID: "a", Server: "http://meeting.is", APIKey: settings.NewSecret(testKey)}, "test"); err == nil ||
		!strings.Contains(err.Error(), "plain http") || strings.Contains(err.Error(), testKey) {
		t.Errorf("%v", err)
	}
}
