package web

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"

	"wheelhouse/internal/settings"
	"wheelhouse/internal/simulator"
	"wheelhouse/internal/testkit"
)

// screenshots writes the screenshots of the README: go test ./internal/web -run Browser -screenshots ../../docs/screenshots
var screenshots = flag.String("screenshots", "", "a folder for pictures of every page, in both lights and widths")

// browser finds a browser, or skips the test.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no browser on this machine (Debian: apt-get install chromium)")
	return ""
}

// tab is a page of a browser, with the errors on it.
type tab struct {
	context.Context
	mu    sync.Mutex
	wrong []string
}

// openTab starts a new browser.
func openTab(t *testing.T, home string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which root requires
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &tab{Context: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			b.note("console: %s", e.Type)
		case *runtime.EventExceptionThrown:
			b.note("exception: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.note("log: %s %s", e.Entry.Text, e.Entry.URL)
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, home+"/") && !strings.HasPrefix(u, "data:") {
				b.note("a request to %s", u)
			}
		case *network.EventLoadingFailed:
			b.note("not loaded: %s %s", e.ErrorText, e.BlockedReason)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.do(t, "start", command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{}), command(runtime.Enable, cdp.Empty{}))
	return b
}

// command is an action without a result.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// evaluate runs a script on a page.
func evaluate[T any](t *testing.T, b *tab, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func (b *tab) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// told returns the errors since its last call.
func (b *tab) told() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	wrong := b.wrong
	b.wrong = nil
	return wrong
}

func (b *tab) do(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// crawl follows the links from a page, to two addresses of each page. It fails if a link is broken; it checks up to a dozen
// links to the same page, in the long tests some dozens. It returns one address of each page.
func crawl(t *testing.T, v *visitor, first string) (found map[string]string) {
	t.Helper()
	most := 12
	if testkit.Long() {
		most = 40
	}
	found, asked, visited, alike := map[string]string{}, map[string]bool{}, map[string]int{}, map[string]int{}
	for todo := []string{first}; len(todo) > 0; todo = todo[1:] {
		here, err := url.Parse(todo[0])
		if err != nil {
			t.Fatal(err)
		}
		if visited[here.Path]++; visited[here.Path] > 2 {
			continue
		}
		doc := v.page(todo[0])
		if found[here.Path] == "" {
			found[here.Path] = todo[0]
		}
		for _, a := range all(doc, "a") {
			href := attr(a, "href")
			if target, is := strings.CutPrefix(href, "#"); is {
				if byID(doc, target) == nil {
					t.Errorf("%s: nothing is at %s", todo[0], href)
				}
				continue
			}
			href, _, _ = strings.Cut(href, "#")
			to, _, _ := strings.Cut(href, "?")
			if alike[to]++; asked[href] || alike[to] > most {
				continue
			}
			asked[href] = true
			body, header := v.get(http.StatusOK, href)
			if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
				if body == "" {
					t.Errorf("%s: no response from %s", todo[0], href)
				}
				continue
			}
			todo = append(todo, href)
		}
	}
	return found
}

// looks are the colour schemes and widths of the tests: each scheme and each width once, in the long tests each pair.
func looks() map[string][]int64 {
	if testkit.Long() || *screenshots != "" {
		return map[string][]int64{"light": {1280, 390}, "dark": {1280, 390}}
	}
	return map[string][]int64{"light": {390}, "dark": {1280}}
}

// Every page works in a browser, in light and dark mode, on a desktop and on a phone.
func TestBrowser(t *testing.T) {
	testkit.SkipIfShort(t, "it starts a browser")
	browser(t) // skips early
	t.Parallel()
	now := time.Now().UTC()
	s := sell(t, simulator.Options{Seed: 1, Agents: 9}, "Atlantic/Reykjavik", now.AddDate(0, 0, -62).Format(time.DateOnly), now.Format("2006-01-02 15:04"))
	v := visit(t, s.dsn, func(o *Options) {
		o.Streams = func(now time.Time) []settings.Row {
			return settings.Settings{Accounts: []settings.Account{s.account}}.Describe(now, 1)
		}
	})
	found := crawl(t, v, "/")
	for _, p := range pages {
		if found[p.Path] == "" {
			t.Errorf("no link leads to %s", p.Path)
		}
	}
	b := openTab(t, v.url)
	for _, path := range found {
		doc := v.page(path)
		if !strings.HasPrefix(path, "/pipeline") { // the pipeline pages have calendars with other tables
			chartsShowTheirTables(t, v, path, doc)
		}
		for light, widths := range looks() {
			for _, width := range widths {
				b.look(t, v.url, path, doc, light, width)
			}
		}
		b.keyboard(t, v.url, path)
	}
	// Tables that must have a value in every column.
	s.exec(`INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, error, attempts, finished_at)
		SELECT run_id, account_id, stream, span, 'failed', 'usage_new: HTTP 503 after 5 attempts, the last of which took 20 s: no healthy upstream', 5, now()
		FROM wheelhouse.loads WHERE stream = 'usage_new' ORDER BY id LIMIT 1`)
	for _, path := range []string{
		"/pipeline/window?load=" + s.sql(`SELECT max(id) FROM wheelhouse.loads`),
		"/campaign?source=" + url.QueryEscape(s.sql(`SELECT max(utm_source) FROM bi.demo_requests WHERE origin_name IS NOT NULL AND utm_campaign IS NOT NULL`)),
	} {
		b.look(t, v.url, path, v.page(path), "light", 1280)
	}
}

