package pipeline

import "fmt"

// withheld, when deferred, makes an error of a panic. It names the place; the value is left out, as it can hold what an
// answer held.
func withheld(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("a defect of this program: panic at %s", panicked())
	}
}
