// Package scheduler is the long-running form of the pipeline: it keeps each account's and stream's cron, and
// at each tick runs one pass for it.
//
// # What it promises
//
// Cron decides when, the ledger decides what. A tick is only a reason to look: a pass loads what the ledger
// lacks since history_from, and looks back. So a tick that comes twice, late or not at all loses nothing.
//
// One pass of a stream at a time. A tick that finds the one before still at work is skipped, counted and
// logged. A panic in a pass is counted and logged, without its value, which can hold what an answer held; the
// next tick runs. Both are cron's own job wrappers, in the order that survives: SkipIfStillRunning around
// Recover. The other way round the panic flies past the skipping wrapper before it has noted that the job
// is over, and no tick runs ever again. (What a pass starts in goroutines of its own is the pipeline's to guard.)
//
// The ticks are a loop of our own over Schedule.Next: cron.Cron reads the machine's clock itself, sleeps on the
// monotonic one, which a suspended machine stops, and has no catching up.
//
// A clock that jumps does no harm. Forward (a suspend, a correction): one pass, at most a minute later, stands for
// all the ticks passed over. Back by up to ten minutes: no tick comes twice. Back by more: what was believed is
// dropped and the next tick is counted from the new time, so a clock that was years ahead does not silence
// anything for years.
//
// # Catching up
//
// At the start, every stream's books are asked, and the API only if they owe something:
//
//   - The last tick was not served: no pass that went to its end (by schedule, or `run` by an outside scheduler)
//     loaded anything that reaches up to it. A whole pass runs at once, look-back included, since that is what
//     was missed. A first start, a night without power and a kill in the middle of a pass are all this case.
//   - It was served, yet whole days before it are missing (windows that failed, an earlier history_from): these
//     gaps are loaded, without looking back.
//   - Otherwise nothing is asked. A process that is restarted all day costs a few queries each time.
//
// The same question is asked again 5, 20 and 80 minutes after a pass that left something behind, if the
// next tick is later than that: an API that was down for a moment does not cost the night.
//
// # How it ends
//
// When Run's context ends no tick comes and no window begins; windows in hand have Runner.Grace and are then rolled
// back. Run returns when all is quiet.
package scheduler
