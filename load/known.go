package load

import (
	"bytes"
	"slices"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// answersVersion stands before an answer's hash in the ledger: what is made of an answer may be another thing in the next version.
var answersVersion = []byte{transform.Version, rowsVersion}

// AnswerHash is an answer's hash as the ledger keeps it; nil where there is none.
func AnswerHash(answer extract.Sum) []byte {
	if answer == (extract.Sum{}) {
		return nil
	}
	return slices.Concat(answersVersion, answer[:])
}

// KnownAnswer reads an answer's hash from the ledger; it is zero where it says nothing of what this version makes of the answer.
func KnownAnswer(hash []byte) (sum extract.Sum) {
	if rest, ok := bytes.CutPrefix(hash, answersVersion); ok {
		copy(sum[:], rest)
	}
	return sum
}
