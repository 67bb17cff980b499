package settings

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// proxies refuses proxies in the environment that cannot be used. Go would ignore some of them silently, and send the requests directly.
// If a variable is set in capital and in small letters, Go reads the one in capital letters. Messages quote no value, because an address
// may contain a password.
func (l *loader) proxies() {
	set := false
	for _, names := range [][]string{{"HTTPS_PROXY", "https_proxy"}, {"HTTP_PROXY", "http_proxy"}} {
		name, text := l.first(names)
		set = set || text != ""
		if text != "" && !isProxy(text) {
			l.env(name, "not the address of a proxy: write http://host:port, https://host:port or socks5://host:port, "+
				"or http://user:password@host:port with %%XX for each special character of the password")
		}
	}
	if !set { // without a proxy, nothing reads NO_PROXY
		return
	}
	name, text := l.first([]string{"NO_PROXY", "no_proxy"})
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry != "" && !isException(entry) {
			l.env(name, "an entry can never match: write hosts (meeting.is, which includes its subdomains), addresses (10.0.0.1) and "+
				"networks (10.0.0.0/8), separated by commas; add :port to a host or address to match only that port; * matches everything")
			return
		}
	}
}

// first returns the name and the value of the first variable that is set. If none is, the value is "".
func (l *loader) first(names []string) (name, text string) {
	for _, name = range names {
		if text = l.variable(name); text != "" {
			break
		}
	}
	return name, text
}

// isProxy tells whether Go's HTTP client can use a proxy at an address. Without a scheme, the address is of an http proxy.
func isProxy(text string) bool {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	return err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Opaque == "" && isHost(u.Hostname()) &&
		!strings.HasSuffix(u.Host, ":") && port(u.Port(), 1) && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && !strings.Contains(text, "#")
}

// isException tells whether an entry of NO_PROXY can match a host.
func isException(entry string) bool {
	if _, _, err := net.ParseCIDR(entry); err == nil || entry == "*" || net.ParseIP(entry) != nil {
		return true
	}
	host, number, err := net.SplitHostPort(entry)
	if err != nil {
		host = entry
	}
	if net.ParseIP(host) == nil {
		host = strings.TrimPrefix(strings.TrimPrefix(host, "*."), ".")
		if !isHost(host) || strings.Contains(host, ":") {
			return false
		}
	}
	return port(number, 1) && (err != nil || number != "")
}

// isHost tells whether a text can be a host's name or address. Names may have underscores and letters of any language.
func isHost(text string) bool {
	return text != "" && !strings.ContainsAny(text, " \t\r\n/\\@?#*[]<>\"'%")
}
