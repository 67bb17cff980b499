package pipeline

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
)

// Without the level debug, and without metrics, nothing observes a stream's requests and leases, and nothing is allocated for them.
func TestWithoutDebugNothingIsObserved(t *testing.T) {
	own, err := extract.New(extract.Config{Server: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	at := func(level zapcore.Level) (*Runner, leaseWaits) {
		log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(t.Output()), level))
		return &Runner{Log: log}, newLeaseWaits(log)
	}
	r, leases := at(zap.InfoLevel)
	a, s := &Account{}, Stream{client: own}
	var window ledger.Window
	if n := testing.AllocsPerRun(100, func() {
		if r.client(a, s) != own {
			t.Error("the client is observed")
		}
		leases.begin(window)
		leases.end(window, "")
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
	if r, leases = at(zap.DebugLevel); r.client(a, s) == own || leases.log == nil {
		t.Error("not observed at level debug, so the test shows nothing")
	}
}
