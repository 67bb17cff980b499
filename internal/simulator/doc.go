// Package simulator is a simulated CrankWheel account behind an http.Handler: a sales team that grows, the demo requests
// it answers, the screens it shares and the videos it sends, over years of history.
//
// # What it promises
//
// One set of facts. Every endpoint is a view of the same days: the stats of usage_new are those of its sessions,
// usage_shares counts the shares and the plays that the share list and the share details show, a demo request whose screen
// was shared has its session in usage_new, a recording that a session links to is in the content library.
//
// Random access. The facts of a calendar day (in Options.Zone) derive from the seed and the day, never from earlier days.
// The cost of a window therefore depends only on the days it overlaps.
//
// Determinism. The same options and the same reading of the clock give the same bytes. Earlier requests, their order and
// the number of goroutines make no difference; only the x-request-id and Date headers differ. The past does not depend on
// the clock: moving the clock forward only reveals more (sessions end, requests get answered, contents are transcoded).
// Facts are stable within one build, not from one version of this package to the next.
//
// Tests can change the past: [Simulator.Mutate] edits a day's facts, and [Simulator.Facts] shows what is true.
//
// # Memory
//
// Sessions and requests are generated on demand. The most recently used days are cached: 32 days of sessions and requests
// (about 70 kB a day for 25 agents at density 1) and 64 days of recordings. Shares, visits and contents are indexed as a
// whole, from the first day to the clock's, because a share is visited long after its creation. The index needs about 600
// bytes a share, 120 a visit and 400 a content: under 2 MB for 25 agents and 180 days. Answers are streamed; no answer is
// in memory as a whole.
//
// # Limits
//
// The simulator is not evidence about the real API. Where the published documentation is silent, [Options] choose one of
// the possible behaviours; code that talks to the real API must work under all of them. The simulator serves only reads,
// has no rate limit and never fails on purpose: wrap the handler to add failures.
package simulator
