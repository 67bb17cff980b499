// Package tracing sends traces with OpenTelemetry's OTLP over HTTP, if OpenTelemetry's environment variables ask for them. Each
// window has a span, which contains spans for its requests to the API and its statements in the database.
//
// Tracing is on with OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER=otlp. It is off
// otherwise, and with OTEL_TRACES_EXPORTER=none or OTEL_SDK_DISABLED=true; then nothing runs. The exporter, the sampler, the
// batches and the resource also read the other OTEL_ variables. Another exporter or protocol is refused.
//
// Promises: no span contains the key, a query string, a share's slug, a statement's parameters, the database's address or
// an error text of a library. Libraries only see a redacted request. Their records of errors, which may quote values, are
// removed before a span is sent. No header with the trace's id goes to the API.
//
// OpenTelemetry's errors about its variables quote the variables. The log says only that there was an error.
//
// Limits: a span that cannot be sent is dropped. The log says so once. Nothing waits for it, and Stop takes at most 3 seconds.
package tracing
