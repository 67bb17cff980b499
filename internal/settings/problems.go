package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one wrong setting.
type Problem struct {
	File    string // empty when it stands in no file
	Line    int
	Column  int    // in characters, from 1
	Path    string // streams.usage_new.cron; or the variable or flag
	Message string // what is wrong, and what would be right
}

func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
		if p.Line > 0 {
			fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
		}
		b.WriteString(" ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	return b.String() + p.Message
}

// Errors is every problem that one Load found: those of the file in its order,
// then those of the environment. Exit code 2 hangs on this type.
type Errors struct{ Problems []Problem }

// shown bounds what Error prints: after the first dozens a file is simply not a
// settings file.
const shown = 50

func (e *Errors) Error() string {
	if len(e.Problems) == 1 {
		return e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d wrong settings:", len(e.Problems))
	for i, p := range e.Problems {
		if i == shown {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Problems)-shown)
			break
		}
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// problems collects.
type problems struct{ list []Problem }

func (p *problems) at(where place, format string, args ...any) {
	p.list = append(p.list, Problem{where.file, where.line, where.column, where.path, fmt.Sprintf(format, args...)})
}

// env reports a problem of a variable (or flag) called name.
func (p *problems) env(name, format string, args ...any) {
	p.at(place{path: name}, format, args...)
}

// found returns the problems as one error, or nil.
func (p *problems) found() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		switch {
		case (a.File == "") != (b.File == ""):
			return strings.Compare(b.File, a.File)
		case a.Line != b.Line:
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &Errors{p.list}
}

// place is where a value stands.
type place struct {
	file         string
	line, column int
	path         string
}

// quote shows a text that a person wrote: escaped, and cut where it is long.
func quote(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
