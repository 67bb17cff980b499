package settings

import (
	"net/url"
	"slices"
	"strings"
)

// proxy refuses a proxy in the environment that cannot be used. Go would ignore some of them silently, and send the requests directly. If
// both variables are set, Go reads the one in capital letters. HTTP_PROXY is never used: plain http goes to loopback only. The message
// quotes no value, because an address may contain a password.
func (l *loader) proxy() {
	name, text := l.first([]string{"HTTPS_PROXY", "https_proxy"})
	if text != "" && !isProxy(text) {
		l.env(name, "not the address of a proxy: write http://host:port, https://host:port or socks5://host:port, "+
			"or http://user:password@host:port with %%XX for each special character of the password")
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

// isHost tells whether a text can be a host's name or address. Names may have underscores and letters of any language.
func isHost(text string) bool {
	return text != "" && !strings.ContainsAny(text, " \t\r\n/\\@?#*[]<>\"'%")
}
