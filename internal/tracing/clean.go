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

// Ours are the names of the tracers whose words are our own.
const Ours = "wheelhouse/"

// cleaning takes from the spans of others what they recorded of errors: their texts quote addresses, and Postgres's values.
type cleaning struct{ sdktrace.SpanExporter }

// ExportSpans is an exporter's.
func (c cleaning) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	cleaned := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		if cleaned[i] = span; !strings.HasPrefix(span.InstrumentationScope().Name, Ours) {
			cleaned[i] = speechless{span}
		}
	}
	return c.SpanExporter.ExportSpans(ctx, cleaned)
}

// speechless is a span without events, and whose status has no text.
type speechless struct{ sdktrace.ReadOnlySpan }

// Events are none.
func (speechless) Events() []sdktrace.Event { return nil }

// Status says whether it failed.
func (s speechless) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// disguised hands on, in place of each request, one that holds no more than a span may show.
type disguised struct{ http.RoundTripper }

type realRequest struct{}

// RoundTrip is a transport's.
func (d disguised) RoundTrip(r *http.Request) (*http.Response, error) {
	shown := (&http.Request{
		Method: r.Method, URL: &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: template(r.URL.Path)}, Host: r.URL.Host,
		Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: http.Header{},
	}).WithContext(context.WithValue(r.Context(), realRequest{}, r))
	return d.RoundTripper.RoundTrip(shown)
}

// template is a path without what tells one share from another.
func template(path string) string {
	const shares = "/company_content/shares/"
	if at := strings.Index(path, shares); at >= 0 {
		return path[:at] + shares + "{slug}"
	}
	return path
}

// revealed sends the real request.
type revealed struct{ http.RoundTripper }

// RoundTrip is a transport's.
func (d revealed) RoundTrip(shown *http.Request) (*http.Response, error) {
	ctx := shown.Context()
	return d.RoundTripper.RoundTrip(ctx.Value(realRequest{}).(*http.Request).WithContext(ctx))
}

// statements makes spans of what is part of one already: the rest (plans, claims, what metrics ask) would be traces of their own.
type statements struct{ tracer *otelpgx.Tracer }

func within(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

func (s statements) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !within(ctx) {
		return ctx // no span begins, and its end finds none
	}
	return s.tracer.TraceQueryStart(ctx, conn, data)
}

func (s statements) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	s.tracer.TraceQueryEnd(ctx, conn, data)
}

func (s statements) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !within(ctx) {
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
