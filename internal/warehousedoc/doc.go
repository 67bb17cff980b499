// Command warehousedoc writes the documents of the warehouse, docs/warehouse.md and docs/warehouse.svg, from the comments in
// the database.
//
//	go run ./internal/warehousedoc
//
// It starts a private PostgreSQL, migrates it, and fills it with the account of internal/sample. It reads schemas, tables,
// views, columns, functions and roles from the catalogue, with their comments. The picture is drawn from the primary keys and
// from references in comments: a comment with "crankwheel.contents.content_id" makes a line to that key. The questions are the
// files of questions/, ordered by name. Each has a title, an explanation and a statement, which is run as wheelhouse_reader.
//
// The same sources give the same two files on every machine. The tests fail if the committed files are different. No process
// is left running.
//
// A missing comment, a reference to an unknown column and a question without an answer are errors; then no file is written.
package main
