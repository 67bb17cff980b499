package settings

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var usable = []string{
	"http://proxy.example:3128", "HTTP://proxy.example:3128/", "https://proxy.example", "socks5://10.0.0.1:1080", "socks5h://proxy.example:1080",
	"proxy.example:3128", "proxy.example", "squid_proxy:3128", "10.0.0.1:3128", "[2001:db8::1]:3128", "http://user:" + canary + "@proxy.example:3128",
	"user:" + canary + "@proxy.example:3128", "http://user:p%40ss@proxy.example:3128", "http://bücher.example:3128",
}

var unusable = []string{
	"http://", "://proxy.example", ":3128", "http://:3128", "http://proxy.example:", "http://proxy.example:port", "http://proxy.example:99999", "http://proxy.example:0",
	"http:/proxy.example:3128", "http:proxy.example:3128", "ftp://proxy.example:21", "socks4://proxy.example:1080", "socks://proxy.example:1080", "htp://proxy.example:3128",
	"http://user:" + canary + "%zz@proxy.example:3128", "http://user:" + canary + "/x@proxy.example:3128", "http://user:12/" + canary + "@proxy.example:3128",
	"http://user:" + canary + "#x@proxy.example:3128", "http://user:1#" + canary + "@proxy.example:3128", "http://user:1?" + canary + "@proxy.example:3128",
	"http://proxy.example:3128/path", " http://proxy.example:3128", "http://proxy.example:3128 ", "http://proxy .example:3128", "http://proxy.example:3128\n",
	"http://[2001:db8::1:3128", "http://proxy.example:3128,http://other.example:3128", "http://http://proxy.example:3128", "%",
}

// A proxy that cannot be used is refused, without its password, whichever variable names it.
func TestProxies(t *testing.T) {
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
		for _, text := range usable {
			if _, err := Load(optionsIn(t, three().with(env{variable: text}))); err != nil {
				t.Errorf("%s=%s: %v", variable, text, err)
			}
		}
		for _, text := range unusable {
			_, err := Load(optionsIn(t, three().with(env{variable: text})))
			var wrong *Errors
			if !errors.As(err, &wrong) || len(wrong.Problems) != 1 || wrong.Problems[0].Path != variable || !strings.Contains(err.Error(), "write http://host:port") {
				t.Errorf("%s=%q: %v", variable, text, err)
			} else if strings.Contains(err.Error(), canary) {
				t.Errorf("%s=%q: the message shows the password: %v", variable, text, err)
			}
		}
	}
	// Go reads the variable in capitals. The other variables are not used, or cannot do harm.
	for _, e := range []env{{"HTTP_PROXY": "http://", "HTTPS_PROXY": "proxy.example", "NO_PROXY": "[::1],10.0.*"}, {"HTTPS_PROXY": "proxy.example", "https_proxy": "http://"}, {"HTTPS_PROXY": "", "https_proxy": "proxy.example"}} {
		if _, err := Load(optionsIn(t, three().with(e))); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
}

func optionsIn(t *testing.T, e env) Options {
	o := options(e)
	o.Dir = t.TempDir()
	return o
}

// What is accepted is a proxy for Go, too. Each address needs a process of its own, because Go reads the environment once.
func TestGoUsesTheProxiesThatAreAccepted(t *testing.T) {
	const child = "WHEELHOUSE_TEST_PROXY"
	if os.Getenv(child) != "" {
		r, _ := http.NewRequest(http.MethodGet, "https://meeting.is/", nil)
		u, err := http.ProxyFromEnvironment(r)
		if err != nil || u == nil || !isHost(u.Hostname()) {
			t.Errorf("%v %v", u, err)
		}
		return
	}
	for _, text := range usable {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = []string{child + "=1", "HTTPS_PROXY=" + text}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", text, err, out)
		}
	}
}
