package pipeline

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// recoverAsError, when deferred, turns a panic into an error with the place of the panic. The value is left out, because it may have
// data of an answer.
func recoverAsError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("a defect of this program: panic at %s", panicked())
	}
}

// panicked returns the place of the panic that is being recovered.
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
