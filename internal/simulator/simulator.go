package simulator

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Simulator is one account. It serves the API's paths, which all begin with /ss/api/.
type Simulator struct {
	opts          Options
	cal           calendar
	team          []*agent
	requestStride int64 // ids per day
	contentStride int64 // ids per day

	days     *cache[*Day] // requests and sessions
	recorded *cache[[]recording]
	library  atomic.Pointer[library]
	growing  sync.Mutex // locked while the library grows or is dropped

	editing sync.Mutex // guards edits, and is locked while they are applied
	edits   map[int][]*edit

	counting sync.Mutex
	counts   map[string]int
}

// New makes an account. Facts are generated later, on demand.
func New(o Options) *Simulator {
	o = o.withDefaults()
	s := &Simulator{
		opts:     o,
		cal:      newCalendar(o.From, o.Zone),
		days:     newCache[*Day](32),
		recorded: newCache[[]recording](64),
		edits:    map[int][]*edit{},
		counts:   map[string]int{},
	}
	s.team = newTeam(o, s.cal)
	s.requestStride = 50 + int64(20*float64(o.Agents)*max(1, o.Density))
	s.contentStride = 100 + int64(12*float64(o.Agents)*max(1, o.ShareDensity))
	return s
}

// Served is the number of requests to each endpoint since New, without refused ones. An endpoint's name is its path with a
// placeholder for an id: "usage_new", "company_content/shares", "company_content/shares/:slug".
func (s *Simulator) Served() map[string]int {
	s.counting.Lock()
	defer s.counting.Unlock()
	return maps.Clone(s.counts)
}

// call is one request to an endpoint.
type call struct {
	*answer
	sim   *Simulator
	query url.Values
	arg   string // the slug, id or address in the path
	now   time.Time
}

// route finds the endpoint for a path below /ss/api/.
func route(path string) (name, arg string, serve func(*call)) {
	switch path {
	case "demo_info":
		return path, "", (*call).demoInfo
	case "demo_usage":
		return path, "", (*call).demoUsage
	case "usage_new":
		return path, "", (*call).usageNew
	case "usage_shares":
		return path, "", (*call).usageShares
	case "share_details":
		return path, "", (*call).shareDetails
	case "user_access":
		return path, "", (*call).userAccess
	case "ongoing_sessions":
		return path, "", (*call).ongoingSessions
	case "company_content":
		return path, "", (*call).companyContent
	case "company_content/shares":
		return path, "", (*call).shares
	}
	if slug, ok := strings.CutPrefix(path, "company_content/shares/"); ok {
		return "company_content/shares/:slug", slug, (*call).shareVisits
	}
	if id, ok := strings.CutPrefix(path, "company_content/"); ok {
		return "company_content/:id", id, (*call).companyContentItem
	}
	if email, ok := strings.CutPrefix(path, "user_access/"); ok {
		return "user_access/:email", email, (*call).userAccessItem
	}
	return "", "", nil
}

// ServeHTTP answers one request of the API.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := newAnswer(w, !s.opts.Shape.NoGzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"))
	defer a.close()
	w.Header().Set("x-request-id", requestID())
	path, ok := strings.CutPrefix(r.URL.Path, "/ss/api/")
	name, arg, serve := route(path)
	switch {
	case r.Header.Get("Authorization") != "Basic "+s.opts.APIKey:
		a.fail(http.StatusUnauthorized, "unauthorized")
		return
	case !ok || serve == nil:
		a.fail(http.StatusNotFound, "not found")
		return
	case r.Method != http.MethodGet:
		a.fail(http.StatusMethodNotAllowed, "this key is read-only")
		return
	}
	s.counting.Lock()
	s.counts[name]++
	s.counting.Unlock()
	serve(&call{answer: a, sim: s, query: r.URL.Query(), arg: arg, now: s.opts.Now().UTC()})
}

// requestID has the form of the real server's request ids. Like them it is unpredictable.
func requestID() string {
	var b [15]byte
	binary.LittleEndian.PutUint64(b[:], rand.Uint64())
	binary.LittleEndian.PutUint64(b[7:], rand.Uint64())
	return base64.RawURLEncoding.EncodeToString(b[:])
}
