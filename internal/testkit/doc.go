// Package testkit chooses how much the tests of the whole tree do. Only tests import it.
//
// There are three lengths. Each test runs in all of them or says why it is skipped:
//
//	go test -short ./...               # in two minutes: fewer rounds, no browsers, few crashes and kills
//	go test -race ./...                # every test, long tables as a sample
//	WHEELHOUSE_LONG=1 go test ./...    # every test, every row of every table
//
// The long tests are switched on by an environment variable, because go test refuses a flag that one of the packages does not
// define.
package testkit
