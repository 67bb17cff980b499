package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"
)

// trouble is what a page says when it cannot be shown.
type trouble struct {
	Status int
	Title  string
	Say    string // what happened and what to do
	ID     string // the log's; "" where there is nothing to log
}

// wrong is a mistake in an address. Its text is shown.
type wrong struct {
	status int
	say    string
}

func (w *wrong) Error() string { return w.say }

func badRequest(say string) error { return &wrong{http.StatusBadRequest, say} }

// unknown answers 404: nothing is known by such a name.
func unknown(say string) error { return &wrong{http.StatusNotFound, say} }

func errorID() string { return strings.ToLower(rand.Text()[:10]) }

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, trouble{Status: http.StatusNotFound, Title: "No such page", Say: "There is no page at this address."})
}

// fail shows why a page could not be read, and logs it unless the address was the mistake.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var mistake *wrong
	if errors.As(err, &mistake) {
		title := map[int]string{http.StatusNotFound: "Not found"}[mistake.status]
		if title == "" {
			title = "This address has a mistake"
		}
		s.problem(w, r, trouble{Status: mistake.status, Title: title, Say: mistake.say})
		return
	}
	if r.Context().Err() != nil { // who asked has gone
		return
	}
	t, fields := diagnose(err)
	t.ID = errorID()
	var statement *statementError
	if errors.As(err, &statement) {
		fields = append(fields, zap.String("statement", statement.name))
	}
	s.o.Log.Warn("page failed", append(fields, zap.String("error_id", t.ID), zap.String("path", r.URL.Path), zap.Int("status", t.Status))...)
	s.problem(w, r, t)
}

// diagnose makes of an error what may be shown and what may be logged: no SQL, no values.
func diagnose(err error) (trouble, []zap.Field) {
	var pg *pgconn.PgError
	isPg := errors.As(err, &pg)
	switch {
	case errors.Is(err, errRole):
		return trouble{Status: http.StatusServiceUnavailable, Title: "The pages may not read the warehouse", Say: capital(errRole.Error()) + "."},
			[]zap.Field{zap.String("error", errRole.Error())}
	case isPg && pg.Code == pgerrcode.QueryCanceled, errors.Is(err, context.DeadlineExceeded):
		return trouble{Status: http.StatusServiceUnavailable, Title: "This took too long",
				Say: "The database did not answer in time. Try a shorter range of days, or again when the database has less to do."},
			[]zap.Field{zap.String("error", "time-out")}
	case isPg && (pg.Code == pgerrcode.UndefinedTable || pg.Code == pgerrcode.UndefinedColumn || pg.Code == pgerrcode.UndefinedFunction || pg.Code == pgerrcode.InvalidSchemaName):
		return trouble{Status: http.StatusServiceUnavailable, Title: "The warehouse has another schema",
			Say: "What this page reads is not there. Run `wheelhouse migrate status`, then `wheelhouse migrate up`."}, sqlFields(pg)
	case isPg && !pgerrcode.IsConnectionException(pg.Code) && !pgerrcode.IsOperatorIntervention(pg.Code) && !pgerrcode.IsInsufficientResources(pg.Code):
		return trouble{Status: http.StatusInternalServerError, Title: "This page failed",
			Say: "The database refused a statement of this page. The log has its SQLSTATE under the id below."}, sqlFields(pg)
	case isPg:
		return unreachable(), sqlFields(pg)
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return unreachable(), []zap.Field{zap.String("error", "no connection to the database")}
	}
	if pgconn.Timeout(err) || pgconn.SafeToRetry(err) {
		return unreachable(), []zap.Field{zap.String("error", "the connection to the database broke")}
	}
	return trouble{Status: http.StatusInternalServerError, Title: "This page failed", Say: "The log has more under the id below."},
		[]zap.Field{zap.String("error", fmt.Sprintf("not of the database: %T", err))}
}

// Reason is an error of Check's in words that may be logged.
func Reason(err error) string {
	t, _ := diagnose(err)
	return t.Title + ": " + t.Say
}

func unreachable() trouble {
	return trouble{Status: http.StatusServiceUnavailable, Title: "The database does not answer",
		Say: "The pages read the warehouse each time they are shown, and it cannot be reached now. Nothing is lost; try again soon."}
}

// sqlFields are what of an error of Postgres's cannot hold data.
func sqlFields(pg *pgconn.PgError) []zap.Field {
	return []zap.Field{zap.String("sqlstate", pg.Code), zap.String("table", pg.TableName), zap.String("column", pg.ColumnName)}
}

func (s *Server) problem(w http.ResponseWriter, r *http.Request, t trouble) {
	s.render(w, r, t.Status, errorTemplate, &view{Title: t.Title, Bare: true, Data: t})
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
