// Command warehousedoc writes what the warehouse holds as it says itself: docs/warehouse.md and docs/warehouse.svg.
//
//	go run ./internal/warehousedoc
//
// It starts a private PostgreSQL, migrates it, fills it with the account of internal/sample, and reads schemas, tables,
// views, columns, functions and roles from the catalogue, each with its COMMENT. The picture is drawn from primary keys and from the
// references that comments name: a comment of "crankwheel.contents.content_id" makes a line to that key. The questions are the files of
// questions/, in order of their names: a title, a few words, a statement, which is run as wheelhouse_reader.
//
// Promised: the same sources give the same two files on every machine; the tests fail while the files that are
// committed are other ones. Nothing is left running.
//
// A missing comment, a reference to a column that is not there or a question without an answer is an error, and no file is
// written.
package main
