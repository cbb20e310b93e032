package grid

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func TestMapLayout(t *testing.T) {
	m := New(2, 3, 4)
	m.Set(1, 2, 3, 5)
	if m.At(1, 2, 3) != 5 || m.Data[len(m.Data)-1] != 5 || m.Pixel(1, 2)[3] != 5 {
		t.Error("value (1, 2, 3) is not the last one")
	}
	if cap(m.Pixel(0, 0)) != 4 {
		t.Error("an append to a pixel would reach the next one")
	}
	if !m.IsValid(0, 0) {
		t.Error("a new map has an invalid pixel")
	}
	m.Valid = make([]bool, 6)
	m.Valid[5] = true
	if m.IsValid(0, 0) || !m.IsValid(1, 2) {
		t.Error("flags are not read at y·W + x")
	}
}

// Every function gives the same bits on one processor and on many.
func TestSameBitsOnAnyNumberOfProcessors(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	m, holes := noise(r, 90, 71, 3, false), noise(r, 90, 71, 3, true)
	score := noise(r, 90, 71, 1, false)
	pix := randomBytes(r, 90*71*3)
	all := func(procs int) (values [][]float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		for _, m := range []*Map{
			AvgPool(m, 5), AdaptiveAvgPool(m, 28, 13), AdaptiveAvgPoolValid(holes, 28, 13),
			ResizeBilinear(m, 130, 40), ResizeBilinear(holes, 130, 40),
			GaussianBlur(m, 3), GaussianBlur(holes, 3), BlurBTF(score, 4),
			NormaliseImageNet(ResizeBicubic(pix, 90, 71, 3, 44, 99), 44, 99),
		} {
			values = append(values, m.Data)
		}
		return values
	}
	one := all(1)
	for _, procs := range []int{2, 7} {
		for i, got := range all(procs) {
			if !slices.Equal(got, one[i]) {
				t.Errorf("function %d: %d processors give other bits", i, procs)
			}
		}
	}
}
