package transform_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files; read their diff before you commit it")

// TestGolden compares the rows of every recorded answer with testdata/golden.
func TestGolden(t *testing.T) {
	for _, name := range []string{"demo_usage", "usage_new.1", "usage_new.2", "usage_shares.1", "usage_shares.2",
		"company_content.shares", "company_content.shares.slug", "share_details", "user_access", "company_content"} {
		t.Run(name, func(t *testing.T) {
			got := dumpAll(t, name)
			path := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			diff(t, string(want), got)
		})
	}
}

func dumpAll(t *testing.T, name string) string {
	var s strings.Builder
	body := recorded(t, name)
	switch {
	case name == "demo_usage":
		dumpRows(t, &s, body, demoRows)
	case strings.HasPrefix(name, "usage_new"):
		dumpRows(t, &s, body, sessionRows)
	case strings.HasPrefix(name, "usage_shares"):
		dumpRows(t, &s, body, usageRows)
	case name == "company_content.shares":
		dumpRows(t, &s, body, shareRows)
	case name == "share_details":
		dumpRows(t, &s, body, detailRows)
	case name == "user_access":
		dumpRows(t, &s, body, userRows)
	case name == "company_content":
		dumpRows(t, &s, body, contentRows)
	default:
		visits, shares := visitRows(t, body)
		for _, v := range visits {
			dump(&s, "visit", reflect.ValueOf(v))
		}
		for _, v := range shares {
			dump(&s, "share", reflect.ValueOf(v))
		}
	}
	return s.String()
}

func dumpRows[R any](t *testing.T, s *strings.Builder, body []byte, ask func([]byte) ([]result[R], error)) {
	all, err := ask(body)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range all {
		dump(s, fmt.Sprint(i), reflect.ValueOf(r))
	}
}

// dump writes a line for each value: the path of its fields, and the value.
func dump(s *strings.Builder, path string, v reflect.Value) {
	switch at := v.Interface().(type) {
	case time.Time:
		fmt.Fprintf(s, "%s = %s\n", path, at.Format(time.RFC3339Nano))
		return
	case []byte:
		if at == nil {
			at = []byte("NULL")
		}
		fmt.Fprintf(s, "%s = %s\n", path, at)
		return
	}
	switch {
	case v.Kind() == reflect.Struct && strings.HasPrefix(v.Type().Name(), "Null["):
		if !v.Field(1).Bool() {
			fmt.Fprintf(s, "%s = NULL\n", path)
			return
		}
		dump(s, path, v.Field(0))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			dump(s, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			dump(s, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case v.Kind() == reflect.String || v.Kind() == reflect.Slice:
		fmt.Fprintf(s, "%s = %q\n", path, v.Interface())
	default:
		fmt.Fprintf(s, "%s = %v\n", path, v.Interface())
	}
}

// diff reports up to ten lines that differ.
func diff(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	reported := 0
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("line %d\n-%s\n+%s", i+1, a, b)
			if reported++; reported == 10 {
				t.Fatal("and more")
			}
		}
	}
}
