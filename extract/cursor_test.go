package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// referenceTokens reads a text with jsontext. ok tells whether the text is one JSON value with nothing after it.
func referenceTokens(text []byte) (all []string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		kind := d.PeekKind()
		in, n := d.StackIndex(d.StackDepth())
		if d.StackDepth() == 0 && n > 0 && kind != jsontext.KindInvalid { // a second value
			return all, false
		}
		if in == '{' && n%2 == 0 && kind == '"' {
			name, err := d.ReadValue()
			if err != nil {
				return all, false
			}
			inner := name[1 : len(name)-1]
			if bytes.IndexByte(inner, '\\') >= 0 {
				inner, _ = jsontext.AppendUnquote(nil, []byte(name))
			}
			all = append(all, "name "+string(inner))
			continue
		}
		token, err := d.ReadToken()
		if err != nil {
			return all, len(all) > 0 && d.StackDepth() == 0 && err == io.EOF
		}
		all = append(all, token.Kind().String()+" "+token.String())
	}
}

// tokens reads the same tokens with a decoder.
func tokens(d *decoder) (all []string, err error) {
	var read func() error
	read = func() (err error) {
		switch d.kind() {
		case '{':
			all = append(all, "{ {")
			err = d.object(func(name []byte) error {
				all = append(all, "name "+string(name))
				return read()
			})
			all = append(all, "} }")
		case '[':
			all = append(all, "[ [")
			err = d.array(read)
			all = append(all, "] ]")
		default:
			var text []byte
			var kind byte
			text, kind, err = d.scalar()
			all = append(all, jsontext.Kind(kind).String()+" "+string(text))
		}
		return err
	}
	err = read()
	return all, err
}

// pieces is a body that arrives in pieces of one size.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// mustReadAsJSONText compares the decoder with jsontext: both accept the same texts and read the same tokens. It decodes the
// text as a whole, skips it, and decodes it as part of an answer that arrives in pieces of the given size.
func mustReadAsJSONText(t *testing.T, text []byte, size int) {
	want, ok := referenceTokens(text)
	d := decoderOf(text)
	got, err := tokens(d)
	read := err == nil && d.peek() == 0 && d.pos == len(text)
	if read != ok {
		t.Fatalf("%.200q: %v at byte %d; jsontext accepts it: %v", text, err, d.pos, ok)
	}
	if ok && !slices.Equal(got, want) {
		t.Fatalf("%.200q:\n%q\n%q", text, got, want)
	}
	past := decoderOf(text)
	if err := past.skip(); (err == nil && past.peek() == 0 && past.pos == len(text)) != ok {
		t.Fatalf("%.200q: skipped: %v at byte %d; jsontext accepts it: %v", text, err, past.pos, ok)
	}
	var records [][]string
	list := slices.Concat([]byte(" [ "), text, []byte("\n,"), text, []byte("]\t"))
	a := &answer{body: &pieces{list, size}}
	err = a.readAll(func(a *answer) error {
		return a.elements("$", func() error {
			return a.buffered(func() error {
				tokens, err := tokens(&a.decoder)
				if err == nil {
					records = append(records, tokens)
				}
				return err
			})
		})
	})
	if nests := strings.Count(string(text), "[")+strings.Count(string(text), "{") >= maxNesting; nests {
		return
	}
	if ok && (err != nil || len(records) != 2 || !slices.Equal(records[0], want) || !slices.Equal(records[1], want)) {
		t.Fatalf("%.200q in pieces of %d: %v\n%q", text, size, err, records)
	}
	if _, joined := referenceTokens(list); (err == nil) != joined {
		t.Fatalf("%.200q twice in an array, in pieces of %d: %v; jsontext accepts it: %v", text, size, err, joined)
	}
}

