package faults

import (
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"testing"
)

var (
	oneSeed   = flag.Uint64("seed", 0, "run only the schedule of this seed; 0: run as many schedules as -schedules says")
	schedules = flag.Int("schedules", 8, "how many seeded fault schedules to run; the long tests have 500")
)

// Seeds are the seeds of the schedules to run.
func Seeds() []uint64 {
	if *oneSeed != 0 {
		return []uint64{*oneSeed}
	}
	var seeds []uint64
	for i := range *schedules {
		seeds = append(seeds, uint64(i)+1)
	}
	return seeds
}

// Seed is the seed of the flag -seed, or a random one.
func Seed() uint64 {
	if *oneSeed != 0 {
		return *oneSeed
	}
	return rand.Uint64()
}

// Replay makes a failing test print the command that repeats its schedule.
func Replay(t testing.TB, test, pkg string, seed uint64) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d; again: go test -race -run '^%s$' %s -seed %d", seed, test, pkg, seed)
		}
	})
}

// Rand is a generator of random numbers for one purpose of a schedule. Equal names and seeds give equal numbers.
func Rand(seed uint64, name string) *rand.Rand { return rand.New(rand.NewPCG(seed, hash(name))) }

func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// Int is a random number from low to high, both included.
func Int(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }
