// Package faults injects faults into a running program from outside: an API that misbehaves, a link to Postgres that
// breaks, and a counter of requests and responses, by which a test kills or stops the program at a chosen moment. Only
// tests import the package.
//
// It promises:
//
//   - One seed makes one schedule. The faults of an API request depend only on the seed and the request, not on the
//     order of the requests. A schedule that failed therefore injects the same faults again.
//   - Faults end. A request meets a bounded number of faults, and [API.Stop] ends all of them: whatever fails after that is
//     a defect of the program.
//   - A false answer is recognisable: a client can tell every false answer from the true one. (No client can detect a
//     server that lies consistently.)
//
// It does not promise that two runs of a schedule interleave alike. The seed decides which faults happen to processes and
// goroutines, not when the machine schedules them.
//
// A schedule that fails prints its seed and the command that repeats it. The long run is
//
//	WHEELHOUSE_LONG=1 go test -race -run TestEquivalence ./cmd/wheelhouse -timeout 2h
//
// If the package itself fails (no free port, a proxy that does not start), it fails the test.
package faults
