// Package scheduler is the long-running form of the pipeline. It runs one pass of a stream at each tick of the stream's
// cron expression.
//
// # Promises
//
// Cron decides when, the ledger decides what. A tick only starts a pass, which loads the gaps since history_from and the
// look-back. A tick that comes twice, late or not at all therefore loses nothing.
//
// A stream has one pass at a time. A tick during a pass is skipped, counted and logged. A panic in a pass is counted and
// logged, without its value, which may contain data; the next tick runs. Both use cron's job wrappers, with
// SkipIfStillRunning around Recover. The order matters: the other way round, a panic would leave SkipIfStillRunning before
// it has noted that the job is over, and no tick would ever run again. (The pipeline guards the goroutines that a pass
// starts.)
//
// The ticks come from a loop over Schedule.Next. cron.Cron is not used: it reads the machine's clock itself, sleeps by the
// monotonic clock, which stops while a machine is suspended, and does not catch up.
//
// A clock that jumps does no harm. If it jumps forward (after a suspend or a correction), one pass replaces all ticks in
// between, at most a minute later. If it goes back by up to ten minutes, no tick comes twice. If it goes back further, the
// next tick is counted from the new time, so that a clock that was years ahead does not stop a stream for years.
//
// # Catching up
//
// At the start the scheduler reads the ledger for each stream. It asks the API only if something is due:
//
//   - The last tick was not served: no pass that ended (by schedule, or `run` by another scheduler) loaded a window that
//     ends at the tick or later. A whole pass runs at once, including the look-back. This is the case after a first start,
//     a power failure and a kill during a pass.
//   - The last tick was served, but whole days before it are missing (windows that failed, an earlier history_from). These
//     gaps are loaded, without the look-back.
//   - Otherwise nothing is due. Restarting a process costs a few queries.
//
// The scheduler checks the same again 5, 20 and 80 minutes after a pass that was not complete, if the next tick is later
// than that. So an API that is down for a short time does not cost a night.
//
// # The end
//
// When Run's context ends, no tick comes and no window begins. Windows at work have Runner.Grace to finish, and are then
// rolled back. Run returns when everything has ended.
package scheduler
