package synth

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"
)

// staged is a defective scan of every part and defect at a size that is quick
// to render, with what leads to it.
type staged struct {
	job   job
	scene *scene
	sound *frame
	shot  *sensor
	p     *planted
}

func stage(t *testing.T, part, defect string, size int) staged {
	t.Helper()
	j := job{part: part, defect: defect, split: Test}
	k := catalogue()[slices.Index(Parts(), part)]
	v := staged{job: j, scene: newScene(k, size, j.source(1, "pose")), shot: newSensor(j.source(1, "sensor"))}
	var err error
	if v.sound, err = v.scene.render(t.Context(), nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if defect == "good" {
		return v
	}
	v.p, err = v.scene.plant(t.Context(), kinds()[slices.Index(Defects(), defect)], v.sound, v.shot, j.source(1, "defect"), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// each runs f for all parts and defects.
func each(t *testing.T, f func(t *testing.T, part, defect string)) {
	for _, part := range Parts() {
		for _, defect := range Defects() {
			t.Run(part+"/"+defect, func(t *testing.T) { f(t, part, defect) })
		}
	}
}

// TestTruthIsTheDifference traces every ray of the defective part again, not
// only those that pass through the defect's ball, and compares each pixel.
func TestTruthIsTheDifference(t *testing.T) {
	each(t, func(t *testing.T, part, defect string) {
		v := stage(t, part, defect, 80)
		whole := *v.p.flaw
		whole.reach = 1e6
		bad, err := v.scene.render(t.Context(), &whole, v.sound, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range bad.depth {
			differs := math.Abs(bad.depth[i]-v.sound.depth[i]) > TruthEpsilon
			if bad.onPart[i] {
				p := v.scene.point(bad, i)
				a, b := v.scene.part.paint(v.shot.texture, p), v.p.flaw.paint(v.scene.part, v.shot.texture, p)
				for c := range a {
					differs = differs || math.Abs(a[c]-b[c]) > stainEpsilon
				}
			}
			if _, marked := slices.BinarySearch(v.p.at, i); marked != differs {
				t.Errorf("pixel %d: marked %v; depth %.4f, was %.4f", i, marked, bad.depth[i], v.sound.depth[i])
			}
		}
	})
}

// bodies lists every part sound and with each defect.
func bodies(t *testing.T, f func(t *testing.T, b *body)) {
	for _, part := range Parts() {
		t.Run(part, func(t *testing.T) { f(t, stage(t, part, "good", 48).scene.body(nil)) })
	}
	each(t, func(t *testing.T, part, defect string) {
		v := stage(t, part, defect, 48)
		f(t, v.scene.body(v.p.flaw))
	})
}

// TestFieldNeverOverstates checks what sphere tracing rests on: around a point
// outside, no point nearer than the field's value is inside.
func TestFieldNeverOverstates(t *testing.T) {
	// The corners that are folded or blended may overstate by this fraction.
	// A ray that oversteps by it does not come out on the other side of a part,
	// which is at least 3 mm thick.
	const slack = 0.05
	bodies(t, func(t *testing.T, b *body) {
		rng := rand.New(rand.NewPCG(1, 2))
		spread := func(a float64) float64 { return a * (2*rng.Float64() - 1) }
		for range 4000 {
			p := r3.Vector{X: spread(b.radius), Y: spread(b.radius), Z: b.top * rng.Float64()}
			d := b.solid(p)
			if d < 0.05 {
				continue
			}
			down := gradient(b.solid, p).Mul(-1) // where the surface most likely is
			for range 12 {
				q := r3.Vector{X: spread(1), Y: spread(1), Z: spread(1)}
				q = down.Add(q.Mul(rng.Float64()))
				q = p.Add(q.Normalize().Mul(d * (1 - slack)))
				if e := b.solid(q); e < 0 && q.Z > 0 {
					t.Fatalf("field is %.3f at %.2f, but %.3f at %.2f, %.3f away", d, p, e, q, p.Sub(q).Norm())
				}
			}
		}
	})
}

// TestTraceAgainstSmallSteps compares sphere tracing with a walk in steps so
// small that the field's bound plays no part.
func TestTraceAgainstSmallSteps(t *testing.T) {
	const (
		step = 0.01 // mm along z
		// Away from edges both find the same crossing, the walk to one step.
		tolerance = 2 * step
		// Along an outline the walk sees cuts of a few hundredths of a
		// millimetre that the tracer, or the walk itself, steps over.
		outliers = 0.01
	)
	for _, part := range Parts() {
		t.Run(part, func(t *testing.T) {
			v := stage(t, part, "crack", 48)
			b := v.scene.body(v.p.flaw)
			n, off := 0, 0
			for i := 0; i < len(v.sound.depth); i += 7 {
				d := v.scene.pose.toPart(v.scene.ray(i/48, i%48))
				got, hit := b.trace(v.scene.eye, d)
				from, end, ok := b.span(v.scene.eye, d)
				want, wantHit := 0.0, false
				for z := from; ok && z <= end; z += step {
					if b.solid(v.scene.eye.Add(d.Mul(z))) < 0 {
						want, wantHit = z, true
						break
					}
				}
				n++
				if hit != wantHit || hit && math.Abs(got-want) > tolerance {
					off++
				}
			}
			if float64(off) > outliers*float64(n) {
				t.Errorf("%d of %d rays end elsewhere", off, n)
			}
		})
	}
}

// TestPose checks that a pose is rigid and its parts agree with each other.
func TestPose(t *testing.T) {
	const tolerance = 1e-12 // rounding of a few products of numbers near 1
	q := newPose(0.3, 2, -3, 0.02, -0.03, 450)
	if e := q.x.Cross(q.y).Sub(q.z).Norm(); e > tolerance {
		t.Errorf("x × y is %g from z", e)
	}
	if e := math.Abs(q.x.Dot(q.y)) + math.Abs(q.x.Norm()-1) + math.Abs(q.y.Norm()-1); e > tolerance {
		t.Errorf("axes are %g from orthonormal", e)
	}
	if q.z.Z > -0.99 {
		t.Errorf("the part's z axis is %v in the camera's frame, want towards the camera", q.z)
	}
	p := r3.Vector{X: 5, Y: 7, Z: -2}
	cam := q.x.Mul(p.X).Add(q.y.Mul(p.Y)).Add(q.z.Mul(p.Z))
	if e := q.toPart(cam).Sub(p).Norm(); e > 10*tolerance {
		t.Errorf("there and back again is off by %g", e)
	}
}
