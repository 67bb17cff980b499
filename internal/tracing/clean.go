package tracing

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// ownTracers is the prefix of the names of Wheelhouse's own tracers.
const ownTracers = "wheelhouse/"

// redacting is an exporter that removes the error texts from the spans of libraries. These texts quote addresses, and values
// from Postgres.
type redacting struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (r redacting) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	redacted := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		if redacted[i] = span; !strings.HasPrefix(span.InstrumentationScope().Name, ownTracers) {
			redacted[i] = withoutTexts{span}
		}
	}
	return r.SpanExporter.ExportSpans(ctx, redacted)
}

// withoutTexts is a span without events and without the text of its status.
type withoutTexts struct{ sdktrace.ReadOnlySpan }

// Events returns none.
func (withoutTexts) Events() []sdktrace.Event { return nil }

// Status returns only the code.
func (s withoutTexts) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// redactingTransport passes a redacted copy of each request on, with nothing but what a span may show.
type redactingTransport struct{ http.RoundTripper }

type realRequest struct{}

// RoundTrip implements http.RoundTripper.
func (t redactingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	redacted := (&http.Request{
		Method: r.Method, URL: &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: template(r.URL.Path)}, Host: r.URL.Host,
		Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: http.Header{},
	}).WithContext(context.WithValue(r.Context(), realRequest{}, r))
	return t.RoundTripper.RoundTrip(redacted)
}

// template is a path with a placeholder for a share's slug.
func template(path string) string {
	const shares = "/company_content/shares/"
	if at := strings.Index(path, shares); at >= 0 {
		return path[:at] + shares + "{slug}"
	}
	return path
}

// restoringTransport sends the original request in place of the redacted one.
type restoringTransport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t restoringTransport) RoundTrip(redacted *http.Request) (*http.Response, error) {
	ctx := redacted.Context()
	return t.RoundTripper.RoundTrip(ctx.Value(realRequest{}).(*http.Request).WithContext(ctx))
}

// statements makes spans of the statements within a window's span. Other statements (plans, claims, metrics) would become traces
// of their own.
type statements struct{ tracer *otelpgx.Tracer }

func inSpan(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

func (s statements) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !inSpan(ctx) {
		return ctx // no span begins, and its end finds none
	}
	return s.tracer.TraceQueryStart(ctx, conn, data)
}

func (s statements) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	s.tracer.TraceQueryEnd(ctx, conn, data)
}

func (s statements) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !inSpan(ctx) {
		return ctx // no span begins, and its end finds none
	}
	return s.tracer.TraceBatchStart(ctx, conn, data)
}

func (s statements) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.tracer.TraceBatchQuery(ctx, conn, data)
}

func (s statements) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	s.tracer.TraceBatchEnd(ctx, conn, data)
}
