package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/settings"
)

// page is one page. Its statements are in NAME.sql. Its template, in NAME.gohtml, defines "content".
type page struct {
	Name  string
	Path  string
	Title string
	Nav   string // its name in the navigation; "": not there

	// Section: the pages of a section have a navigation of their own.
	Section string
	Sub     string   // its name in the section's navigation; "": not there
	Keeps   []string // the page's own parameters, which the form for account, range and zone preserves

	// Today: the default range ends today. On other pages it ends yesterday, the last whole day.
	Today bool
	// Days is the length of the default range; 0: usualDays.
	Days int

	// NoRange: the page has no range of days.
	NoRange bool

	// Read reads what the template shows. The transaction ends with it.
	Read func(ctx context.Context, q *request) (any, error)
}

// request is one request for a page.
type request struct {
	scope
	Page    *page
	Values  url.Values
	Now     time.Time
	Streams []settings.Row // the schedules of the streams; empty: not known

	// Loading says how far a load of many windows is. "": no such load is running.
	Loading string

	// Title replaces the page's title, if it is known only after reading.
	Title string

	q      querier
	sql    statements
	tables []*table
	csv    *csvFile // of the table that is requested as CSV; nil: the page is requested
	over   int64    // rows beyond the limit of the requested CSV
}

// rows runs a statement of the page and collects its rows by position. Its arguments are those of the scope, and more.
func rows[T any](ctx context.Context, q *request, statement string, more pgx.NamedArgs) ([]T, error) {
	all := []T{}
	err := each(ctx, q, statement, more, func(row T) { all = append(all, row) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// each is rows for a table that may be long: each row is handed on when it comes, so that a CSV of it is never in memory as a whole.
func each[T any](ctx context.Context, q *request, statement string, more pgx.NamedArgs, take func(T)) error {
	args := q.args()
	maps.Copy(args, more)
	sql, known := q.sql[statement]
	if !known {
		panic("web: no statement " + statement + " in " + q.Page.Name + ".sql")
	}
	found, err := q.q.Query(ctx, sql, args)
	if err != nil {
		return &statementError{statement, err}
	}
	defer found.Close()
	for found.Next() {
		row, err := pgx.RowToStructByPos[T](found)
		if err != nil {
			return &statementError{statement, err}
		}
		take(row)
	}
	if err := found.Err(); err != nil {
		return &statementError{statement, err}
	}
	return nil
}

// one is rows for a statement that always returns one row.
func one[T any](ctx context.Context, q *request, statement string, more pgx.NamedArgs) (T, error) {
	all, err := rows[T](ctx, q, statement, more)
	if err == nil && len(all) != 1 {
		err = &statementError{statement, pgx.ErrNoRows}
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// show answers with a page, or with one of its tables as CSV.
func (s *Server) show(p *page) http.Handler {
	sql, template := mustSQL(p.Name), mustTemplate(p.Name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{Page: p, sql: sql, Values: r.URL.Query(), Now: s.o.Now()}
		if s.o.Streams != nil {
			q.Streams = s.o.Streams(q.Now)
		}
		if q.Values.Get("format") == "csv" {
			q.csv = newCSVFile(q.Values.Get("table"))
			defer q.csv.close()
		}
		var data any
		err := s.reader.read(r.Context(), func(ctx context.Context, from querier) (err error) {
			q.q = from
			if q.scope, err = readScope(ctx, from, q.Values, p); err != nil {
				return err
			}
			if len(q.Accounts) == 0 {
				return nil
			}
			q.Loading = s.o.Loading(q.Account.ID).text()
			data, err = p.Read(ctx, q)
			return err
		})
		switch {
		case err != nil:
			s.fail(w, r, err)
		case len(q.Accounts) == 0:
			s.showError(w, r, errorPage{Status: http.StatusOK, Title: "Nothing is loaded yet",
				Message: "The warehouse has no account yet. The first `wheelhouse run`, or the first pass of `serve`, adds one."})
		case q.csv != nil:
			s.sendCSV(w, r, q)
		default:
			s.render(w, r, http.StatusOK, template, q.view(data, s.access.token != ""))
		}
	})
}
