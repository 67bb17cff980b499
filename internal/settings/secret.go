package settings

import (
	"fmt"
	"io"
)

const mask = "***"

// Secret holds a text that is never printed, logged or marshalled. The text stands behind a pointer because fmt calls no
// methods on unexported fields: printing a struct that holds a Secret in one shows the pointer.
type Secret struct{ text *string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String returns ***.
func (Secret) String() string { return mask }

// Format prints *** under every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// MarshalText returns ***, for JSON, YAML and whatever else marshals text.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }
