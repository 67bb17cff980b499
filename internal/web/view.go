package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
)

//go:embed *.gohtml
var templateFiles embed.FS

// view is the data of the layout. The page's own template finds the page's data in .Data.
type view struct {
	Title   string
	Bare    bool // no navigation, no scope
	Q       *request
	Nav     []link
	Sub     []link
	Presets []link
	Keeps   []hidden
	SignOut bool
	Data    any
}

type link struct {
	Text, Href string
	Current    bool
}

type hidden struct{ Name, Value string }

func (q *request) view(data any, signOut bool) *view {
	v := &view{Title: q.Page.Title, Q: q, SignOut: signOut, Data: data}
	if q.Title != "" {
		v.Title = q.Title
	}
	for _, p := range pages {
		if p.Nav != "" {
			v.Nav = append(v.Nav, link{p.Nav, q.Link(p.Path), p == q.Page || p.Section != "" && p.Section == q.Page.Section})
		}
		if p.Sub != "" && p.Section == q.Page.Section {
			v.Sub = append(v.Sub, link{p.Sub, q.Link(p.Path), p == q.Page})
		}
	}
	var own []string
	for _, name := range q.Page.Keeps {
		if value := q.Values.Get(name); value != "" {
			v.Keeps = append(v.Keeps, hidden{name, value})
			own = append(own, name, value)
		}
	}
	if q.Page.NoRange { // the form has no fields for the range, and must preserve it
		for _, name := range []string{"days", "from", "to"} {
			if value := q.values().Get(name); value != "" {
				v.Keeps = append(v.Keeps, hidden{name, value})
			}
		}
	}
	for _, days := range presets {
		other := q.scope
		other.Preset, other.asked = days, true
		text := fmt.Sprintf("%d days", days)
		if days == 365 {
			text = "1 year"
		}
		v.Presets = append(v.Presets, link{text, other.Link(q.Page.Path, own...), q.Preset == days})
	}
	return v
}

// Here is the page's own address, with the parameters that it keeps and more.
func (q *request) Here(more ...string) string {
	var own []string
	for _, name := range q.Page.Keeps {
		if !slices.Contains(more, name) {
			own = append(own, name, q.Values.Get(name))
		}
	}
	return q.Link(q.Page.Path, append(own, more...)...)
}

var functions = template.FuncMap{
	"shorten": func(s string) string { return shorten(s, 80) },
	"style":   func() string { return styleAddress },
	"icon":    func() string { return iconAddress },
	"day":     showDay,
	"iso":     func(t time.Time) string { return t.Format(time.DateOnly) },
}

var (
	common        = template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "layout.gohtml", "table.gohtml", "chart.gohtml", "shared.gohtml"))
	errorTemplate = mustTemplate("error")
	loginTemplate = mustTemplate("login")
)

// mustTemplate is the layout with the content of NAME.gohtml.
func mustTemplate(name string) *template.Template {
	return template.Must(template.Must(common.Clone()).ParseFS(templateFiles, name+".gohtml"))
}

// render sends a whole page, or an error.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, t *template.Template, v *view) {
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "layout", v); err != nil {
		s.o.Log.Error("page could not be rendered", zap.String("path", r.URL.Path), zap.String("template", t.Name()), zap.Error(err))
		plain(w, http.StatusInternalServerError, "This page could not be rendered; the log says why.\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client may have disconnected
}
