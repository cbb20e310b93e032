package rgbd

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r2"
	"github.com/golang/geo/r3"
)

// projectionError bounds what projecting a back-projected pixel changes, in
// pixels: five roundings of float64 at coordinates below 1000.
const projectionError = 1e-12 * 1000

func camera640() Intrinsics {
	return Intrinsics{Width: 640, Height: 480, Fx: 525, Fy: 530, Cx: 319.5, Cy: 240.25}
}

func TestProjectInvertsBackProject(t *testing.T) {
	k := camera640()
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		at := r2.Point{X: r.Float64()*640 - 0.5, Y: r.Float64()*480 - 0.5}
		z := math.Exp(r.Float64()*8 - 4)
		p := k.BackProject(at, z)
		got, ok := k.Project(p)
		if !ok || got.Sub(at).Norm() > projectionError || p.Z != z {
			t.Fatalf("%v at depth %g is %v, which is seen at %v, %v", at, z, p, got, ok)
		}
	}
}

func TestProject(t *testing.T) {
	k := camera640()
	for name, c := range map[string]struct {
		p  r3.Vector
		at r2.Point
		ok bool
	}{
		"on the axis":     {r3.Vector{Z: 2}, r2.Point{X: 319.5, Y: 240.25}, true},
		"right and down":  {r3.Vector{X: 1, Y: 0.2, Z: 2}, r2.Point{X: 319.5 + 262.5, Y: 240.25 + 53}, true},
		"left edge":       {r3.Vector{X: -320, Z: 525}, r2.Point{X: -0.5, Y: 240.25}, true},
		"right edge":      {r3.Vector{X: 320, Z: 525}, r2.Point{X: 639.5, Y: 240.25}, false},
		"above":           {r3.Vector{Y: -1, Z: 1}, r2.Point{X: 319.5, Y: 240.25 - 530}, false},
		"at the camera":   {r3.Vector{}, r2.Point{}, false},
		"behind":          {r3.Vector{Z: -1}, r2.Point{}, false},
		"not a number":    {r3.Vector{Z: math.NaN()}, r2.Point{}, false},
		"infinitely near": {r3.Vector{X: 1, Z: math.SmallestNonzeroFloat64}, r2.Point{X: math.Inf(1), Y: 240.25}, false},
	} {
		if at, ok := k.Project(c.p); at != c.at || ok != c.ok {
			t.Errorf("%s: %v, %v, want %v, %v", name, at, ok, c.at, c.ok)
		}
	}
}

func TestIntrinsicsCheck(t *testing.T) {
	for name, change := range map[string]func(k *Intrinsics){
		"no width":        func(k *Intrinsics) { k.Width = 0 },
		"huge":            func(k *Intrinsics) { k.Height = math.MaxInt32 },
		"no focal length": func(k *Intrinsics) { k.Fx = 0 },
		"negative":        func(k *Intrinsics) { k.Fy = -1 },
		"infinite":        func(k *Intrinsics) { k.Fy = math.Inf(1) },
		"not a number":    func(k *Intrinsics) { k.Cx = math.NaN() },
		"infinite centre": func(k *Intrinsics) { k.Cy = math.Inf(-1) },
	} {
		k := camera640()
		if err := k.Check(); err != nil {
			t.Fatal(err)
		}
		change(&k)
		if err := k.Check(); !errors.Is(err, ErrCamera) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
