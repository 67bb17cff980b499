package transform

import (
	"crypto/sha256"
	"database/sql"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wheelhouse/extract"
)

func some[T any](v T) sql.Null[T] { return sql.Null[T]{V: v, Valid: true} }

// Limits of what is stored, in bytes.
const (
	maxText = 1 << 20 // of a text; a longer one is cut
	maxKey  = 512     // of a text in a key; a btree entry has room for about 2,700 bytes in all
)

// Reject is a record, or an entry of a record, that could not be understood.
type Reject struct {
	Path   string            // JSON path in the answer, such as $.sessions[3]
	Reason string            // names members and types, never values
	Key    string            // of a record: the key of its row; "" of an entry, and where the key could not be understood
	JSON   []byte            // the value as sent, in canonical form; nil where jsonb cannot hold it
	Text   string            // the value as sent, where JSON is nil
	Hash   [sha256.Size]byte // SHA-256 of JSON or Text
}

// rejectRecord makes the reject of a record. key is the row's key, column by column. Invariant 6: a record that cannot be
// understood costs only that record.
func rejectRecord(path, reason string, raw []byte, key ...string) []Reject {
	r := newReject(path, reason, raw)
	if !slices.Contains(key, "") {
		r.Key = strings.Join(key, " ")
	}
	return []Reject{r}
}

func newReject(path, reason string, raw []byte) Reject {
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

// reader turns the fields of one record into columns. It keeps the first problem, and the sizes of the texts that it cut.
type reader struct {
	problem string        // "" where the record can be stored
	cut     extract.Extra // bytes before the cut, by member
}

// note keeps a problem of a member, unless problem is empty or another problem came before.
func (r *reader) note(name, problem string) {
	if r.problem == "" && problem != "" {
		r.problem = name + ": " + problem
	}
}

// text returns a text as sent. An empty text is NULL.
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

// typed returns a text that a prospect typed, without white space around it. Words such as "none" are kept, because a
// prospect may have typed them.
func (r *reader) typed(name string, f extract.Text) sql.Null[string] {
	f.V = strings.TrimSpace(f.V)
	return r.text(name, f)
}

// word returns a text for which the API writes "n/a", "none" or "never" where there is no value: these are NULL.
func (r *reader) word(name string, f extract.Text) sql.Null[string] {
	if isNone(f.V) {
		f.V = ""
	}
	return r.text(name, f)
}

// agent returns the address that identifies an agent, lower-cased and without white space around it.
func (r *reader) agent(name string, f extract.Text) sql.Null[string] {
	f.V = strings.ToLower(strings.TrimSpace(f.V))
	if len(f.V) > maxKey {
		r.note(name, "longer than 512 bytes")
	}
	return r.word(name, f)
}

// key returns a text of the row's key, which must not be missing.
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

// agentKey returns an agent's address in the row's key, which must not be missing.
func (r *reader) agentKey(name string, f extract.Text) string {
	n := r.agent(name, f)
	if !n.Valid {
		r.note(name, "missing")
	}
	return n.V
}

// count returns a whole number that cannot be negative: a count, seconds, or milliseconds.
func (r *reader) count(name string, f extract.Integer) sql.Null[int32] {
	n := r.longCount(name, f)
	if n.V > math.MaxInt32 {
		r.note(name, "a number too large")
	}
	return sql.Null[int32]{V: int32(n.V), Valid: n.Valid}
}

// longCount is count for a bigint column.
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

// id returns the row's key, which must not be missing.
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

// moment returns a time that must not be missing.
func (r *reader) moment(name string, f extract.Instant) time.Time {
	if !f.Valid {
		r.note(name, f.Problem)
		r.note(name, "missing")
	}
	return f.V
}

// extra returns the column extra: unknown members, and under _cut the sizes of the texts that were cut. It is nil where
// there are neither. Where the API sends _cut itself, the sizes are under __cut.
func (r *reader) extra(e extract.Extra) []byte {
	if len(r.cut) == 0 {
		return e.JSON()
	}
	name := "_cut"
	for e[name] != nil {
		name = "_" + name
	}
	withCut := extract.Extra{name: r.cut.JSON()}
	maps.Copy(withCut, e)
	return withCut.JSON()
}

// idText returns an id as it stands in Reject.Key; "" where there is none.
func idText(f extract.Integer) string {
	if !f.Valid {
		return ""
	}
	return strconv.FormatInt(f.V, 10)
}

// isNone tells whether the API writes s where there is no value.
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
