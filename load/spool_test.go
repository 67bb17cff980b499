package load

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// A spool gives back what was written and not forgotten, wherever it keeps it and however often it is read.
func TestASpoolKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s spool
		defer s.close()
		var want []byte
		noise := rand.NewChaCha8([32]byte{byte(rapid.Uint8().Draw(t, "seed"))})
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				p := make([]byte, rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 400<<10), rapid.Just(128<<10)).Draw(t, "n"))
				_, err := noise.Read(p)
				must(err)
				must(s.write(p))
				want = append(want, p...)
			},
			"truncate": func(t *rapid.T) {
				want = want[:rapid.IntRange(0, len(want)).Draw(t, "size")]
				must(s.truncate(int64(len(want))))
			},
			"section": func(t *rapid.T) {
				from := rapid.IntRange(0, len(want)).Draw(t, "from")
				to := rapid.IntRange(from, len(want)).Draw(t, "to")
				var buf []byte
				got, err := s.section(int64(from), int64(to), &buf)
				must(err)
				if !bytes.Equal(got, want[from:to]) {
					t.Fatalf("bytes %d to %d of %d are others", from, to, len(want))
				}
			},
			"": func(t *rapid.T) {
				r, err := s.reader()
				must(err)
				got, err := io.ReadAll(r)
				must(err)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes were written, %d others are read", len(want), len(got))
				}
			},
		})
	})
}
