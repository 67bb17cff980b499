package load

import (
	"bytes"
	"testing"

	"wheelhouse/internal/ledger"
)

// An incomplete batch never has the hash of a complete batch of the same rows. It does not matter which parts are missing.
func TestHashOfAnIncompleteBatch(t *testing.T) {
	t.Parallel()
	hash := func(missing string) []byte {
		b := NewBatch(ledger.Window{Account: "a", Stream: CompanyContent.Stream})
		defer b.Close()
		b.Begin()
		b.Commit()
		b.Incomplete(missing)
		return b.Hash()
	}
	if bytes.Equal(hash(""), hash("a day")) || !bytes.Equal(hash("a day"), hash("another")) || !bytes.Equal(hash(""), hash("")) {
		t.Error("the hashes do not tell complete batches from incomplete ones")
	}
}
