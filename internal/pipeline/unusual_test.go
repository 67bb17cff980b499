package pipeline

import (
	"fmt"
	"testing"
)

const rejected = "SELECT path, reason FROM wheelhouse.rejects WHERE resolved_at IS NULL ORDER BY path"

// If the count of cancelled requests is missing or impossible, the day gets a reject instead of a count.
func TestCanceledThatIsNotACount(t *testing.T) {
	t.Parallel()
	for count, why := range map[string]string{
		``:                                       "total_canceled_requests: no count of it",
		`,"total_canceled_requests":"lots"`:      "total_canceled_requests: no count of it",
		`,"total_canceled_requests":-1`:          "total_canceled_requests: no count of it",
		`,"total_canceled_requests":3.5`:         "total_canceled_requests: no count of it",
		`,"total_canceled_requests":99999999999`: "total_canceled_requests: a number too large",
	} {
		api := newCanned()
		api.say("demo_usage", `{"sessions":[]`+count+`}`)
		b := newBench(t, api, mayDay, nil)
		b.mustRun(Range{First: date("2026-03-10"), Last: date("2026-03-11"), Now: b.now}, "demo_usage")
		b.want("$.total_canceled_requests|"+why+"\n$.total_canceled_requests|"+why, rejected)
		b.want("0", "SELECT count(*) FROM crankwheel.demo_cancellations_daily")

		api.say("demo_usage", `{"sessions":[],"total_canceled_requests":"2"}`)
		b.again("2026-03-10", "demo_usage")
		b.want("2026-03-10T00:00:00|2", "SELECT day::timestamp, canceled FROM crankwheel.demo_cancellations_daily")
		b.want("$.total_canceled_requests|"+why, rejected) // the other day's
	}
}

// A detail that cannot be asked for, or not understood, becomes a reject. The rest of the window loads.
func TestSharesWithUnusualDetails(t *testing.T) {
	t.Parallel()
	api := newCanned()
	one := func(slug string) string { return fmt.Sprintf(`{"slug":%q,"visits":1,"plays":0,"cta_clicks":0}`, slug) }
	api.say(sharesPath, `{"data":[`+one("..")+","+one("a%b")+","+one("fraction")+`],"pagination":{"total":3}}`)
	visit := `"sessions":[{"visit_id":"1","visited_at":"2026-03-10T10:00:00Z","played":true}]}`
	api.say(sharesPath+"/a%b", `{"content_runtime_ms":5,`+visit)
	api.say(sharesPath+"/fraction", `{"content_runtime_ms":12.5,`+visit)
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "shares", "share_visits")
	b.want("a%b\nfraction", "SELECT slug FROM crankwheel.share_visits ORDER BY slug")
	b.want("..|∅\na%b|5\nfraction|∅", "SELECT slug, content_runtime_ms FROM crankwheel.shares ORDER BY slug")
	b.want("$.content_runtime_ms|content_runtime_ms: a fraction where a whole number belongs\n"+
		"$.data.slug|a slug that cannot stand in an address: its visits cannot be asked for", rejected)
}

// A deleted share whose detail is answered again is restored, even if the answer has nothing else new.
func TestRestoredShare(t *testing.T) {
	t.Parallel()
	api := newCanned()
	list := `{"data":[{"slug":"s","visits":1,"plays":0,"cta_clicks":0}],"pagination":{"total":1}}`
	detail := `{"content_runtime_ms":5,"sessions":[{"visit_id":"1","visited_at":"2026-03-10T10:00:00Z","played":true}]}`
	api.say(sharesPath, list)
	api.say(sharesPath+"/s", detail)
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-03-10"), "share_visits")
	api.status(sharesPath+"/s", 404, `{}`)
	b.mustRun(b.day("2026-03-11"), "share_visits")
	b.want("true", "SELECT deleted_at IS NOT NULL FROM crankwheel.shares")
	api.say(sharesPath+"/s", detail)
	b.again("2026-03-10", "share_visits")
	b.want("false", "SELECT deleted_at IS NOT NULL FROM crankwheel.shares")
	b.mustWriteNothing("the same once more", func() { b.again("2026-03-10", "share_visits") })
}
