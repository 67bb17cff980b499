package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/transform"
)

// cell formats a value of a row type and a value from the warehouse in the same way.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "∅"
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return strconv.Quote(v)
	case []string:
		return fmt.Sprintf("%q", v)
	case []any: // an array of texts, as pgx reads it
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// meaning formats JSON so that equal values have equal texts: 1e2 is 100 and -0 is 0.
func meaning(text string) string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return "not JSON: " + text
	}
	var write func(any) string
	write = func(v any) string {
		switch v := v.(type) {
		case json.Number:
			if n, ok := new(big.Rat).SetString(v.String()); ok {
				return n.RatString()
			}
		case []any:
			parts := []string{}
			for _, e := range v {
				parts = append(parts, write(e))
			}
			return "[" + strings.Join(parts, ",") + "]"
		case map[string]any:
			parts := []string{}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				parts = append(parts, strconv.Quote(name)+":"+write(v[name]))
			}
			return "{" + strings.Join(parts, ",") + "}"
		}
		return cell(v)
	}
	return write(v)
}

// cells returns the columns of a row, and its children.
func cells(row reflect.Value) (columns []string, children []string) {
	for i := range row.NumField() {
		f := row.Field(i)
		switch v := f.Interface().(type) {
		case time.Time:
			columns = append(columns, cell(v))
			continue
		case []byte:
			if v == nil {
				columns = append(columns, cell(nil))
			} else {
				columns = append(columns, meaning(string(v)))
			}
			continue
		}
		switch {
		case strings.HasPrefix(f.Type().Name(), "Null["):
			if f.Field(1).Bool() {
				columns = append(columns, cell(f.Field(0).Interface()))
			} else {
				columns = append(columns, cell(nil))
			}
		case f.Kind() == reflect.Struct:
			inner, _ := cells(f)
			columns = append(columns, inner...)
		case f.Kind() == reflect.Slice:
			for j := range f.Len() {
				child, _ := cells(f.Index(j))
				children = append(children, strings.Join(child, " | "))
			}
		default:
			columns = append(columns, cell(f.Interface()))
		}
	}
	return columns, children
}

// stored returns a row as the warehouse must have it: empty values are not stored.
func stored(row any) (any, bool) {
	switch row := row.(type) {
	case transform.ShareUsage:
		return row, row.Shares > 0 || row.Plays > 0
	case transform.Share:
		if !row.Engagement.Any() {
			row.Engagement = transform.Engagement{}
		}
		return row, true
	}
	return row, true
}

// back reads the rows of a query as lines of cells.
func back(t testing.TB, rows pgx.Rows, err error) (lines []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	names := rows.FieldDescriptions()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		columns := make([]string, len(values))
		for i, v := range values {
			if text, ok := v.(string); ok && (names[i].Name == "extra" || names[i].Name == "raw") {
				columns[i] = meaning(text)
			} else {
				columns[i] = cell(v)
			}
		}
		lines = append(lines, strings.Join(columns, " | "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
