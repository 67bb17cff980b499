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

// tracer makes the spans. It is OpenTelemetry's global one, which makes none unless package tracing has been started.
var tracer = otel.Tracer("wheelhouse/internal/pipeline")

// traced begins a window's span, which ends with it. Requests and statements made with the context are its children.
func (h *inHand) traced(ctx context.Context) context.Context {
	ctx, h.span = tracer.Start(ctx, "load "+h.Outcome.Stream.Name, trace.WithNewRoot(), trace.WithTimestamp(h.began), trace.WithAttributes(
		attribute.String("wheelhouse.account", h.Outcome.Account), attribute.String("wheelhouse.stream", h.Outcome.Stream.Name),
		attribute.String("wheelhouse.from", h.Outcome.From.UTC().Format(time.RFC3339)), attribute.String("wheelhouse.to", h.Outcome.To.UTC().Format(time.RFC3339)),
		attribute.String("wheelhouse.why", string(h.Why)), attribute.Int64("wheelhouse.run", h.Run), attribute.Int64("wheelhouse.load", h.Load)))
	return ctx
}

// endSpan tells what became of the window.
func (h *inHand) endSpan() {
	if h.span == nil {
		return
	}
	if h.span.IsRecording() {
		n := h.Counts
		h.span.SetAttributes(attribute.Int("wheelhouse.requests", h.Requests), attribute.Bool("wheelhouse.held", h.Held),
			attribute.Int64("wheelhouse.rows.read", n.Read), attribute.Int64("wheelhouse.rows.inserted", n.Inserted),
			attribute.Int64("wheelhouse.rows.updated", n.Updated), attribute.Int64("wheelhouse.rows.unchanged", n.Unchanged),
			attribute.Int64("wheelhouse.rows.deleted", n.Deleted), attribute.Int64("wheelhouse.rows.rejected", n.Rejected))
		if h.Reconciled != nil {
			h.span.SetAttributes(attribute.Bool("wheelhouse.reconciled", *h.Reconciled))
		}
		if h.Err != nil {
			h.span.SetStatus(codes.Error, unaddressed(h.Err))
		}
	}
	h.span.End()
}

// unaddressed is an error as the ledger has it, which is without data, and without the address that was asked for: it holds
// a share's slug, and net/http quotes it with its query.
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

// transaction begins a span in each window that a transaction is of. Its statements are in the first's.
func transaction(ctx context.Context, all []*inHand) (first context.Context, end func()) {
	first = ctx
	var spans []trace.Span
	for i, h := range all {
		if h.span == nil {
			continue
		}
		within, span := tracer.Start(trace.ContextWithSpan(ctx, h.span), "commit", trace.WithAttributes(attribute.Int("wheelhouse.windows", len(all))))
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
