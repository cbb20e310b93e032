package simd

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// Each target turns bytes into the input of a kernel and holds that every level of
// this processor gives the bits of the Go function, guards included.

// take returns the next number of bytes, 0 when they are used up.
func take(b *[]byte, size int) uint64 {
	var w [8]byte
	n := copy(w[:size], *b)
	*b = (*b)[n:]
	return binary.LittleEndian.Uint64(w[:])
}

// number is a value that kernels may see: coarse ones that tie, and any bits of a
// float32, NaN, infinities and denormals among them.
func number(b *[]byte) float64 {
	kind := take(b, 1)
	if kind%4 != 0 {
		return float64(kind>>2) / 4
	}
	return float64(math.Float32frombits(uint32(take(b, 4))))
}

// finite is number for what is always finite: coordinates of valid points.
func finite(b *[]byte) float64 {
	if v := number(b); v-v == 0 {
		return v
	}
	return math.MaxFloat32
}

// fast runs f at every level but Generic.
func fast(t *testing.T, f func(t *testing.T)) {
	for _, l := range Levels()[1:] {
		restore := Use(l)
		f(t)
		restore()
	}
}

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

func FuzzWithin(f *testing.F) {
	f.Add(uint8(9), uint8(3), uint8(4), []byte{4, 8, 12, 16, 20, 24, 28, 32, 36, 0, 0, 0, 0xc0, 0x7f})
	f.Add(uint8(70), uint8(15), uint8(0), []byte("all work and no play makes jack a dull boy"))
	f.Fuzz(func(t *testing.T, n, offset, cut uint8, b []byte) {
		count, o := int32(n)%maxLength, int32(offset)%maxOffset
		at := int32(cut) % (count + 1)
		room := count + o + fence
		var xyz [3][]float64
		ids := make([]int32, room)
		for i := range room {
			for d := range xyz {
				xyz[d] = append(xyz[d], number(&b))
			}
			ids[i] = i * 3
		}
		runs := []Run{{o, o + at}, {o, o}, {o + at, o + count}}
		qx, qy, qz, worst := number(&b), number(&b), number(&b), math.Abs(number(&b))
		run := func() (guarded[float64], guarded[int32], int) {
			d, near := newGuarded(int(count)+WithinSlack, int(o), -1.0), newGuarded(int(count)+WithinSlack, int(o), int32(-1))
			return d, near, Within(xyz[0], xyz[1], xyz[2], ids, runs, qx, qy, qz, worst, d.slice, near.slice)
		}
		var want guarded[float64]
		var wantNear guarded[int32]
		var expected int
		generic(func() { want, wantNear, expected = run() })
		fast(t, func(t *testing.T) {
			d, near, found := run()
			if found != expected || !slices.EqualFunc(d.slice[:found], want.slice[:found], same) || !slices.Equal(near.slice[:found], wantNear.slice[:found]) {
				t.Fatalf("%v: %d neighbours, want %d: %v %v", level, found, expected, d.slice[:found], want.slice[:expected])
			}
			if !d.intact(0) || !near.intact(0) {
				t.Fatalf("%v: written beyond the slack", level)
			}
		})
	})
}

func FuzzPairBins(f *testing.F) {
	f.Add(uint8(20), uint8(1), []byte("the quick brown fox jumps over the lazy dog"))
	f.Add(uint8(70), uint8(15), []byte{0, 0, 0, 0xc0, 0x7f, 4, 4, 4, 0, 0, 0, 0x80, 0x7f})
	f.Fuzz(func(t *testing.T, n, offset uint8, b []byte) {
		count := int(n) % maxLength
		points := make([]Oriented, 24)
		for i := range points {
			p := &points[i]
			for d := range 3 {
				p[d], p[4+d] = float32(finite(&b)-8), float32(finite(&b)-8)
			}
			// Normals are of unit length, or not known.
			length := math.Sqrt(float64(p[4])*float64(p[4]) + float64(p[5])*float64(p[5]) + float64(p[6])*float64(p[6]))
			for d := 4; d < 7; d++ {
				p[d] = float32(float64(p[d]) / length)
			}
		}
		list := newGuarded(count, int(offset)%maxOffset, int32(-1))
		for j := range list.slice {
			list.slice[j] = int32(take(&b, 1)) % int32(len(points))
		}
		var want Bins
		generic(func() { PairBins(points, 1, list.slice, &want) })
		fast(t, func(t *testing.T) {
			var got Bins
			PairBins(points, 1, list.slice, &got)
			for j := range count {
				if got[0][j] != want[0][j] || want[0][j] != Undecided && (got[1][j] != want[1][j] || got[2][j] != want[2][j]) {
					t.Fatalf("%v: pair %d of %d: bins %d %d %d, want %d %d %d", level, j, count, got[0][j], got[1][j], got[2][j], want[0][j], want[1][j], want[2][j])
				}
			}
			if !list.intact(0) {
				t.Fatalf("%v: the list changed", level)
			}
		})
	})
}

func FuzzWeigh(f *testing.F) {
	f.Add(uint8(20), uint8(1), []byte("pack my box with five dozen liquor jugs"))
	f.Fuzz(func(t *testing.T, n, offset uint8, b []byte) {
		rows := make([]Histogram, 16)
		for i := range rows {
			h := &rows[i]
			h.Pairs = uint8(take(&b, 1))
			for d := range h.XYZ {
				h.XYZ[d] = finite(&b)
			}
			for j := range h.Counts {
				h.Counts[j] = uint8(take(&b, 1))
			}
		}
		list := make([]int32, int(n)%maxLength)
		for j := range list {
			list[j] = int32(take(&b, 1)) % int32(len(rows))
		}
		at := [3]float64{finite(&b), finite(&b), finite(&b)}
		want := make([]float64, 33)
		generic(func() { Weigh(rows, list, &at, (*[33]float64)(want)) })
		fast(t, func(t *testing.T) {
			sums := newGuarded(33, int(offset)%maxOffset, -1.0)
			Weigh(rows, list, &at, (*[33]float64)(sums.slice))
			for j := range want {
				if !same(sums.slice[j], want[j]) {
					t.Fatalf("%v: sum %d is %v, want %v", level, j, sums.slice[j], want[j])
				}
			}
			if !sums.intact(0) {
				t.Fatalf("%v: written outside the sums", level)
			}
		})
	})
}
