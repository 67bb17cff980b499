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

	"wheelhouse/internal/postgres"
)

// errorPage is shown instead of a page that failed.
type errorPage struct {
	Status  int
	Title   string
	Message string // what happened, and what to do
	ID      string // also in the log; "" if nothing is logged
}

// addressError is a mistake in an address. Its message is shown.
type addressError struct {
	status  int
	message string
}

func (w *addressError) Error() string { return w.message }

// zoneError: the database server or this program does not know the zone of the account.
type zoneError struct{ zone, who, remedy string }

func (e *zoneError) Error() string {
	return fmt.Sprintf("%s does not know the account's time zone %s: %s", e.who, e.zone, e.remedy)
}

func badRequest(message string) error { return &addressError{http.StatusBadRequest, message} }

// unknown is an error of status 404.
func unknown(message string) error { return &addressError{http.StatusNotFound, message} }

func errorID() string { return strings.ToLower(rand.Text()[:10]) }

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.showError(w, r, errorPage{Status: http.StatusNotFound, Title: "No such page", Message: "There is no page at this address."})
}

// fail shows why a page failed, and logs it unless the mistake is in the address.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var mistake *addressError
	if errors.As(err, &mistake) {
		title := map[int]string{http.StatusNotFound: "Not found"}[mistake.status]
		if title == "" {
			title = "This address has a mistake"
		}
		s.showError(w, r, errorPage{Status: mistake.status, Title: title, Message: mistake.message})
		return
	}
	if r.Context().Err() != nil { // the client has disconnected
		return
	}
	t, fields := diagnose(err)
	t.ID = errorID()
	var statement *statementError
	if errors.As(err, &statement) {
		fields = append(fields, zap.String("statement", statement.name))
	}
	s.o.Log.Warn("page failed", append(fields, zap.String("error_id", t.ID), zap.String("path", r.URL.Path), zap.Int("status", t.Status))...)
	s.showError(w, r, t)
}

// diagnose turns an error into a page and fields for the log. Neither contains SQL or values.
func diagnose(err error) (errorPage, []zap.Field) {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	isPg := errors.As(err, &pg)
	var zone *zoneError
	switch {
	case errors.As(err, &zone):
		return errorPage{Status: http.StatusServiceUnavailable, Title: "The account's time zone is not known",
			Message: zone.Error() + ". Pages of other accounts work."}, []zap.Field{zap.String("error", zone.Error())}
	case errors.As(err, &connect):
		return unreachable(), []zap.Field{zap.String("error", postgres.Redact(connect).Error())}
	case errors.As(err, new(*csvError)):
		return errorPage{Status: http.StatusInternalServerError, Title: "The CSV could not be made",
			Message: "The program could not write the temporary file for it. The folder for temporary files must be writable and have room: TMPDIR, or /tmp."}, []zap.Field{zap.String("error", err.Error())}
	case errors.As(err, new(postgres.UnusableError)):
		message := postgres.Redact(err).Error()
		return errorPage{Status: http.StatusServiceUnavailable, Title: "This database cannot be a warehouse", Message: capital(message) + "."},
			[]zap.Field{zap.String("error", message)}
	case errors.Is(err, errRole):
		return errorPage{Status: http.StatusServiceUnavailable, Title: "The pages may not read the warehouse", Message: capital(errRole.Error()) + "."},
			[]zap.Field{zap.String("error", errRole.Error())}
	case isPg && pg.Code == pgerrcode.QueryCanceled, errors.Is(err, context.DeadlineExceeded):
		return errorPage{Status: http.StatusServiceUnavailable, Title: "This took too long",
				Message: "The database did not answer in time. Try a shorter range of days, or again when the database has less to do."},
			[]zap.Field{zap.String("error", "time-out")}
	case isPg && (pg.Code == pgerrcode.UndefinedTable || pg.Code == pgerrcode.UndefinedColumn || pg.Code == pgerrcode.UndefinedFunction || pg.Code == pgerrcode.InvalidSchemaName):
		return errorPage{Status: http.StatusServiceUnavailable, Title: "The warehouse has another schema",
			Message: "The tables or columns of this page do not exist. Run `wheelhouse migrate status`, then `wheelhouse migrate up`."}, sqlFields(pg)
	case isPg && !pgerrcode.IsConnectionException(pg.Code) && !pgerrcode.IsOperatorIntervention(pg.Code) && !pgerrcode.IsInsufficientResources(pg.Code):
		return errorPage{Status: http.StatusInternalServerError, Title: "This page failed",
			Message: "The database refused a statement of this page. The log has its SQLSTATE under the id below."}, sqlFields(pg)
	case isPg:
		return unreachable(), sqlFields(pg)
	}
	if pgconn.Timeout(err) || pgconn.SafeToRetry(err) {
		return unreachable(), []zap.Field{zap.String("error", "the connection to the database broke")}
	}
	return errorPage{Status: http.StatusInternalServerError, Title: "This page failed", Message: "The log has more under the id below."},
		[]zap.Field{zap.String("error", fmt.Sprintf("not from the database: %T", err))}
}

// csvError: the temporary file of a CSV cannot be written.
type csvError struct{ error }

func (e *csvError) Unwrap() error { return e.error }

// Reason is an error of Check as a text that may be logged.
func Reason(err error) string {
	t, _ := diagnose(err)
	return t.Title + ": " + t.Message
}

func unreachable() errorPage {
	return errorPage{Status: http.StatusServiceUnavailable, Title: "The database does not answer",
		Message: "The pages cannot connect to the warehouse now. No data is lost; try again soon."}
}

// sqlFields are the fields of a Postgres error that cannot contain data.
func sqlFields(pg *pgconn.PgError) []zap.Field {
	return []zap.Field{zap.String("sqlstate", pg.Code), zap.String("table", pg.TableName), zap.String("column", pg.ColumnName)}
}

func (s *Server) showError(w http.ResponseWriter, r *http.Request, t errorPage) {
	s.render(w, r, t.Status, errorTemplate, &view{Title: t.Title, Bare: true, Data: t})
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
