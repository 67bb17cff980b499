package pipeline

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"wheelhouse/extract"
)

// tracer is OpenTelemetry's global tracer. It makes no spans unless package tracing was started.
var tracer = otel.Tracer("wheelhouse/internal/pipeline")

// traced begins the span of a window. Requests and statements with the returned context are its children.
func (t *task) traced(ctx context.Context) context.Context {
	ctx, t.span = tracer.Start(ctx, "load "+t.Stream.Name, trace.WithNewRoot(), trace.WithTimestamp(t.began), trace.WithAttributes(
		attribute.String("wheelhouse.account", t.Account), attribute.String("wheelhouse.stream", t.Stream.Name),
		attribute.String("wheelhouse.from", t.From.UTC().Format(time.RFC3339)), attribute.String("wheelhouse.to", t.To.UTC().Format(time.RFC3339)),
		attribute.String("wheelhouse.why", string(t.Why)), attribute.Int64("wheelhouse.run", t.outcome.Run), attribute.Int64("wheelhouse.load", t.Load)))
	return ctx
}

// endSpan ends the window's span with the outcome.
func (t *task) endSpan() {
	if t.span == nil {
		return
	}
	if t.span.IsRecording() {
		o, n := t.outcome, t.outcome.Counts
		t.span.SetAttributes(attribute.Int("wheelhouse.requests", o.Requests), attribute.Bool("wheelhouse.busy", o.Busy),
			attribute.Int64("wheelhouse.rows.read", n.Read), attribute.Int64("wheelhouse.rows.inserted", n.Inserted),
			attribute.Int64("wheelhouse.rows.updated", n.Updated), attribute.Int64("wheelhouse.rows.unchanged", n.Unchanged),
			attribute.Int64("wheelhouse.rows.deleted", n.Deleted), attribute.Int64("wheelhouse.rows.rejected", n.Rejected))
		if o.Reconciled != nil {
			t.span.SetAttributes(attribute.Bool("wheelhouse.reconciled", *o.Reconciled))
		}
		if o.Err != nil {
			t.span.SetStatus(codes.Error, unaddressed(o.Err))
		}
	}
	t.span.End()
}

// unaddressed returns the text of an error without the address of the request, which may have a share's slug. (The error itself has
// no other data.)
func unaddressed(err error) string {
	text := err.Error()
	var refused *extract.APIError
	if errors.As(err, &refused) {
		text = strings.ReplaceAll(text, refused.Path, "…")
	}
	var unsent *url.Error
	if errors.As(err, &unsent) {
		text = strings.ReplaceAll(text, unsent.URL, "…")
	}
	return text
}

// traceCommit begins a span in each window of a transaction. The statements are children of the first one.
func traceCommit(ctx context.Context, group []*task) (first context.Context, end func()) {
	first = ctx
	var spans []trace.Span
	for i, t := range group {
		if t.span == nil {
			continue
		}
		within, span := tracer.Start(trace.ContextWithSpan(ctx, t.span), "commit", trace.WithAttributes(attribute.Int("wheelhouse.windows", len(group))))
		if spans = append(spans, span); i == 0 {
			first = within
		}
	}
	return first, func() {
		for _, span := range spans {
			span.End()
		}
	}
}
