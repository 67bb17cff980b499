package extract

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// beside holds what an answer says in members beside its rows that the stream does not know.
type beside struct {
	unknown []string // names of the members, sorted
	more    []string // names of members that say that there is more
	totals  []stated // numbers of rows that members state
}

type stated struct {
	name string
	rows int64
}

// maxUnknown bounds how many names of unknown members are kept.
const maxUnknown = 20

// notice reads a member that the stream does not know. It returns an error if the member says that the request failed: a server that
// fails may send an error with status 200 and an empty array of rows.
func (b *beside) notice(d *decoder, name string) error {
	value := d.src
	switch plainName(name) {
	case "error", "errors":
		if says, err := d.says(); says || err != nil {
			return stating(err, reason(value))
		}
	case "success", "ok":
		if d.kind() == 'f' {
			return stating(nil, plainName(name)+": false")
		}
	case "status":
		var status Text
		if err := d.text(&status); err != nil || slices.Contains(failures, strings.ToLower(status.V)) {
			return stating(err, "status: "+strings.ToLower(status.V))
		}
	}
	shown := shownName(name)
	if _, known := slices.BinarySearch(b.unknown, shown); !known && len(b.unknown) < maxUnknown {
		b.unknown = append(b.unknown, shown)
		slices.Sort(b.unknown)
	}
	return b.paging(decoderOf(value), name, shown, 3)
}

// failures are values of a member status with which APIs say that a request failed.
var failures = []string{"error", "fail", "failed", "failure"}

func stating(err error, reason string) error {
	switch {
	case err != nil:
		return err
	case reason == "":
		return errors.New("status 200, but the answer states an error")
	}
	return fmt.Errorf("status 200, but the answer states an error (%s)", reason)
}

// reason returns the text of a member error or errors, redacted.
func reason(value []byte) string {
	d := decoderOf(value)
	switch d.kind() {
	case '"':
		var text Text
		_ = d.text(&text) // the value was read before
		return redact(text.V)
	case '[':
		first := ""
		_ = d.array(func() error {
			v, err := d.value()
			if first == "" && err == nil {
				first = reason(v)
			}
			return err
		})
		return first
	}
	return excerpt(value)
}

// paging looks for members that say that there is more: a member such as has_more, next_cursor or truncated, a number of rows or pages
// that is larger than what came, or one of these in an object such as pagination or meta.
func (b *beside) paging(d *decoder, name, path string, depth int) error {
	switch plain := plainName(name); {
	case slices.Contains(moreMembers, plain):
		says, err := d.says()
		if says {
			b.more = append(b.more, path)
		}
		return err
	case slices.Contains(rowTotals, plain):
		var n Integer
		err := d.integer(&n)
		if n.Valid {
			b.totals = append(b.totals, stated{path, n.V})
		}
		return err
	case slices.Contains(pageTotals, plain):
		var n Integer
		err := d.integer(&n)
		if n.Valid && n.V > 1 {
			b.more = append(b.more, path)
		}
		return err
	case d.kind() == '{' && depth > 0 && slices.Contains(pagingObjects, plain):
		return d.object(func(name []byte) error {
			inner := string(name)
			value, err := d.value()
			if err != nil {
				return err
			}
			return b.paging(decoderOf(value), inner, path+"."+shownName(inner), depth-1)
		})
	}
	return nil
}

// The names of members in which APIs state their paging, in the form of plainName.
var (
	moreMembers = []string{
		"hasmore", "hasnext", "hasnextpage", "more", "moreresults", "next", "nextcursor", "nexthref", "nextlink", "nextoffset", "nextpage",
		"nextpagetoken", "nextpageurl", "nexttoken", "nexturl", "partial", "truncated", "incomplete",
	}
	rowTotals     = []string{"total", "totalcount", "totalentries", "totalitems", "totalresults", "totalrows"}
	pageTotals    = []string{"lastpage", "pagecount", "totalpages"}
	pagingObjects = []string{"pagination", "paging", "paginator", "pageinfo", "page", "cursor", "cursors", "links", "meta", "metadata"}
)

// notAll lists the members that say that there is more, where rows is the number of rows that came. "": none does.
func (b *beside) notAll(rows int64) string {
	more := slices.Clone(b.more)
	for _, t := range b.totals {
		if t.rows > rows {
			more = append(more, t.name)
		}
	}
	slices.Sort(more)
	return strings.Join(slices.Compact(more), ", ")
}

// says tells whether a value has any content, or means yes. null, false, zero, a word for one of these, and an array or object that
// holds nothing else do not count as content.
func (d *decoder) says() (says bool, err error) {
	inner := func() error {
		one, err := d.says()
		says = says || one
		return err
	}
	switch d.kind() {
	case '{':
		err = d.object(func([]byte) error { return inner() })
		return says, err
	case '[':
		err = d.array(inner)
		return says, err
	}
	text, kind, err := d.scalar()
	switch kind {
	case 'n', 'f':
		return false, err
	case '0':
		return parseNumber(string(text)).V != 0, err
	case '"':
		word := strings.ToLower(strings.TrimSpace(string(text)))
		return !isNone(word) && word != "false" && word != "no" && word != "0", err
	}
	return true, err
}

// plainName returns a name in the form in which names of members are compared: hasMore, has_more and has-more all become hasmore.
func plainName(name string) string {
	return strings.NewReplacer("_", "", "-", "", "$", "", "@", "").Replace(strings.ToLower(name))
}

var memberName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]{0,59}$`)

// shownName returns a member's name for the log and the ledger. A name that is no identifier may be a personal value: it becomes an
// ellipsis.
func shownName(name string) string {
	if !memberName.MatchString(name) {
		return "…"
	}
	return name
}
