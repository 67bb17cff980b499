package load

import (
	"bytes"
	"slices"

	"wheelhouse/extract"
	"wheelhouse/transform"
)

// answersVersion stands before an answer's hash in the books: what is made of an answer may be another thing in the next version.
var answersVersion = []byte{transform.Version, rowsVersion}

// answerHash is the answer's hash as it stands in the books; nil where there is none.
func (a Asked) answerHash() []byte {
	if a.Answer == (extract.Sum{}) {
		return nil
	}
	return slices.Concat(answersVersion, a.Answer[:])
}

// knownAnswer reads an answer's hash from the books; it is zero where it says nothing of what this version makes of the answer.
func knownAnswer(booked []byte) (sum extract.Sum) {
	if rest, ok := bytes.CutPrefix(booked, answersVersion); ok {
		copy(sum[:], rest)
	}
	return sum
}
