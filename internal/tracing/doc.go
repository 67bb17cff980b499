// Package tracing sends traces by OpenTelemetry's OTLP over HTTP, if OpenTelemetry's own variables ask for them: a span for each
// window, with its requests to the API and its statements in the database below it.
//
// On: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER=otlp. Off otherwise, with
// OTEL_TRACES_EXPORTER=none and with OTEL_SDK_DISABLED=true; then nothing is set up and nothing runs. The exporter, the sampler, the
// batches and the resource read the other OTEL_ variables by themselves. What cannot be had (another exporter or protocol) is refused.
//
// Promised: no span holds the key, a query string, a share's slug, a statement's parameters, the database's address or an
// error's text that is not our own. The instruments of others never see a request as it is sent, and what they record of
// errors, which may quote values, is taken out before it is sent. No header with the trace's id goes to the API.
//
// What OpenTelemetry says of variables that it does not understand, which quotes them, is not shown; that there was something, is.
//
// Not promised: that every span arrives. What cannot be sent is dropped, said once in the log, and keeps nobody waiting; Stop
// takes 3 seconds at the most.
package tracing
