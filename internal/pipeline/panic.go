package pipeline

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// recoverAsError, when deferred, makes an error of a panic. It names the place; the value is left out, as it can hold what an
// answer held.
func recoverAsError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("a defect of this program: panic at %s", panicked())
	}
}

// panicked names the place of the panic being recovered from. Its value is left out: it can hold what an answer held.
func panicked() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}
