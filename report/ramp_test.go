package report

import (
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// luminance is the relative luminance of an sRGB colour (WCAG 2.1).
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func TestRampGrowsLighter(t *testing.T) {
	for level := 1; level < 256; level++ {
		a, b := rampColour(uint8(level-1)), rampColour(uint8(level))
		if !(luminance(b) > luminance(a)) {
			t.Errorf("level %d, %v, is not lighter than the one below, %v", level, b, a)
		}
	}
	for i, want := range anchors {
		// Level 255·i/12 is an anchor where that is a whole number.
		if 255*i%(len(anchors)-1) != 0 {
			continue
		}
		if got := rampColour(uint8(255 * i / (len(anchors) - 1))); got != (color.RGBA{want[0], want[1], want[2], 255}) {
			t.Errorf("anchor %d is %v, want %v", i, got, want)
		}
	}
}

func TestTintCoversMoreWithTheLevel(t *testing.T) {
	// What a white and a black photo have in common is what covers them.
	const rounding = 1
	last := 255
	for level := range 256 {
		a, b := tint(255, uint8(level)), tint(0, uint8(level))
		through := int(a.G) - int(b.G)
		if through > last+rounding || through <= 0 {
			t.Errorf("level %d lets %d grey levels through, the one below %d", level, through, last)
		}
		last = min(last, through)
	}
	if last > 255/10 {
		t.Errorf("the highest level lets %d grey levels through", last)
	}
	if got := tint(200, 0); got != (color.RGBA{150, 150, 150, 255}) {
		t.Errorf("level 0 over grey 200 is %v, want three quarters of it", got)
	}
}

func TestLevel(t *testing.T) {
	s := scale{1, 3}
	for v, want := range map[float64]uint8{-5: 0, 1: 0, 2: 128, 3: 255, 99: 255, 1.003: 0, 1.004: 1} {
		if got := s.level(v); got != want {
			t.Errorf("score %g has level %d, want %d", v, got, want)
		}
	}
	flat := scale{2, 2}
	if a, b := flat.level(2), flat.level(2.5); a != 0 || b != 255 {
		t.Errorf("on a scale without extent: levels %d and %d", a, b)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      []string
	}{
		{0, 1, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{1.2, 3.7, []string{"1.5", "2.0", "2.5", "3.0", "3.5"}},
		{-0.3, 1.1, []string{"0.0", "0.5", "1.0"}},
		{10, 260, []string{"50", "100", "150", "200", "250"}},
		{0, 2.5e-6, []string{"0.00e+00", "5.00e-07", "1.00e-06", "1.50e-06", "2.00e-06", "2.50e-06"}},
		{2, 2, []string{"2"}},
	} {
		if _, got := ticks(scale{c.low, c.high}); !slices.Equal(got, c.want) {
			t.Errorf("ticks from %g to %g: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

func TestTicksOfAnyScale(t *testing.T) {
	const written = 0.006 // relative: three significant digits are the fewest written
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		low := r.NormFloat64() * math.Pow(10, float64(r.IntN(16)-8))
		s := scale{low, low + math.Abs(low)*(0.01+r.Float64())*10}
		values, texts := ticks(s)
		if len(values) < 2 || len(values) > mostTicks || !slices.IsSorted(values) {
			t.Fatalf("%v has ticks at %v", s, values)
		}
		// A tick may miss the end by the rounding of its own product.
		slack := 1e-12 * (math.Abs(s.low) + math.Abs(s.high))
		if values[0] < s.low-slack || values[len(values)-1] > s.high+slack {
			t.Fatalf("%v has ticks at %v", s, values)
		}
		for i, text := range texts {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || math.Abs(v-values[i]) > written*math.Abs(values[i]) {
				t.Fatalf("tick %g is written %q", values[i], text)
			}
		}
	}
	for _, s := range []scale{{0, 5e-324}, {1e10, math.Nextafter(1e10, 2e10)}, {0, math.MaxFloat64}} {
		if values, _ := ticks(s); len(values) > mostTicks {
			t.Errorf("%v has %d ticks", s, len(values))
		}
	}
}
