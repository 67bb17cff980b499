package load

import (
	"bytes"
	"slices"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// rowsVersion is raised when this package makes other rows from the same record.
const rowsVersion = 4

// answersVersion stands before an answer's hash in the ledger, because another version of the program may make other rows from
// an equal answer.
var answersVersion = []byte{transform.Version, rowsVersion}

// AnswerHash returns an answer's hash as the ledger stores it; nil for a zero sum.
func AnswerHash(answer extract.Sum) []byte {
	if answer == (extract.Sum{}) {
		return nil
	}
	return slices.Concat(answersVersion, answer[:])
}

// KnownAnswer returns the sum in an answer's hash from the ledger; zero if another version of the program wrote the hash.
func KnownAnswer(hash []byte) (sum extract.Sum) {
	if rest, ok := bytes.CutPrefix(hash, answersVersion); ok {
		copy(sum[:], rest)
	}
	return sum
}