// look opens a page and checks it.
func (b *tab) look(t *testing.T, home, path string, doc *html.Node, light string, width int64) {
	t.Helper()
	here := fmt.Sprintf("%s, %s, %d wide", path, light, width)
	b.do(t, here,
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}}),
		size(width), chromedp.Navigate(home+path))
	wide, inner := evaluate[int64](t, b, `document.documentElement.scrollWidth`), evaluate[int64](t, b, `innerWidth`)
	beyond, paper := evaluate[[]string](t, b, outside), evaluate[string](t, b, `getComputedStyle(document.body).backgroundColor`)
	values := evaluate[[][]string](t, b, `[...document.querySelectorAll('figure.chart')].map(f => [f.id, ...[...f.querySelectorAll('[data-value]')].map(m => m.dataset.value)])`)
	if wrong := b.told(); len(wrong) > 0 {
		t.Errorf("%s: %v", here, wrong)
	}
	if hidden := evaluate[[]string](t, b, scrolling); width > 600 && len(hidden) > 0 {
		t.Errorf("%s: a table is not shown completely: %v", here, hidden)
	}
	if unaligned := evaluate[[]string](t, b, beside); len(unaligned) > 0 {
		t.Errorf("%s: lines are not as wide as the page's content: %v", here, unaligned)
	}
	if inner != width || wide > width || len(beyond) > 0 {
		t.Errorf("%s: the page is %d wide in %d: %v", here, wide, inner, beyond)
	}
	var red int
	if _, err := fmt.Sscanf(paper, "rgb(%d,", &red); err != nil || red > 127 != (light == "light") {
		t.Errorf("%s: the printed background is %s", here, paper)
	}
	charts := drawn(doc)
	for _, c := range values {
		name := strings.TrimPrefix(c[0], "chart-")
		if !slices.Equal(slices.DeleteFunc(c[1:], func(s string) bool { return s == "" }), charts[name]) {
			t.Errorf("%s: chart %s shows %v, want %v", here, name, c[1:], charts[name])
		}
	}
	if len(values) != len(charts) {
		t.Errorf("%s: %d charts, want %d", here, len(values), len(charts))
	}
	b.picture(t, path, light, width)
}

// size sets the window's size, of a desktop or a phone.
func size(width int64) chromedp.Action[chromedp.Void] {
	return command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
}

// outside lists elements beyond the right edge of the page, except those in a box that scrolls.
const outside = `[...document.querySelectorAll('main *, header *, footer *, form *')].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width > 1 && r.right > innerWidth + 1 && !e.closest('.scroll, .picture[tabindex]') && !e.closest('svg');
}).map(e => e.tagName + '.' + e.className)`

// scrolling lists tables that are wider than their box, except those with the figures of a chart.
const scrolling = `[...document.querySelectorAll('.scroll')].filter(e => !e.closest('.chart') && e.scrollWidth > e.clientWidth).map(e => e.ariaLabel + ' ' + e.scrollWidth + ' in ' + e.clientWidth)`

// beside lists elements with a line above them that is not as wide as the content.
const beside = `[...document.querySelectorAll('.scope, footer')].filter(e => {
	const r = e.getBoundingClientRect(), h = document.querySelector('h1').getBoundingClientRect();
	return Math.abs(r.left - h.left) > 1 || Math.abs(r.right - h.right) > 1;
}).map(e => e.tagName)`

// picture saves a screenshot of the top of a page.
func (b *tab) picture(t *testing.T, path, light string, width int64) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	height := map[bool]float64{true: 1400, false: 1000}[width > 600]
	var png []byte
	b.do(t, "picture", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		beyond := true
		r, err := cdp.Call(ctx, target, devtools.CaptureScreenshot, devtools.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond, Clip: &devtools.Viewport{Width: float64(width), Height: height, Scale: 1}})
		png = r.Data
		return err
	}))
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(strings.Trim(u.Path, "/"), "/", "-")
	if name == "" {
		name = "overview"
	}
	file := filepath.Join(*screenshots, fmt.Sprintf("%s-%s-%d.png", name, light, width))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// keyboard goes through a page with the Tab key, with everything unfolded. It fails if an element is never focused.
func (b *tab) keyboard(t *testing.T, home, path string) {
	t.Helper()
	b.do(t, path, size(1280), chromedp.Navigate(home+path))
	wanted := evaluate[int](t, b, `
		window.seen = new Set();
		document.querySelectorAll('details').forEach(d => d.open = true);
		document.addEventListener('focusin', e => seen.add(e.target));
		window.wanted = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')];
		wanted.length`)
	if wanted < 3 {
		t.Errorf("%s: only %d elements can be focused", path, wanted)
	}
	var missed []string
	for done := 0; done < 2*wanted+20; done += 20 {
		b.do(t, path, slices.Repeat([]chromedp.Action[chromedp.Void]{chromedp.KeyEvent(kb.Tab)}, 20)...)
		if missed = evaluate[[]string](t, b, `wanted.filter(e => !seen.has(e)).map(e => e.outerHTML.slice(0, 120))`); len(missed) == 0 {
			return
		}
	}
	t.Errorf("%s: Tab does not focus %d of %d: %v", path, len(missed), wanted, missed[:min(5, len(missed))])
}
