//go:build unix

// Command postgres-versions runs tests on each supported version of PostgreSQL, and prints one table.
//
//	go run ./internal/dev/postgres-versions                                     # 14 to 18, each test that needs a server
//	go run ./internal/dev/postgres-versions -versions 16,18 -- -short ./load    # flags and packages for go test
//	go run ./internal/dev/postgres-versions -versions 15,18 -others             # without the version that the tests use by default
//
// The server programs are downloaded once with npm (see internal/pgserver). While the tests run, standard error has a line for
// each package and the output of tests that fail. At the end, standard output has the table:
//
//	POSTGRES  PACKAGES  TESTS  SKIPPED  FAILED  RESULT  TIME
//	14.23           13    812        9       0  passed  3m12s
//
// TESTS counts the test functions that ran, without those that were skipped. Exit code 1: a test failed, no test ran, or a version
// is not available. 2: a wrong flag.
package main
