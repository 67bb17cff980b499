package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

//go:embed questions/*.sql
var questionFiles embed.FS

// question is a file of questions/ with its answer.
type question struct {
	Title string // the first line
	Words string // the other lines of the comment above the statement
	SQL   string
	answer
}

// answer is the result of a statement, as text.
type answer struct {
	Columns []heading
	Rows    [][]string // "" for NULL
}

// heading is a column of an answer.
type heading struct {
	Name   string
	Number bool
}

// ask runs every question as wheelhouse_reader, read only. One without an answer is an error.
func ask(ctx context.Context, conn *pgx.Conn) ([]question, error) {
	names, err := fs.Glob(questionFiles, "questions/*.sql")
	if err != nil {
		return nil, err
	}
	var questions []question
	for _, name := range names {
		text, err := questionFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		q := parseQuestion(text)
		if q.answer, err = readAs(ctx, conn, q.SQL); err == nil && len(q.Rows) == 0 {
			err = fmt.Errorf("no row answers it")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		questions = append(questions, q)
	}
	return questions, nil
}

func parseQuestion(text []byte) question {
	var q question
	var words []string
	for line := range bytes.Lines(text) {
		comment, isComment := strings.CutPrefix(string(bytes.TrimSpace(line)), "-- ")
		switch {
		case q.SQL != "" || !isComment:
			q.SQL += string(line)
		case q.Title == "":
			q.Title = comment
		default:
			words = append(words, comment)
		}
	}
	q.Words, q.SQL = strings.Join(words, " "), strings.TrimSpace(q.SQL)
	return q
}

// readAs runs a statement as wheelhouse_reader, and returns values as psql would show them.
func readAs(ctx context.Context, conn *pgx.Conn, sql string) (answer, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing was written
	if _, err := tx.Exec(ctx, "SET LOCAL ROLE wheelhouse_reader"); err != nil {
		return answer{}, err
	}
	rows, err := tx.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return answer{}, err
	}
	defer rows.Close()
	var a answer
	for rows.Next() {
		if a.Columns == nil {
			for _, f := range rows.FieldDescriptions() {
				a.Columns = append(a.Columns, heading{f.Name, isNumber(f.DataTypeOID)})
			}
		}
		var row []string
		for _, value := range rows.RawValues() {
			row = append(row, string(value))
		}
		a.Rows = append(a.Rows, row)
	}
	return a, rows.Err()
}

func isNumber(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID:
		return true
	}
	return false
}
