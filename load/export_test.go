package load

// Unsifted is a stream that merges all its rows.
func Unsifted(s Stream) Stream {
	s.sifted = false
	return s
}

// InChunksOf makes a batch's chunks small.
func (b *Batch) InChunksOf(n int) { b.sessions.size = n }
