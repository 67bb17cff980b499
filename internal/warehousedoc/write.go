package main

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
)

//go:embed warehouse.md.tmpl
var page string

// escapes escapes markup in comments and answers.
var escapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "`", "\\`", "\n", " ", "\r", " ")

// write makes the Markdown document.
func write(c *catalogue, questions []question) ([]byte, error) {
	t, err := template.New("warehouse.md").Funcs(template.FuncMap{
		"text":   escapes.Replace,
		"anchor": anchor,
		"rights": func() []right { return rights(c.Roles) },
		"join":   func(list []string) string { return "`" + strings.Join(list, "`, `") + "`" },
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Schemas": c.Schemas, "Questions": questions})
	return b.Bytes(), err
}

// anchor is a heading's anchor: lower case, dashes for spaces, no punctuation.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(heading))
}

// right is the rights of a role, as text for each schema.
type right struct {
	Role string
	Says map[string]string // by schema
	Sees string
}

func rights(roles []role) []right {
	var list []right
	for _, r := range roles {
		if len(list) == 0 || list[len(list)-1].Role != r.Role {
			list = append(list, right{Role: r.Role, Says: map[string]string{}, Sees: "masked"})
		}
		last := &list[len(list)-1]
		last.Says[r.Schema] = r.text()
		if r.Personal {
			last.Sees = "unmasked"
		}
	}
	return list
}

func (r role) text() string {
	switch {
	case !r.Usage || !r.SomeRead:
		return "–"
	case r.SomeWrite:
		return "reads and writes"
	case !r.AllRead:
		return "reads some"
	}
	return "reads"
}
