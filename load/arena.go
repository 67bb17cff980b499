package load

// arena is memory for many small pieces that are given up together.
type arena struct {
	blocks [][]byte // those of pieces larger than a block are just as large
	used   int      // of the last block
}

// blockSize is the size of the blocks of memory that arenas hand on to each other: rows come and go by the hundred
// megabytes, and the collector should have nothing to do with that.
const blockSize = 256 << 10

// blocks are blocks that nobody uses now. More than these are left to the collector.
var blocks = make(chan []byte, 32)

func newBlock() []byte {
	select {
	case b := <-blocks:
		return b
	default:
		return make([]byte, blockSize)
	}
}

// take returns a piece of memory that nobody else has until the next release.
func (a *arena) take(size int) []byte {
	switch {
	case size > blockSize:
		a.blocks, a.used = append(a.blocks, make([]byte, size)), 0
	case len(a.blocks) == 0 || len(a.blocks[len(a.blocks)-1])-a.used < size:
		a.blocks, a.used = append(a.blocks, newBlock()), 0
	}
	a.used += size
	return a.blocks[len(a.blocks)-1][a.used-size : a.used : a.used]
}

// last is where the piece that was taken last is: its block, and its place in there.
func (a *arena) last(size int) (block, at uint32) {
	return uint32(len(a.blocks) - 1), uint32(a.used - size)
}

// filled is how much of an arena is taken.
type filled struct{ blocks, used int }

func (a *arena) filled() filled { return filled{len(a.blocks), a.used} }

// back gives up the pieces that were taken since.
func (a *arena) back(to filled) {
	for _, b := range a.blocks[to.blocks:] {
		if len(b) > blockSize {
			continue
		}
		select {
		case blocks <- b:
		default:
		}
	}
	clear(a.blocks[to.blocks:])
	a.blocks, a.used = a.blocks[:to.blocks], to.used
}

// release gives all pieces up.
func (a *arena) release() { a.back(filled{}) }
