package load

// arena is memory for many small pieces that are released together.
type arena struct {
	blocks [][]byte // of blockSize; a larger piece has a block of its own size
	used   int      // bytes of the last block
}

// blockSize is the size of a block in bytes. Arenas reuse each other's blocks, because rows come and go by the hundred
// megabytes, which would keep the garbage collector busy.
const blockSize = 256 << 10

// blocks are free blocks. Free blocks beyond its capacity (8 MiB) are left to the garbage collector.
var blocks = make(chan []byte, 32)

func newBlock() []byte {
	select {
	case b := <-blocks:
		return b
	default:
		return make([]byte, blockSize)
	}
}

// take returns a piece of memory that belongs to the caller until the next release.
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

// last returns the block of the piece that was taken last, and the offset in the block. size is the size of the piece.
func (a *arena) last(size int) (block, at uint32) {
	return uint32(len(a.blocks) - 1), uint32(a.used - size)
}

// filled is how much of an arena is taken.
type filled struct{ blocks, used int }

func (a *arena) filled() filled { return filled{len(a.blocks), a.used} }

// back releases the pieces that were taken since.
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
