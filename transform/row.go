package transform

import (
	"crypto/sha256"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wheelhouse/extract"
)

func some[T any](v T) sql.Null[T] { return sql.Null[T]{V: v, Valid: true} }

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

// note keeps a problem of a member, unless it is empty or another came before.
func (r *reader) note(name, problem string) {
	if r.why == "" && problem != "" {
		r.why = name + ": " + problem
	}
}

// text is a text as sent; the empty string is NULL.
func (r *reader) text(name string, f extract.Text) sql.Null[string] {
	r.note(name, f.Problem)
	if !f.Valid || f.V == "" {
		return sql.Null[string]{}
	}
	s := f.V
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
func (r *reader) typed(name string, f extract.Text) sql.Null[string] {
	f.V = strings.TrimSpace(f.V)
	return r.text(name, f)
}

// word is a text for which the API writes "n/a" or "none" where there is none.
func (r *reader) word(name string, f extract.Text) sql.Null[string] {
	if isNone(f.V) {
		f.V = ""
	}
	return r.text(name, f)
}

// agent is an address that identifies somebody: trimmed and lower-cased.
func (r *reader) agent(name string, f extract.Text) sql.Null[string] {
	f.V = strings.ToLower(strings.TrimSpace(f.V))
	if len(f.V) > maxKey {
		r.note(name, "longer than 512 bytes")
	}
	return r.word(name, f)
}

// key is a text that a row is known by: there must be one.
func (r *reader) key(name string, f extract.Text) string {
	n := r.text(name, f)
	switch {
	case !n.Valid:
		r.note(name, "missing")
	case len(n.V) > maxKey:
		r.note(name, "longer than 512 bytes")
	}
	return n.V
}

func (r *reader) agentKey(name string, f extract.Text) string {
	n := r.agent(name, f)
	if !n.Valid {
		r.note(name, "missing")
	}
	return n.V
}

// count is a whole number that cannot be negative: a count, seconds, milliseconds.
func (r *reader) count(name string, f extract.Integer) sql.Null[int32] {
	n := r.longCount(name, f)
	if n.V > math.MaxInt32 {
		r.note(name, "a number too large")
	}
	return sql.Null[int32]{V: int32(n.V), Valid: n.Valid}
}

func (r *reader) longCount(name string, f extract.Integer) sql.Null[int64] {
	if f.Valid && f.V < 0 {
		r.note(name, "a negative number")
	}
	return r.whole(name, f)
}

func (r *reader) whole(name string, f extract.Integer) sql.Null[int64] {
	r.note(name, f.Problem)
	return f.Null
}

func (r *reader) id(name string, f extract.Integer) int64 {
	if !f.Valid {
		r.note(name, f.Problem)
		r.note(name, "missing")
	}
	return f.V
}

func (r *reader) number(name string, f extract.Number) sql.Null[float64] {
	r.note(name, f.Problem)
	return f.Null
}

func (r *reader) boolean(name string, f extract.BoolOrNA) sql.Null[bool] {
	r.note(name, f.Problem)
	return f.Null
}

func (r *reader) instant(name string, f extract.Instant) sql.Null[time.Time] {
	r.note(name, f.Problem)
	return f.Null
}

func (r *reader) moment(name string, f extract.Instant) time.Time {
	if !f.Valid {
		r.note(name, f.Problem)
		r.note(name, "missing")
	}
	return f.V
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
	return strconv.FormatInt(f.V, 10)
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
