package settings

import (
	"fmt"
	"io"
)

const mask = "***"

// Secret is a text that is never printed, logged or marshalled. It is behind a pointer because fmt calls no methods of
// unexported fields: printing a struct with a Secret in an unexported field shows the pointer only.
type Secret struct{ text *string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, for the code that sends it.
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

// MarshalText returns ***, for JSON, YAML and other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }
