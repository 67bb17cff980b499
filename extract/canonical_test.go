package extract_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"wheelhouse/extract"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`null`: `null`, ` true `: `true`, `"a"`: `"a"`, `""`: `""`, `[]`: `[]`, `{}`: `{}`, `[ 1 , [ ] ]`: `[1, []]`,
		`{"b":1,"a":2}`:                                             `{"a": 2, "b": 1}`,
		`{"a":1,"a":2}`:                                             `{"a": 2}`,
		`{"a":{"x":1},"a":{"y":1}}`:                                 `{"a": {"y": 1}}`,
		`{"a":1,"\u0061":2}`:                                        `{"a": 2}`,
		`{"a\u0000":1}`:                                             `{"a": 1}`,
		`{"a\u0000":1,"a":2}`:                                       `{"a": 2, "a\\u0000": 1}`,
		`{"a":2,"a\u0000":1}`:                                       `{"a": 2, "a\\u0000": 1}`,
		`{"a\u0000":1,"a\u0000":2}`:                                 `{"a": 2}`,
		`{"\ud800":1,"\udfff":2}`:                                   "{\"\ufffd\": 1, \"\\\\udfff\": 2}",
		`{"\ud800":1,"\uD800":2}`:                                   "{\"\ufffd\": 2}",
		"{\"\ufffd\":1,\"\xff\":2}":                                 "{\"\ufffd\": 1, \"\\\\xff\": 2}",
		`{"x":{"b\u0000":1,"b":[{"c":1,"\u0000c":2}]}}`:             `{"x": {"b": [{"c": 1, "\\u0000c": 2}], "b\\u0000": 1}}`,
		`{"a":1,"a\u0000":2,"a\\u0000":3,"a\u0000\u0000":4}`:        `{"a": 1, "a\\u0000": 3, "a\\u0000'": 2, "a\\u0000\\u0000": 4}`,
		"{\"\xff\\ud83d\\ude00\\n\":1,\"\xfe\\ud83d\\ude00\\n\":2}": "{\"\ufffd😀\\n\": 2, \"\\\\xff😀\\n\": 1}",
		`"a\u0000b"`:                                                `"ab"`,
		`"\ud800"`:                                                  "\"\ufffd\"",
		`"\ud83d\ude00"`:                                            `"😀"`,
		`"\ud83dx"`:                                                 "\"\ufffdx\"",
		"\"\xff\xc3\"":                                              "\"\ufffd\ufffd\"",
		"{\"\xff\":1,\"\\ud800\":2}":                                "{\"\ufffd\": 2, \"\\\\xff\": 1}",
		`"\u003c\/\u2028\t\u0001"`:                                  "\"</\u2028\\t\\u0001\"",
		`1.0`:                                                       `1.0`,
		`-0`:                                                        `0`,
		`1E5`:                                                       `100000`,
		`-1.50e1`:                                                   `-15.0`, `12e-3`: `0.012`, `100e-2`: `1.00`, `-0.0`: `0.0`, `0.5e3`: `500`,
		`{"bb":1,"c":2}`:                  `{"c": 2, "bb": 1}`,
		`1e999`:                           `1` + strings.Repeat("0", 999),
		`1e1000`:                          `"1e1000"`,
		`1e1001`:                          `"1e1001"`,
		`-1E-1001`:                        `"-1E-1001"`,
		`1e99999999999999999999999999999`: `"1e99999999999999999999999999999"`,
		strings.Repeat("9", 1000):         strings.Repeat("9", 1000),
		strings.Repeat("9", 1001):         `"` + strings.Repeat("9", 1001) + `"`,
	} {
		got, err := extract.Canonical([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%.60q: %.60q %v, want %.60q", in, got, err, want)
		}
	}
}

func TestCanonicalDepth(t *testing.T) {
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if _, err := extract.Canonical(nest(64)); err != nil {
		t.Error(err)
	}
	if _, err := extract.Canonical(nest(66)); err == nil {
		t.Error("66 levels were accepted")
	}
}

func TestExtraJSON(t *testing.T) {
	e := extract.Extra{"b": []byte(`1`), "a\"": []byte(`{"x":null}`)}
	if got := string(e.JSON()); got != `{"b": 1, "a\"": {"x":null}}` {
		t.Error(got)
	}
	if extract.Extra(nil).JSON() != nil || (extract.Extra{}).JSON() != nil {
		t.Error("JSON without members")
	}
}

// FuzzCanonical: the result is JSON that jsonb can hold, and Canonical of the result is the result.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,"\ud800\u0000"],"a":null}`, "\"\xff\"", `1e1001`, `[[[{}]]]`, `{"\u0000":1,"":2}`, ` [ ] `, `-0.0e-0`, `{"\\u0000":"\\\u0000"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := extract.Canonical(raw)
		if err != nil {
			return
		}
		if !json.Valid(once) || !utf8.Valid(once) || holdsNUL(once) {
			t.Fatalf("%q became %q", raw, once)
		}
		twice, err := extract.Canonical(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%q became %q, then %q (%v)", raw, once, twice, err)
		}
	})
}
