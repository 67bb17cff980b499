package report

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// text is a value for people. A missing value is empty.
func (c column) text(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		return c.text(v.Elem())
	}
	switch known := v.Interface().(type) {
	case time.Time:
		if known.IsZero() {
			return ""
		}
		return known.Format("2006-01-02 15:04:05Z07:00")
	case fmt.Stringer:
		return known.String()
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return "yes"
		}
		return "no"
	case reflect.Slice, reflect.Array:
		var items []string
		for i := range v.Len() {
			items = append(items, c.text(v.Index(i)))
		}
		return strings.Join(items, ", ")
	}
	if isNumber(v.Type()) && !c.plain {
		return separated(number(v))
	}
	return fmt.Sprint(v.Interface())
}

func isNumber(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return !t.Implements(reflect.TypeFor[fmt.Stringer]())
	}
	return false
}

func number(v reflect.Value) string {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	}
	return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
}

// Count is a whole number with separators: 1,234,567.
func Count[N ~int | ~int64](n N) string { return separated(strconv.FormatInt(int64(n), 10)) }

// separated adds separators of thousands to a decimal number.
func separated(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if strings.Trim(whole, "0123456789") != "" {
		return s // NaN, Inf
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// cells counts a terminal's columns independently of the locale.
var cells = &runewidth.Condition{}

func width(s string) int { return cells.StringWidth(s) }

// maxCell is the maximum width of a cell in a table for people, in columns.
const maxCell = 200

func clip(s string) string { return cells.Truncate(s, maxCell, "…") }

// Printable is a text for one line of a terminal. Characters that do not print are escaped.
func Printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !shown(r) || r == unicode.ReplacementChar }) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // invalid UTF-8 becomes U+FFFD
		switch {
		case shown(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// shown reports whether a character may go to a terminal: it prints, or joins two characters that do.
func shown(r rune) bool { return unicode.IsPrint(r) || r == '\u200d' || r == '\u200c' }

// Roughly returns a duration as a text, rounded to minutes, hours or days.
func Roughly(d time.Duration) string {
	unit := func(n int, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case d < 2*time.Hour:
		return unit(max(1, int(d.Round(time.Minute).Minutes())), "minute")
	case d < 48*time.Hour:
		return unit(int(d.Round(time.Hour).Hours()), "hour")
	}
	return unit(int(d.Hours()/24), "day")
}
