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

// Tracing is how traces are sent. Nil: they are not.
type Tracing struct{ provider *sdktrace.TracerProvider }

// stopWithin is how long what is left may take to be sent.
const stopWithin = 3 * time.Second

// Wanted tells whether the environment asks for traces. Its error is what it asks for that there is not.
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

// Start begins to send traces, if they are wanted; nil if not. It sets OpenTelemetry's global provider.
func Start(ctx context.Context, version string, log *zap.Logger) (*Tracing, error) {
	if wanted, err := Wanted(); !wanted {
		return nil, err
	}
	var once, quoted sync.Once
	otel.SetLogger(funcr.New(func(string, string) { // which quotes variables that are not understood: addresses and headers, and keys in them
		quoted.Do(func() {
			log.Warn("traces: OpenTelemetry has met an error, in its OTEL_ variables most likely; said once, and without what they hold")
		})
	}, funcr.Options{}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { // whose text may hold the receiver's address, and that a password
		once.Do(func() { log.Warn("traces cannot be sent; said once") })
	}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: the OTEL_EXPORTER_OTLP_ variables are not understood")
	}
	// What the environment says wins; the machine and the command line are nobody's business.
	described, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("wheelhouse"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES is not understood")
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(cleaning{exporter}), sdktrace.WithResource(described))
	otel.SetTracerProvider(provider)
	return &Tracing{provider}, nil
}

// Stop sends what is left.
func (t *Tracing) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what cannot be sent is dropped
}

// Transport makes requests spans. Off, it is nil: there is nothing between.
func (t *Tracing) Transport() func(http.RoundTripper) http.RoundTripper {
	if t == nil {
		return nil
	}
	return func(base http.RoundTripper) http.RoundTripper {
		return disguised{otelhttp.NewTransport(revealed{base}, otelhttp.WithTracerProvider(t.provider),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))}
	}
}

// Database makes statements spans, of those that are part of a window. Off, it is nil.
func (t *Tracing) Database() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return statements{otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider),
		otelpgx.WithDisableSQLStatementInAttributes(), otelpgx.WithDisableConnectionDetailsInAttributes())}
}