var jsonTexts = []string{
	``, ` `, `null`, `nul`, `nulL`, `truefalse`, `true`, `fals`, `false `, "\ttrue\r\n", `TRUE`, `nan`, `Infinity`, `undefined`, `'a'`,
	`0`, `-0`, `-`, `--1`, `+1`, `01`, `00`, `-01`, `1.`, `.5`, `1.5`, `1.5.5`, `1e`, `1e+`, `1E-07`, `1e5e5`, `1x`, `0x10`, `1_0`, `12345678901234567890`,
	`""`, `"`, `"\"`, `"\\"`, `"\/\b\f\n\r\t"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\uABCD\uabcd"`, `"\U0041"`, "\"\\u\x11\x12\x13\x14\"", `"\ud800"`, `"\udc00\ud800"`,
	`"\ud83d\ude00"`, `"\ud83dx"`, `"a\u0000b"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\x80\"", "\"\xff\xc3\"", "\"\xed\xa0\x80\"", "\"é😀\u2028\"", "\"\xe2\x82", "\xef\xbb\xbf1",
	`"0123456789abcdef"`, "\"0123456\x1f\"", "\"01234567\x1f\"", `"0123456\"89"`, "\"!!!!!!!\"!", "\" \x00!!!!!!\"", `"aaaaaaa\u0041aaaaaaaa"`, "\"\u00e9\u00e9\u00e9\u00e9\\n\"",
	`[]`, `[ ]`, `[,]`, `[1,]`, `[,1]`, `[1 2]`, `[1,2]`, `[1,,2]`, `[[],[[]]]`, `[`, `]`, `[}`, `[1}`, `[[1]`, `[1]]`, `[1],`, `[1:2]`, "[1\v,2]", "[1\u00a0]",
	`{}`, `{ }`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}`, `{"a" : 1 , "b" : 2}`, `{"a":1 "b":2}`, `{"a",1}`, `{a:1}`, `{1:1}`, `{"a":1]`, `{"a":{"b":[{}]}}`, `{"a":1,"a":2}`,
	`{"\u0061":1,"a":2}`, "{\"\xff\":1}", "{\"\xff\\n\":1}", `{"a":1}{}`, `{"a"::1}`, `{"":""}`, `{null:1}`, `// x` + "\n1", `1/**/`,
}

func TestCursorReadsAsJSONText(t *testing.T) {
	texts := slices.Clone(jsonTexts)
	for _, n := range []int{1, 100, maxNesting - 1, maxNesting, maxNesting + 1} {
		texts = append(texts, strings.Repeat("[", n)+strings.Repeat("]", n), strings.Repeat(`{"":`, n)+"1"+strings.Repeat("}", n))
	}
	// Every byte at every place of a group of eight bytes (see plain).
	for c := range 256 {
		for at := range 17 {
			text := []byte(`"0123456789abcdefg"`)
			text[1+at] = byte(c)
			texts = append(texts, string(text))
		}
	}
	for _, text := range texts {
		for _, size := range []int{1, 3, 1000} {
			mustReadAsJSONText(t, []byte(text), size)
		}
		if len(text) > 100 {
			continue
		}
		for _, in := range []string{"[%s]", `{"x":%s}`, " %s ", `{"x":[{},%s,1]}`, `["%s"]`, `{"%s":0}`} {
			mustReadAsJSONText(t, fmt.Appendf(nil, in, text), 7)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add([]byte(text), 1)
	}
	f.Fuzz(func(t *testing.T, text []byte, size int) { mustReadAsJSONText(t, text, max(1, size)) })
}

// TestARecordUpToTheBoundIsRead: a longer record is an error.
func TestARecordUpToTheBoundIsRead(t *testing.T) {
	for _, c := range []struct {
		size int
		want error
	}{{maxRecord, nil}, {maxRecord + 1, errRecordTooLarge}} {
		record := `"` + strings.Repeat("x", c.size-len(`""`)) + `",`
		body := strings.NewReader("[1," + record + record + "2]")
		n := 0
		a := &answer{body: body}
		err := a.readAll(func(a *answer) error {
			return records(a, "$", (*decoder).user, func(rec Record[User]) error { n++; return nil })
		})
		if !errors.Is(err, c.want) || c.want == nil && n != 4 || len(a.buf) > maxRecord {
			t.Errorf("records of %d bytes: %d, %v, a buffer of %d", c.size, n, err, len(a.buf))
		}
	}
}
