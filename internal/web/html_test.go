package web

import (
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// void are elements without an end tag.
var void = []string{"meta", "link", "input", "br", "img", "hr"}

// wellFormed parses a page strictly, unlike a browser, and returns its document.
func wellFormed(t *testing.T, path, body string) *html.Node {
	t.Helper()
	var open []string
	ids := map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Errorf("%s: %v", path, z.Err())
			}
			break
		}
		token := z.Token()
		for _, a := range token.Attr {
			if a.Key == "id" && ids[a.Val] {
				t.Errorf("%s: id %s occurs twice", path, a.Val)
			}
			if a.Key == "id" {
				ids[a.Val] = true
			}
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: the policy forbids the attribute %s of %s", path, a.Key, token.Data)
			}
		}
		switch {
		case kind == html.StartTagToken && !slices.Contains(void, token.Data):
			open = append(open, token.Data)
		case kind == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s: </%s> closes %v", path, token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: %v not closed", path, open)
	}
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	accessible(t, path, doc, ids)
	return doc
}

// accessible checks the needs of screen readers and keyboards.
func accessible(t *testing.T, path string, doc *html.Node, ids map[string]bool) {
	t.Helper()
	for name, most := range map[string]int{"main": 1, "h1": 1, "header": 1, "footer": 1} {
		if n := len(all(doc, name)); n != most {
			t.Errorf("%s: %d %s", path, n, name)
		}
	}
	for _, table := range all(doc, "table") {
		if len(all(table, "caption")) != 1 {
			t.Errorf("%s: a table without a caption", path)
		}
		for _, th := range all(table, "th") {
			if attr(th, "scope") == "" {
				t.Errorf("%s: a th without scope: %s", path, textOf(th))
			}
		}
	}
	for _, svg := range all(doc, "svg") {
		for _, id := range strings.Fields(attr(svg, "aria-labelledby")) {
			if !ids[id] {
				t.Errorf("%s: no %s", path, id)
			}
		}
		if len(all(svg, "desc")) != 1 || attr(svg, "role") != "img" {
			t.Errorf("%s: a picture without a description", path)
		}
	}
	for _, a := range all(doc, "a") {
		if attr(a, "href") == "" || strings.TrimSpace(textOf(a)) == "" {
			t.Errorf("%s: a link to %q with the text %q", path, attr(a, "href"), textOf(a))
		}
		if href := attr(a, "href"); !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#") {
			t.Errorf("%s: a link to another server: %s", path, href)
		}
	}
}

func all(n *html.Node, name string) (found []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// byID is the element with an id, or nil.
func byID(doc *html.Node, id string) *html.Node {
	for d := range doc.Descendants() {
		if attr(d, "id") == id {
			return d
		}
	}
	return nil
}

// tableOf is the rows of the table with an id, as shown, without the head.
func tableOf(t *testing.T, doc *html.Node, name string) (rows [][]string) {
	t.Helper()
	table := byID(doc, "table-"+name)
	if table == nil {
		t.Fatalf("no table %s", name)
	}
	for _, tr := range all(all(table, "tbody")[0], "tr") {
		var row []string
		for cell := range tr.ChildNodes() {
			if cell.Type == html.ElementNode {
				row = append(row, textOf(cell))
			}
		}
		rows = append(rows, row)
	}
	return rows
}
