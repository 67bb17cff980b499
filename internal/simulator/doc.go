// Package simulator is a simulated CrankWheel account behind an http.Handler: a sales team that grows, the demo requests
// it answers, the screens it shares and the videos it sends, over years of history.
//
// # What it promises
//
// One set of facts. Every endpoint is a view of the same days: the stats of usage_new are those of its sessions,
// usage_shares counts the shares and the plays that the share list and the share details show, a demo request whose screen
// was shared has its session in usage_new, a recording that a session links to is in the content library.
//
// Random access. The facts of a calendar day (in Options.Zone) derive from the seed and the day, never from the days before
// it, so any window of any history costs only the days it touches.
//
// Determinism. The same options and the same reading of the clock give the same bytes, whatever was asked before, in
// whatever order and from however many goroutines; only the x-request-id and Date headers differ. The past does not depend on
// the clock: moving it forward only reveals more (sessions end, requests get answered, contents are transcoded). Facts are
// stable within one build, not from one version of this package to the next.
//
// Tests can change the past: [Simulator.Mutate] edits a day's facts, and [Simulator.Facts] shows what is true.
//
// # What memory it takes
//
// Sessions and requests are generated on demand; the 32 days used last are kept (about 70 kB a day for 25 agents at density
// 1), and the recordings of the 64 days used last. The video side (shares, visits, contents) is indexed as a whole from the
// first day to the clock's, because a share is visited long after its creation: about 600 bytes a share, 120 a visit and
// 400 a content, under 2 MB for 25 agents and 180 days. Answers are streamed; none is held whole.
//
// # What it is not
//
// It is not evidence about the real API. Where the published documentation is silent, a switch of [Options] says which
// of the possible behaviours this server has; code that talks to the real one must hold under all of them. It offers only
// reads, has no rate limit and never fails on purpose: wrap the handler for that.
package simulator
