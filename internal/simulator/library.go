package simulator

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"
)

// library indexes shares, visits and contents over all days so far, because a share is visited long after its creation. A
// library never changes once published: growing it makes a new one that reuses the old one's slices.
type library struct {
	days     int      // the days in [0, days) are indexed
	shares   []*Share // by creation
	bySlug   map[string]*Share
	contents []*Content // by creation
	byID     map[int64]*Content
	visited  [][]visitRef // by day, in no order
}

type visitRef struct {
	share *Share
	visit *Visit
}

// libraryAt is the library of at least every day up to now's.
func (s *Simulator) libraryAt(now time.Time) *library {
	need := s.cal.day(now) + 1
	if lib := s.library.Load(); lib != nil && lib.days >= need {
		return lib
	}
	s.growing.Lock()
	defer s.growing.Unlock()
	lib := s.library.Load()
	if lib == nil {
		lib = &library{bySlug: map[string]*Share{}, byID: map[int64]*Content{}}
	}
	if lib.days < need {
		lib = s.grown(lib, need)
		s.library.Store(lib)
	}
	return lib
}

// grown appends the days before need. Appending to the old slices is safe while others read the old library: readers
// never look past its lengths, and only the newest library is ever grown.
func (s *Simulator) grown(old *library, need int) *library {
	lib := *old
	lib.bySlug, lib.byID, lib.visited = maps.Clone(old.bySlug), maps.Clone(old.byID), slices.Clone(old.visited)
	for ; lib.days < need; lib.days++ {
		d := s.video(lib.days)
		for i := range d.Contents {
			lib.contents = append(lib.contents, &d.Contents[i])
			lib.byID[d.Contents[i].ID] = &d.Contents[i]
		}
		for i := range d.Shares {
			share := &d.Shares[i]
			lib.shares = append(lib.shares, share)
			lib.bySlug[share.Slug] = share
			for j := range share.Visits {
				v := &share.Visits[j]
				day := s.cal.day(v.At)
				for len(lib.visited) <= day {
					lib.visited = append(lib.visited, nil)
				}
				lib.visited[day] = append(lib.visited[day], visitRef{share, v})
			}
		}
	}
	return &lib
}

// visitsIn calls f for every visit in the window, in no order.
func (s *Simulator) visitsIn(lib *library, w window, f func(*Share, *Visit)) {
	first, last := max(0, s.cal.day(w.from)), min(len(lib.visited)-1, s.cal.day(w.last()))
	for day := first; day <= last; day++ {
		for _, ref := range lib.visited[day] {
			if w.contains(ref.visit.At) {
				f(ref.share, ref.visit)
			}
		}
	}
}

// visitsIn is the share's visits in the window.
func (s *Share) visitsIn(w window) []Visit {
	from := sort.Search(len(s.Visits), func(i int) bool { return !s.Visits[i].At.Before(w.from) })
	to := from + sort.Search(len(s.Visits)-from, func(i int) bool { return !w.beforeEnd(s.Visits[from+i].At) })
	return s.Visits[from:to]
}

// countBefore is the number of shares created before the window's end.
func (lib *library) countBefore(w window) int {
	return sort.Search(len(lib.shares), func(i int) bool { return !w.beforeEnd(lib.shares[i].CreatedAt) })
}

// createdIn is the shares created in the window.
func (lib *library) createdIn(w window) []*Share {
	to := lib.countBefore(w)
	from := sort.Search(to, func(i int) bool { return !lib.shares[i].CreatedAt.Before(w.from) })
	return lib.shares[from:to]
}

func (lib *library) contentsIn(w window) []*Content {
	from := sort.Search(len(lib.contents), func(i int) bool { return !lib.contents[i].CreatedAt.Before(w.from) })
	to := from + sort.Search(len(lib.contents)-from, func(i int) bool { return !w.beforeEnd(lib.contents[from+i].CreatedAt) })
	return lib.contents[from:to]
}

// newestFirst orders shares as the list does.
func newestFirst(shares []*Share) {
	slices.SortFunc(shares, func(a, b *Share) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Slug, b.Slug))
	})
}
