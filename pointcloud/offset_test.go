package pointcloud

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"
)

// TestOffsetFor: coordinates less the offset are small, and float32 costs them no
// more than the documentation says; near the origin there is no offset.
func TestOffsetFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		extent := math.Exp(40 * rng.NormFloat64())
		lo := r3.Vector{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: rng.NormFloat64()}.Mul(extent * math.Exp(10*rng.NormFloat64()))
		hi := lo.Add(r3.Vector{X: extent * rng.Float64(), Y: extent, Z: extent * rng.Float64()})
		longest := max(hi.X-lo.X, hi.Y-lo.Y, hi.Z-lo.Z) // as it was rounded
		o := OffsetFor(lo, hi)
		if !Far(lo, hi) {
			if o != (r3.Vector{}) {
				t.Fatalf("%v to %v is near, offset %v", lo, hi, o)
			}
			continue
		}
		if again := OffsetFor(lo.Add(r3.Vector{X: longest / 1e9}), hi); longest > 0 && math.Abs(again.X-o.X) > 2*longest {
			t.Fatalf("offset %v became %v", o, again)
		}
		for _, p := range []r3.Vector{lo, hi, {X: lo.X, Y: hi.Y, Z: lo.Z}} {
			d := p.Sub(o)
			for _, v := range []float64{d.X, d.Y, d.Z} {
				if math.Abs(v) > 2*longest {
					t.Fatalf("%v to %v: %g beside offset %v", lo, hi, v, o)
				}
				if longest > 1e-30 && longest < 1e30 && math.Abs(float64(float32(v))-v) > longest/(1<<23) {
					t.Fatalf("%v to %v: %g is rounded to %g", lo, hi, v, float32(v))
				}
			}
		}
	}
	if o := OffsetFor(r3.Vector{X: 489000.123}, r3.Vector{X: 489000.123}); o.X != 489000.123 {
		t.Errorf("a single point: %v", o)
	}
	huge := math.MaxFloat64
	if o := OffsetFor(r3.Vector{X: -huge}, r3.Vector{X: huge}); o != (r3.Vector{}) {
		t.Errorf("the whole range: %v", o)
	}
	if o := OffsetFor(r3.Vector{X: huge / 2}, r3.Vector{X: huge}); o != (r3.Vector{}) {
		t.Errorf("near for its extent: %v", o)
	}
}

func TestFields(t *testing.T) {
	c := &Cloud{XYZ: make([]float32, 6), Fields: []Field{{"score", []float32{1, 2}}}, Offset: r3.Vector{X: 5}}
	d := c.Clone()
	d.Fields[0].Values[0] = 7
	if c.Field("score")[0] != 1 || c.Field("none") != nil || d.Absolute(1).X != 5 || c.Check() != nil {
		t.Errorf("%+v %+v", c, d)
	}
	c.Fields[0].Values = c.Fields[0].Values[:1]
	if err := c.Check(); !errors.Is(err, ErrShape) {
		t.Errorf("a short field: %v", err)
	}
	d.Offset.Y = math.NaN()
	if err := d.Check(); !errors.Is(err, ErrShape) {
		t.Errorf("offset: %v", err)
	}
	e := &Cloud{XYZ: make([]float32, 6), Width: 2, Height: 1, Offset: r3.Vector{X: 5}, Fields: []Field{{"score", []float32{1, 2}}}}
	p, err := e.PadSquare(3)
	if err != nil || p.Offset.X != 5 || len(p.Field("score")) != 9 || p.Field("score")[3] != 1 || p.Field("score")[4] != 2 {
		t.Errorf("padded: %+v, %v", p, err)
	}
}

func TestRescale(t *testing.T) {
	c := &Cloud{XYZ: []float32{0.1, 0.25, -3}, Offset: r3.Vector{X: 5}}
	c.Rescale(Metre)
	if c.XYZ[0] != 0.1 || c.Unit != Metre {
		t.Errorf("%+v", c)
	}
	c.Rescale(Millimetre)
	if c.XYZ[0] != 100 || c.XYZ[1] != 250 || c.XYZ[2] != -3000 || c.Offset.X != 5000 || c.Unit != Millimetre {
		t.Errorf("%+v", c)
	}
	c.Rescale(Metre)
	if c.XYZ[0] != 0.1 || c.Offset.X != 5 || c.Unit != Metre {
		t.Errorf("%+v", c)
	}
}
