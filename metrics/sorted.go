package metrics

import (
	"encoding/binary"
	"math"
	"sort"
)

// key is [order] with both zeros equal: keys compare exactly as scores do.
func key[S Score](v S) uint64 { return order(v + 0) }

// blockLen is how many keys lie between two entry points of a sortedRun.
const blockLen = 4096

// sortedRun is many keys in descending order, packed: the differences of
// neighbours as variable-length integers. Millions of float32 scores lie so
// close together that most take one byte.
type sortedRun struct {
	n    int
	data []byte
	last uint64 // the lowest key
	// Key i·blockLen and where, in data, the difference to the next one begins.
	first []uint64
	at    []int
}

// pack returns the run of a pile's scores, which it leaves sorted.
func pack[S Score](p *pile[S]) *sortedRun {
	p.sort(sortBlock)
	r := &sortedRun{n: p.n}
	size, prev := 0, uint64(0)
	p.descending(func(i int, k uint64) {
		if i%blockLen != 0 {
			size += uvarintLen(prev - k)
		}
		prev = k
	})
	r.data = make([]byte, 0, size)
	blocks := (p.n + blockLen - 1) / blockLen
	r.first, r.at = make([]uint64, 0, blocks), make([]int, 0, blocks)
	p.descending(func(i int, k uint64) {
		if i%blockLen != 0 {
			r.data = binary.AppendUvarint(r.data, prev-k)
		} else {
			r.first, r.at = append(r.first, k), append(r.at, len(r.data))
		}
		prev = k
	})
	r.last = prev
	return r
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// cursor walks a run downwards. Before it lie the i keys it has passed.
type cursor struct {
	r   *sortedRun
	i   int
	key uint64 // of i; undefined at the end
	at  int    // in data, of the difference to the next key
}

func (r *sortedRun) top() cursor {
	c := cursor{r: r}
	c.enter(0)
	return c
}

// enter goes to the beginning of a block, or to the end.
func (c *cursor) enter(block int) {
	c.i = min(block*blockLen, c.r.n)
	if c.i < c.r.n {
		c.key, c.at = c.r.first[block], c.r.at[block]
	}
}

// pass goes on to the first key that is less than k, or with orEqual not
// greater, and returns how many lie before it.
func (c *cursor) pass(k uint64, orEqual bool) int {
	if k == 0 && !orEqual { // no key is less than 0
		c.i = c.r.n
		return c.i
	}
	if !orEqual {
		k-- // less than k is not greater than k−1
	}
	if c.i == c.r.n || c.key <= k {
		return c.i
	}
	if b := c.i/blockLen + 1; b < len(c.r.first) && c.r.first[b] > k {
		// The key sought comes after the beginning of the next block.
		rest := c.r.first[b:]
		c.enter(b + sort.Search(len(rest), func(j int) bool { return rest[j] <= k }) - 1)
	}
	data := c.r.data
	i, at, cur := c.i, c.at, c.key
	// A block ends where the next begins, whose first key is not above k.
	end := min((i/blockLen+1)*blockLen, c.r.n)
	for cur > k {
		if i++; i == end {
			c.enter((i + blockLen - 1) / blockLen)
			return c.i
		}
		d := uint64(data[at])
		at++
		if d >= 0x80 {
			var n int
			d, n = binary.Uvarint(data[at-1:])
			at += n - 1
		}
		cur -= d
	}
	c.i, c.at, c.key = i, at, cur
	return i
}

// above counts the keys of runs that are greater than k.
func above(runs []*sortedRun, k uint64) int {
	n := 0
	for _, r := range runs {
		c := r.top()
		n += c.pass(k, true)
	}
	return n
}

// keyBelow returns the key of the greatest score that is not greater than t:
// scores exceed t when their keys exceed it. It is 0, below all scores, where t
// is.
func keyBelow[S Score](t float64) uint64 {
	v := S(t)
	if float64(v) > t { // rounded up
		v = previous(v)
	}
	return key(v)
}

// previous returns the greatest value less than v.
func previous[S Score](v S) S {
	if w, single := any(v).(float32); single {
		return S(math.Nextafter32(w, float32(math.Inf(-1))))
	}
	return S(math.Nextafter(float64(v), math.Inf(-1)))
}

// next returns the least value greater than v; the greatest finite one is its
// own.
func next[S Score](v S) S {
	n := -previous(-v)
	if n-n != 0 {
		return v
	}
	return n
}

// score returns the score of a key.
func score[S Score](k uint64) S {
	var v S
	if _, single := any(v).(float32); single {
		b := uint32(k)
		if b>>31 != 0 {
			b ^= 1 << 31
		} else {
			b = ^b
		}
		return S(math.Float32frombits(b))
	}
	if k>>63 != 0 {
		k ^= 1 << 63
	} else {
		k = ^k
	}
	return S(math.Float64frombits(k))
}
