package tracing_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"sync"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver receives traces with OTLP over HTTP.
type receiver struct {
	mu    sync.Mutex
	bytes bytes.Buffer // everything received, uncompressed
	spans []*spans.Span
	names map[string]string // of services
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var body io.Reader = request.Body
	if request.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	var export collector.ExportTraceServiceRequest
	if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(text, &export) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes.Write(text)
	for _, resource := range export.ResourceSpans {
		for _, a := range resource.Resource.Attributes {
			r.names[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range resource.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
}

// below lists the children of a span.
func (r *receiver) below(parent *spans.Span) (all []*spans.Span) {
	for _, s := range r.spans {
		if bytes.Equal(s.ParentSpanId, parent.SpanId) && bytes.Equal(s.TraceId, parent.TraceId) {
			all = append(all, s)
		}
	}
	return all
}

func attribute(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func held(s *spans.Span) bool {
	for _, a := range s.Attributes {
		if a.Key == "wheelhouse.busy" {
			return a.Value.GetBoolValue()
		}
	}
	return false
}
