package transform

import (
	"crypto/sha256"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wheelhouse/extract"
)

// Null is a value or SQL's NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

func some[T any](v T) Null[T] { return Null[T]{v, true} }

// Limits of what is stored.
const (
	maxText = 1 << 20 // bytes of a text; more is cut
	maxKey  = 512     // bytes of a text in a key: a btree entry holds about 2,700 bytes in all
)

// Reject is a record, or an entry of one, that could not be understood.
type Reject struct {
	Path   string // in its answer, such as $.sessions[3]
	Reason string
	Key    string // a record's: what its row would be known by; "" where not even that could be read
	JSON   []byte // canonical, as sent; nil where jsonb cannot hold it
	Text   string // as sent, where JSON is nil
	Hash   [sha256.Size]byte
}

// aside makes the reject of a whole record.
func aside(path, reason string, raw []byte, key ...string) []Reject {
	r := reject(path, reason, raw)
	if !slices.Contains(key, "") {
		r.Key = strings.Join(key, " ")
	}
	return []Reject{r}
}

func reject(path, reason string, raw []byte) Reject {
	r := Reject{Path: path, Reason: reason}
	if canonical, err := extract.Canonical(raw); err == nil {
		r.JSON = canonical
		r.Hash = sha256.Sum256(canonical)
	} else {
		r.Text = strings.ToValidUTF8(strings.ReplaceAll(string(raw), "\x00", ""), "\uFFFD")
		r.Hash = sha256.Sum256([]byte(r.Text))
	}
	return r
}

// reader takes the fields of one record, keeps the first that cannot be stored, and notes cut texts.
type reader struct {
	why string
	cut extract.Extra
}

func (r *reader) odd(name, why string) {
	if r.why == "" && why != "" {
		r.why = name + ": " + why
	}
}

// text is a text as sent; the empty string is NULL.
func (r *reader) text(name string, f extract.Text) Null[string] {
	r.odd(name, f.Odd)
	if !f.Valid || f.Value == "" {
		return Null[string]{}
	}
	s := f.Value
	if len(s) > maxText {
		end := maxText
		for !utf8.RuneStart(s[end]) {
			end--
		}
		r.noteCut(name, len(s))
		s = s[:end]
	}
	return some(s)
}

func (r *reader) noteCut(name string, size int) {
	if r.cut == nil {
		r.cut = extract.Extra{}
	}
	r.cut[name] = strconv.AppendInt(nil, int64(size), 10)
}

// typed is what a prospect typed: trimmed, and otherwise left alone ("none" may be an answer).
func (r *reader) typed(name string, f extract.Text) Null[string] {
	f.Value = strings.TrimSpace(f.Value)
	return r.text(name, f)
}

// word is a text for which the API writes "n/a" or "none" where there is none.
func (r *reader) word(name string, f extract.Text) Null[string] {
	if isNone(f.Value) {
		f.Value = ""
	}
	return r.text(name, f)
}

// agent is an address that identifies somebody: trimmed and lower-cased.
func (r *reader) agent(name string, f extract.Text) Null[string] {
	f.Value = address(f.Value)
	if len(f.Value) > maxKey {
		r.odd(name, "longer than 512 bytes")
	}
	return r.word(name, f)
}

// address trims and lower-cases an address, which nearly all are already.
func address(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.ToLower(strings.TrimSpace(s))
		}
	}
	return s
}

// key is a text that a row is known by: there must be one.
func (r *reader) key(name string, f extract.Text) string {
	n := r.text(name, f)
	switch {
	case !n.Valid:
		r.odd(name, "missing")
	case len(n.V) > maxKey:
		r.odd(name, "longer than 512 bytes")
	}
	return n.V
}

func (r *reader) agentKey(name string, f extract.Text) string {
	n := r.agent(name, f)
	if !n.Valid {
		r.odd(name, "missing")
	}
	return n.V
}

// count is a whole number that cannot be negative: a count, seconds, milliseconds.
func (r *reader) count(name string, f extract.Integer) Null[int32] {
	n := r.longCount(name, f)
	if n.V > math.MaxInt32 {
		r.odd(name, "a number too large")
	}
	return Null[int32]{int32(n.V), n.Valid}
}

func (r *reader) longCount(name string, f extract.Integer) Null[int64] {
	if f.Valid && f.Value < 0 {
		r.odd(name, "a negative number")
	}
	return r.whole(name, f)
}

func (r *reader) whole(name string, f extract.Integer) Null[int64] {
	r.odd(name, f.Odd)
	return Null[int64]{f.Value, f.Valid}
}

func (r *reader) id(name string, f extract.Integer) int64 {
	if !f.Valid {
		r.odd(name, f.Odd)
		r.odd(name, "missing")
	}
	return f.Value
}

func (r *reader) number(name string, f extract.Number) Null[float64] {
	r.odd(name, f.Odd)
	return Null[float64]{f.Value, f.Valid}
}

func (r *reader) boolean(name string, f extract.BoolOrNA) Null[bool] {
	r.odd(name, f.Odd)
	return Null[bool]{f.Value, f.Valid}
}

func (r *reader) instant(name string, f extract.Instant) Null[time.Time] {
	r.odd(name, f.Odd)
	return Null[time.Time]{f.Value, f.Valid}
}

func (r *reader) moment(name string, f extract.Instant) time.Time {
	if !f.Valid {
		r.odd(name, f.Odd)
		r.odd(name, "missing")
	}
	return f.Value
}

// extra is the members that nobody knows, and the note of what was cut; nil where there is nothing.
func (r *reader) extra(e extract.Extra) []byte {
	if len(r.cut) == 0 {
		return e.JSON()
	}
	noted := extract.Extra{"_cut": r.cut.JSON()}
	for name, v := range e {
		noted[name] = v
	}
	return noted.JSON()
}

// idText is an id as a reject's key; "" where there is none.
func idText(f extract.Integer) string {
	if !f.Valid {
		return ""
	}
	return strconv.FormatInt(f.Value, 10)
}

func isNone(s string) bool {
	if s = strings.TrimSpace(s); len(s) > len("never") {
		return false
	}
	switch strings.ToLower(s) {
	case "never", "n/a", "none":
		return true
	}
	return false
}
