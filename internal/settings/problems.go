package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Place is the place of a setting: in a file, or in the variable or flag that Path names.
type Place struct {
	File         string // empty for a variable or flag
	Line, Column int    // from 1; the column counts characters
	Path         string // streams.usage_new.cron, or the name of the variable or flag
}

// Problem is one wrong setting.
type Problem struct {
	Place
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

// Errors is all problems that one Load found: those of the file in order, then those of the environment. The program
// exits with code 2 on an error of this type.
type Errors struct{ Problems []Problem }

// shown is the maximum number of problems that Error prints.
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

// problems collects problems.
type problems struct{ list []Problem }

func (p *problems) at(where Place, format string, args ...any) {
	p.list = append(p.list, Problem{where, fmt.Sprintf(format, args...)})
}

// env reports a problem of a variable or flag.
func (p *problems) env(name, format string, args ...any) {
	p.at(Place{Path: name}, format, args...)
}

// found returns the problems as one error, or nil.
func (p *problems) found() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(strings.Compare(b.File, a.File), a.Line-b.Line, a.Column-b.Column)
	})
	return &Errors{p.list}
}

// quote is a text from a file or variable, escaped and shortened.
func quote(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
