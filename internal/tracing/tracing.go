package tracing

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/go-logr/logr/funcr"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.uber.org/zap"
)

// Tracing sends traces. Nil means that tracing is off.
type Tracing struct{ provider *sdktrace.TracerProvider }

// stopWithin is the time in which Stop may send the remaining spans.
const stopWithin = 3 * time.Second

// Wanted reports whether the environment asks for traces. It returns an error if the environment asks for another exporter or
// protocol.
func Wanted() (bool, error) {
	exporter := strings.TrimSpace(os.Getenv("OTEL_TRACES_EXPORTER"))
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true"), exporter == "none":
		return false, nil
	case exporter == "" && os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not otlp or none", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := os.Getenv(name); protocol != "" {
			if protocol != "http/protobuf" {
				return false, fmt.Errorf("%s: %q is not http/protobuf", name, protocol)
			}
			break
		}
	}
	return true, nil
}

// Start starts tracing, or returns nil if tracing is off. It sets OpenTelemetry's global provider.
func Start(ctx context.Context, version string, log *zap.Logger) (*Tracing, error) {
	if wanted, err := Wanted(); !wanted {
		return nil, err
	}
	var once, reported sync.Once
	otel.SetLogger(funcr.New(func(string, string) { // the message quotes variables, which may contain keys
		reported.Do(func() {
			log.Warn("traces: OpenTelemetry reports an error, probably in its OTEL_ variables; logged once, without their values")
		})
	}, funcr.Options{}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { // the error may contain the receiver's address with a password
		once.Do(func() { log.Warn("traces cannot be sent; logged once") })
	}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: the OTEL_EXPORTER_OTLP_ variables are not valid")
	}
	// The environment overrides these attributes. The machine and the command line are not sent.
	attributes, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("wheelhouse"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES is not valid")
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(redacting{exporter}), sdktrace.WithResource(attributes))
	otel.SetTracerProvider(provider)
	return &Tracing{provider}, nil
}

// Stop sends the remaining spans.
func (t *Tracing) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // spans that cannot be sent are dropped
}

// Transport makes a span for each request. It is nil if tracing is off.
func (t *Tracing) Transport() func(http.RoundTripper) http.RoundTripper {
	if t == nil {
		return nil
	}
	return func(base http.RoundTripper) http.RoundTripper {
		return redactingTransport{otelhttp.NewTransport(restoringTransport{base}, otelhttp.WithTracerProvider(t.provider),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))}
	}
}

// Database makes a span for each statement of a window. It is nil if tracing is off.
func (t *Tracing) Database() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return statements{otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider),
		otelpgx.WithDisableSQLStatementInAttributes(), otelpgx.WithDisableConnectionDetailsInAttributes())}
}
