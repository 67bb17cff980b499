package load

// Unsifted is a stream that merges all its rows.
func Unsifted(s Stream) Stream {
	s.sifted = false
	return s
}

// InChunksOf makes a batch's chunks small.
func (b *Batch) InChunksOf(n int) { b.sessions.size = n }

// Crosses tells whether a window shows sessions that begin outside of it: it is then committed after those that do not.
func (r Ready) Crosses() bool { return r.crosses() }
