// Package faults is what the tests do to the program from outside: an API that misbehaves, a link to Postgres that
// breaks, and a count of everything that goes in and out, by which the program can be killed or stopped at a chosen
// moment. Only tests import it.
//
// What it promises:
//
//   - One seed makes one schedule. What the API does to a request depends on the seed and the request alone, not on
//     the order in which requests come, so a schedule that failed does the same again.
//   - Faults end. A request meets a bounded number of them, and Calm ends all at once: after that, whatever still goes
//     wrong is the program's.
//   - No fault changes what the API would say: an answer is either the true one or can be told from it, as the real
//     server's could. (A server that lies consistently no client can find out.)
//
// What it does not promise: that two runs of a schedule interleave alike. Processes and goroutines are scheduled as the
// machine likes; the seed fixes what happens to them, not when.
//
// A schedule that fails prints its seed and the command that plays it again. The long run is
//
//	WHEELHOUSE_LONG=1 go test -race -run TestEquivalence ./cmd/wheelhouse -timeout 2h
//
// On failure of its own (no free port, a proxy that does not start) it fails the test.
package faults
