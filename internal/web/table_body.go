package web

import (
	"html/template"
	"strings"
)

// Body is the table's rows as HTML. It uses no template, which would take ten times as long for some hundred rows. Texts are
// escaped, and links lead only to pages of this server.
func (t *table) Body() template.HTML {
	var b strings.Builder
	for _, row := range t.Rows {
		b.WriteString("\n<tr>")
		for i, c := range row {
			open, end := "<td", "</td>"
			if i == 0 {
				open, end = `<th scope="row"`, "</th>"
			}
			b.WriteString(open)
			switch {
			case i < len(t.Columns) && t.Columns[i].Numeric:
				b.WriteString(` class="num"`)
			case c.Fixed:
				b.WriteString(` class="fixed"`)
			}
			attribute(&b, "title", c.Title)
			b.WriteByte('>')
			c.write(&b)
			b.WriteString(end)
		}
		b.WriteString("</tr>")
	}
	return template.HTML(b.String()) // escaped above
}

func (c cell) write(b *strings.Builder) {
	isLink := strings.HasPrefix(c.Href, "#") || strings.HasPrefix(c.Href, "/") && !strings.HasPrefix(c.Href, "//")
	if isLink {
		b.WriteString("<a")
		attribute(b, "href", c.Href)
		b.WriteByte('>')
	}
	if c.State != "" {
		b.WriteString("<span")
		attribute(b, "class", "state "+c.State)
		b.WriteByte('>')
	}
	b.WriteString(template.HTMLEscapeString(c.Text))
	if c.State != "" {
		b.WriteString("</span>")
	}
	if isLink {
		b.WriteString("</a>")
	}
}

// attribute writes an attribute, unless its value is empty.
func attribute(b *strings.Builder, name, value string) {
	if value == "" {
		return
	}
	b.WriteString(" " + name + `="`)
	b.WriteString(template.HTMLEscapeString(value))
	b.WriteByte('"')
}
