package load

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"wheelhouse/internal/postgres"

	"pgregory.net/rapid"
)

// keyed is a row of a table that exists only in tests.
type keyed struct {
	id    int64
	name  string
	value string
}

var keyedRows = newRows(Table{Name: "keyed", LoadID: "load_id"},
	[]field[keyed]{
		requiredBigint("id", func(k *keyed) int64 { return k.id }),
		requiredText("name", func(k *keyed) string { return k.name }),
	},
	[]field[keyed]{requiredText("value", func(k *keyed) string { return k.value })})

func (s *sorter) put(t *rapid.T, k keyed, n int64) {
	e := s.begin()
	for i := range keyedRows.key {
		keyedRows.key[i].encode(e, &k)
	}
	keyEnd := len(e.b)
	keyedRows.columns[0].encode(e, &k)
	if err := s.end(n, 0, keyEnd, len(e.b)); err != nil {
		t.Fatal(err)
	}
}

// A sorter returns the records that were added and not forgotten, in the order of keys and then of arrival, as often as it is read,
// however few fit into memory.
func TestSorterReturnsEverythingInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newSorter(keyedRows.Table)
		defer s.close()
		s.limit = rapid.SampledFrom([]int{60, 300, 1000, 1 << 20}).Draw(t, "limit")
		type arrival struct {
			keyed
			n int64
		}
		var kept, now []arrival
		n := int64(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				n++
				k := keyed{rapid.SampledFrom([]int64{-1 << 63, -5, 0, 3, 1 << 40}).Draw(t, "id"),
					rapid.SampledFrom([]string{"", "a", "aa", "b", "ä"}).Draw(t, "name"), rapid.StringN(0, 40, -1).Draw(t, "value")}
				s.put(t, k, n)
				now = append(now, arrival{k, n})
			},
			"commit": func(*rapid.T) { s.commit(); kept = slices.Clone(now) },
			"rollback": func(t *rapid.T) {
				if err := s.rollback(); err != nil {
					t.Fatal(err)
				}
				now = slices.Clone(kept)
			},
		})
		if err := s.rollback(); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(kept)
		slices.SortStableFunc(want, func(a, b arrival) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.name, b.name)) })
		for range 2 {
			var got []arrival
			r, err := s.read()
			if err != nil {
				t.Fatal(err)
			}
			for {
				rec, more, err := r.take()
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
				var id int64
				if _, err := fmt.Sscan(typeBigint.text(fieldAt(rec.key, 0)), &id); err != nil {
					t.Fatal(err)
				}
				got = append(got, arrival{keyed{id, string(fieldAt(rec.key, 1)), string(fieldAt(rec.row, 0))}, rec.n})
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

// A temporary file that was cut short gives an error of its own, wherever it was cut.
func TestShortTemporaryFileIsNoLostConnection(t *testing.T) {
	t.Parallel()
	for _, lost := range []int64{1, 20, 45, 46, 100} {
		s := newSorter(keyedRows.Table)
		s.limit = 100
		for i := range int64(10) {
			e := s.begin()
			k := keyed{id: i, name: "x", value: "y"}
			keyedRows.encode(e, &k)
			if err := s.end(i, 0, len(e.b)-5, len(e.b)); err != nil {
				t.Fatal(err)
			}
		}
		written, err := s.read() // writes the records in memory
		if err != nil {
			t.Fatal(err)
		}
		written.stop()
		if err := s.file.Truncate(s.fileEnd() - lost); err != nil {
			t.Fatal(err)
		}
		r, err := s.read()
		n := 0
		for more := true; err == nil && more; n++ {
			_, more, err = r.take()
		}
		if !errors.Is(err, errShortFile) || postgres.Transient(err) {
			t.Errorf("%d bytes lost: %d records and %v", lost, n, err)
		}
		s.close()
	}
}

// Keys are ordered as Postgres orders them.
func TestKeysAreOrderedByTheirColumns(t *testing.T) {
	t.Parallel()
	encode := func(id int64, name string) []byte {
		var e encoder
		e.int8(id)
		e.text(name)
		return e.b
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := rapid.String().Draw(t, "x"), rapid.String().Draw(t, "y")
		if got, want := keyedRows.compare(encode(a, x), encode(b, y)), cmp.Or(cmp.Compare(a, b), bytes.Compare([]byte(x), []byte(y))); got != want {
			t.Fatalf("%d %q to %d %q: %d, want %d", a, x, b, y, got, want)
		}
	})
}

// Bytes have no sign: rejects are in the order of their hashes, spilled or not.
func TestSorterOrdersBytes(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 1 << 20} {
		s := newSorter(rejectRows.Table)
		defer s.close()
		s.limit = limit
		for _, first := range []byte{0xff, 0x00, 0x80, 0x7f} {
			e := s.begin()
			e.bytea([]byte{first, 0, 0, 0, 0, 0, 0, 0, 0})
			if err := s.end(1, 0, len(e.b), len(e.b)); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.read()
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			r, more, err := all.take()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			got = append(got, fieldAt(r.key, 0)[0])
		}
		if want := []byte{0x00, 0x7f, 0x80, 0xff}; !bytes.Equal(got, want) {
			t.Errorf("limit %d: %x, want %x", limit, got, want)
		}
	}
}

// However often an answer is asked for again, the memory of what is forgotten is used again.
func TestSorterForgetsMemory(t *testing.T) {
	t.Parallel()
	s := newSorter(keyedRows.Table)
	defer s.close()
	put := func(size int) {
		e := s.begin()
		e.int8(1)
		e.text("a")
		keyEnd := len(e.b)
		e.text(string(make([]byte, size)))
		if err := s.end(1, 0, keyEnd, len(e.b)); err != nil {
			t.Fatal(err)
		}
	}
	put(1000)
	s.commit()
	for range 100 {
		for range 3 {
			put(100 << 10)
		}
		put(blockSize)
		if err := s.rollback(); err != nil {
			t.Fatal(err)
		}
	}
	put(100)
	if n := len(s.memory.blocks); n != 1 || len(s.index) != 2 {
		t.Errorf("%d records in %d blocks of memory", len(s.index), n)
	}
}
