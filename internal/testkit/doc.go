// Package testkit says how much the tests of the whole tree do. Only tests import it.
//
// There are three lengths, and each test exists in all of them or says why it is skipped:
//
//	go test -short ./...               # without browsers, crashes of a server and kills of the program
//	go test -race ./...                # every test, long tables as a representative sample
//	WHEELHOUSE_LONG=1 go test ./...    # every test, every row of every table
//
// The switch is an environment variable because go test refuses a flag that one of the packages does not define.
package testkit
