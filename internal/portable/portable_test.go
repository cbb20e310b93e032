package portable

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// tolerance, relative to the larger of the result and 1: both sides err by about
// a unit in the last place.
const tolerance = 4 * 0x1p-52

// functions with x and y in [-1, 1) stretched to their domains. The digests are
// those of Go 1.26.8's package math on amd64 (GOAMD64=v1, processor with FMA).
var functions = []struct {
	name   string
	f, std func(x, y float64) float64
	digest uint64
}{
	{"Cos", func(x, _ float64) float64 { return Cos(math.Pi * x) }, func(x, _ float64) float64 { return math.Cos(math.Pi * x) }, 0x7fd89d583d3b5f6d},
	{"Acos", func(x, _ float64) float64 { return Acos(x) }, func(x, _ float64) float64 { return math.Acos(x) }, 0xd0717c3355e58e28},
	{"Atan2", Atan2, math.Atan2, 0xdf3d948a6552bad4},
	{"Exp", func(x, y float64) float64 { return Exp(x * 700 * y * y) }, func(x, y float64) float64 { return math.Exp(x * 700 * y * y) }, 0x8d542665b5f1a6c9},
	{"Log", func(x, y float64) float64 { return Log(math.Ldexp(x*x, int(900*y))) }, func(x, y float64) float64 { return math.Log(math.Ldexp(x*x, int(900*y))) }, 0x623d1878362e12bc},
}

// TestBits holds the results to the same bits on every machine.
func TestBits(t *testing.T) {
	for _, c := range functions {
		h, r := fnv.New64a(), rand.New(rand.NewPCG(3, 1))
		draw := func() float64 { return float64(r.Int64()>>10)*0x1p-52 - 1 }
		for range 200_000 {
			x, y := draw(), draw()
			got, want := c.f(x, y), c.std(x, y)
			if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
				t.Fatalf("%s of %v, %v: %v, want %v", c.name, x, y, got, want)
			}
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(got)))
		}
		if got := h.Sum64(); got != c.digest {
			t.Errorf("%s: digest %#x, want %#x", c.name, got, c.digest)
		}
	}
}

func TestSpecialCases(t *testing.T) {
	same := func(name string, got, want float64, of ...float64) {
		t.Helper()
		if math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
			t.Errorf("%s of %v: %v, want %v", name, of, got, want)
		}
	}
	values := []float64{0, math.Copysign(0, -1), 0.5, 1, -1, 2, -2, math.Inf(1), math.Inf(-1), math.NaN(), math.SmallestNonzeroFloat64}
	for _, x := range values {
		same("Acos", Acos(x), math.Acos(x), x)
		for _, y := range values {
			if x == 0 || y == 0 || x-x != 0 || y-y != 0 { // the others round
				same("Atan2", Atan2(y, x), math.Atan2(y, x), y, x)
			}
		}
	}
	for _, x := range []float64{0, math.Inf(1), math.Inf(-1), math.NaN(), 710, -800} {
		same("Exp", Exp(x), math.Exp(x), x)
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN()} {
		same("Log", Log(x), math.Log(x), x)
	}
	same("Cos", Cos(0), 1, 0)
	same("Cos", Cos(math.Pi), -1, math.Pi)
	same("Cos", Cos(math.NaN()), math.NaN())
}
