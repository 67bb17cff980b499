package simulator

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
)

// sequence names an independent sequence of random numbers, so that changing how one fact is generated leaves the others alone.
type sequence uint64

const (
	seqTeam sequence = iota + 1
	seqMood
	seqLeave
	seqCampaign
	seqRequests
	seqCancellations
	seqSessions
	seqEdgeCases
	seqDeck
	seqRecordings
	seqShares
	seqDeletions
)

// dice are random numbers seeded by the account's seed, a sequence and a number, usually a day. A day can therefore be
// generated without the days before it.
type dice struct{ *rand.Rand }

func roll(seed uint64, s sequence, n int) dice {
	return dice{rand.New(rand.NewPCG(mix(seed^mix(uint64(s))), mix(uint64(int64(n))+uint64(s)<<48)))}
}

// mix is SplitMix64's finalizer: neighbouring numbers give unrelated ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is a yes or no that depends only on its arguments. It is much cheaper than roll.
func chance(seed uint64, s sequence, a, b int, p float64) bool {
	x := mix(mix(seed^mix(uint64(s))+uint64(int64(a))) + uint64(int64(b)))
	return float64(x>>11)/(1<<53) < p
}

func (d dice) yes(p float64) bool { return d.Float64() < p }

func (d dice) between(low, high float64) float64 { return low + d.Float64()*(high-low) }

// lognormal has the given median; sigma is the spread of its logarithm.
func (d dice) lognormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*d.NormFloat64())
}

// poisson draws a number of events from the Poisson distribution with the given mean.
func (d dice) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 40 { // the normal approximation is close enough, and its cost does not depend on the mean
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		p *= d.Float64()
		if p <= limit {
			return n
		}
		n++
	}
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// uuid is a random (version 4) UUID.
func (d dice) uuid() string {
	var b [16]byte
	for i, half := range [2]uint64{d.Uint64(), d.Uint64()} {
		for j := range 8 {
			b[i*8+j] = byte(half >> (8 * j))
		}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// hex16 is a random number in 16 hexadecimal digits.
func (d dice) hex16() string {
	var b [8]byte
	x := d.Uint64()
	for j := range b {
		b[j] = byte(x >> (8 * j))
	}
	return hex.EncodeToString(b[:])
}

// profile is the distribution of activity over the 24 hours of a day, as cumulative weights.
type profile [24]float64

func newProfile(weights [24]float64) profile {
	var p profile
	sum := 0.0
	for i, w := range weights {
		sum += w
		p[i] = sum
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// second draws a second of the day, 0..86399.
func (p *profile) second(d dice) int {
	u, h := d.Float64(), 0
	for h < 23 && u >= p[h] {
		h++
	}
	return h*3600 + d.IntN(3600)
}

// Hours of activity on the local clock. Agents take a lunch break; prospects also browse in the evening.
var (
	officeHours = newProfile([24]float64{7: .12, 8: .6, 9: 1, 10: 1.15, 11: 1.1, 12: .5, 13: .7, 14: 1.1, 15: 1.15, 16: 1,
		17: .6, 18: .2, 19: .07, 20: .04, 21: .02})
	browsingHours = newProfile([24]float64{.06, .03, .02, .02, .02, .04, .1, .25, .55, .9, 1, 1, .75, .85, 1, 1, .95, .75,
		.6, .5, .45, .38, .25, .13})
)
