package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// With a saturation of the whole region sPRO is PRO, to the bit; with less it
// lies above, and more so the less is asked for.
func TestSaturationProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	for range 60 {
		images := tiny(rng)
		base := map[bool]float64{}
		for _, whole := range []Saturation{{}, {Share: 1}, {Pixels: 1000}, {Area: 1e9}} {
			for _, exact := range []bool{false, true} {
				a, err := AUPRO(saturated(images, whole), OfficialLimit, PROOptions{Exact: exact})
				if err != nil {
					t.Fatal(err)
				}
				if want, seen := base[exact]; seen && a.Value != want || strings.Contains(string(a.Convention), "sPRO") {
					t.Fatalf("saturation %v: %v, want %v", whole, a, want)
				}
				base[exact] = a.Value
			}
		}
		for _, exact := range []bool{false, true} {
			last := base[exact]
			for _, share := range []float64{0.9, 0.5, 0.2, 0.01} {
				a, err := AUPRO(saturated(images, Saturation{Share: share}), OfficialLimit, PROOptions{Exact: exact})
				if err != nil || a.Value < last-1e-12 {
					t.Fatalf("share %v: %v, %v; less than %v", share, a, err, last)
				}
				last = a.Value
			}
		}
	}
}

// saturated gives images a saturation, and pixels of 2 by 1.
func saturated(images []Image[float64], s Saturation) []Image[float64] {
	out := slices.Clone(images)
	for k := range out {
		out[k].Saturation = s
		out[k].PixelArea = make([]float32, len(out[k].Scores))
		for i := range out[k].PixelArea {
			out[k].PixelArea[i] = 2
		}
	}
	return out
}

// Every way to state the same saturation gives the same curve, that of a slow
// count.
func TestSaturationUnits(t *testing.T) {
	m := Image[float64]{
		Width: 4, Height: 2,
		Scores: []float64{9, 8, 7, 1, 6, 5, 4, 2},
		Truth:  []bool{true, true, true, false, true, true, true, false}, // six pixels
	}
	for _, s := range []Saturation{{Pixels: 3}, {Share: 0.5}, {Share: 0.66}, {Area: 6}} {
		c, err := PROCurve(saturated([]Image[float64]{m}, s), PROOptions{Exact: true})
		if s.Share == 0.66 {
			s.Share = 0.5 // truncated to 3 pixels
		}
		if err != nil || c.YAxis != AxisSPRO || !strings.HasPrefix(string(c.Convention), "sPRO exact") {
			t.Fatalf("%v: %+v, %v", s, c, err)
		}
		if len(c.X) != 3 || c.Y[1] != 1 || c.X[1] != 0 {
			t.Errorf("%v: %v %v", s, c.X, c.Y)
		}
	}
	// A third of the saturation is a third of the overlap.
	half := m
	half.Scores = []float64{9, 1, 1, 8, 1, 1, 1, 2}
	half.Saturation = Saturation{Pixels: 3}
	c, err := PROCurve([]Image[float64]{half}, PROOptions{Exact: true})
	if err != nil || math.Abs(c.Y[1]-1.0/3) > 1e-15 {
		t.Errorf("one of three pixels: %v, %v", c, err)
	}
}

func TestSaturationErrors(t *testing.T) {
	m := Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{false, true}}
	for _, s := range []Saturation{{Pixels: -1}, {Share: 1.1}, {Share: math.NaN()}, {Area: math.Inf(1)}, {Pixels: 1, Share: 0.5}} {
		m.Saturation = s
		if _, err := pool([]Image[float64]{m}); !errors.Is(err, ErrOption) {
			t.Errorf("%v: %v, want ErrOption", s, err)
		}
	}
	m.Saturation = Saturation{Area: 1}
	for _, area := range [][]float32{nil, {1, 0}, {1, float32(math.NaN())}} {
		m.PixelArea = area
		if _, err := pool([]Image[float64]{m}); !errors.Is(err, ErrSaturation) {
			t.Errorf("areas %v: %v, want ErrSaturation", area, err)
		}
	}
	m.PixelArea = []float32{1}
	if _, err := pool([]Image[float64]{m}); !errors.Is(err, ErrLength) {
		t.Errorf("one area for two pixels: %v", err)
	}
	for _, c := range []struct {
		channels []Channel
		want     error
	}{
		{[]Channel{{[]bool{true}, "", 1}}, ErrLength},
		{[]Channel{{[]bool{false, false}, "", 1}}, ErrNoRegion},
		{[]Channel{{[]bool{false, true}, "", 0}}, ErrSaturation},
		{[]Channel{{[]bool{false, true}, "", math.NaN()}}, ErrSaturation},
	} {
		p := new(Pixels[float64])
		err := p.Add(Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Channels: c.channels})
		if !errors.Is(err, c.want) || p.Images() != 0 || p.Regions() != 0 {
			t.Errorf("%v: %v, want %v", c.channels, err, c.want)
		}
	}
	p := new(Pixels[float64])
	m = Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{false, true}, Channels: []Channel{{[]bool{false, true}, "", 1}}}
	if err := p.Add(m); !errors.Is(err, ErrOption) {
		t.Errorf("truth and channels: %v", err)
	}
}
