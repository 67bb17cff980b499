package spare

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// Bytes give back what was written and not forgotten, whoever had their memory before.
func TestBytesKeepWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all [2]Bytes
		var want [2][]byte
		noise := rand.NewChaCha8([32]byte{rapid.Byte().Draw(t, "seed")})
		some := func(t *rapid.T) []byte {
			p := make([]byte, rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 400<<10), rapid.Just(len(block{}))).Draw(t, "n"))
			_, _ = noise.Read(p)
			return p
		}
		which := func(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "which") }
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				i, p := which(t), some(t)
				if n, err := all[i].Write(p); n != len(p) || err != nil {
					t.Fatal(n, err)
				}
				want[i] = append(want[i], p...)
			},
			"read up to": func(t *rapid.T) {
				i, p, most := which(t), some(t), rapid.IntRange(0, 600<<10).Draw(t, "most")
				room := max(0, most-len(want[i]))
				err := all[i].ReadUpTo(most, iotest.HalfReader(bytes.NewReader(p)))
				if ended := errors.Is(err, io.EOF); ended != (room > len(p)) || err != nil && !ended {
					t.Fatalf("%d bytes of %d: %v", len(p), room, err)
				}
				want[i] = append(want[i], p[:min(len(p), room)]...)
			},
			"truncate": func(t *rapid.T) {
				i := which(t)
				want[i] = want[i][:rapid.IntRange(0, len(want[i])).Draw(t, "size")]
				all[i].Truncate(len(want[i]))
			},
			"section": func(t *rapid.T) {
				i := which(t)
				from := rapid.IntRange(0, len(want[i])).Draw(t, "from")
				to := rapid.IntRange(from, len(want[i])).Draw(t, "to")
				var buf []byte
				if got := all[i].Section(from, to, &buf); !bytes.Equal(got, want[i][from:to]) {
					t.Fatalf("bytes %d to %d of %d are others", from, to, len(want[i]))
				}
			},
			"": func(t *rapid.T) {
				for i := range all {
					got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(all[i].Reader(), 10)))
					if err != nil || !bytes.Equal(got, want[i][:min(10, len(want[i]))]) {
						t.Fatal(got, err)
					}
					var copied bytes.Buffer
					if _, err := io.Copy(&copied, all[i].Reader()); err != nil || all[i].Len() != len(want[i]) || !bytes.Equal(copied.Bytes(), want[i]) {
						t.Fatalf("%d bytes were written, %d others are read (%v)", len(want[i]), copied.Len(), err)
					}
				}
			},
		})
		for i := range all {
			all[i].Truncate(0)
		}
	})
}
