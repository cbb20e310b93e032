package pointcloud

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"
)

// randomRigid draws a rotation uniformly from all and a translation.
func randomRigid(r *rand.Rand) Rigid {
	return FromQuaternion(r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), r.NormFloat64(),
		r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()})
}

func TestRigid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		g, h := randomRigid(r), randomRigid(r)
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		p := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
		if d := g.After(h).Apply(p).Sub(g.Apply(h.Apply(p))).Norm(); d > 1e-14 {
			t.Fatalf("composition is off by %g", d)
		}
		if d := g.Inverse().Apply(g.Apply(p)).Sub(p).Norm(); d > 1e-14 {
			t.Fatalf("inverse is off by %g", d)
		}
		angle := math.Pi * r.Float64()
		axis := p.Normalize().Mul(math.Sin(angle / 2))
		turn := FromQuaternion(math.Cos(angle/2), axis.X, axis.Y, axis.Z, p)
		if d := math.Abs(turn.Angle().Radians() - angle); d > 1e-12 {
			t.Fatalf("angle %v, want %v", turn.Angle().Radians(), angle)
		}
		if d := turn.Rotate(axis).Sub(axis).Norm(); d > 1e-14 {
			t.Fatalf("the axis moves by %g", d)
		}
	}
	quarter := FromQuaternion(1, 0, 0, 1, r3.Vector{}) // about z, x goes to y
	if d := quarter.Apply(r3.Vector{X: 1}).Sub(r3.Vector{Y: 1}).Norm(); d > 1e-15 {
		t.Errorf("x goes to %v, want y", quarter.Apply(r3.Vector{X: 1}))
	}
}

func TestRigidCheckRefuses(t *testing.T) {
	mirror := Identity()
	mirror.R[2].Z = -1
	scaled := Identity()
	scaled.R[1].Y = 1.001
	nan := Identity()
	nan.T.X = math.NaN()
	for name, g := range map[string]Rigid{"mirror": mirror, "scaled": scaled, "zero": {}, "nan": nan} {
		if g.Check() == nil {
			t.Errorf("%s counts as a rigid motion", name)
		}
	}
}

func TestMovedAndSelect(t *testing.T) {
	g := randomRigid(rand.New(rand.NewPCG(3, 4)))
	c := decorated(9)
	m := c.Moved(g)
	idx := []int32{5, 3, 3, 100}
	s := c.Select(idx)
	for j, i := range idx {
		if c.IsValid(int(i)) != s.IsValid(j) || c.IsValid(int(i)) && s.At(j) != c.At(int(i)) || s.Normal(j) != c.Normal(int(i)) || s.RGB[3*j] != c.RGB[3*i] {
			t.Errorf("selected point %d differs from point %d", j, i)
		}
	}
	for i := range c.Len() {
		if !c.IsValid(i) {
			if !math.IsNaN(m.At(i).X) {
				t.Fatalf("missing point %d moved", i)
			}
			continue
		}
		if d := m.At(i).Sub(g.Apply(c.At(i))).Norm(); d > 1e-6 {
			t.Fatalf("point %d is off by %g", i, d)
		}
		if d := m.Normal(i).Sub(g.Rotate(c.Normal(i))).Norm(); d != 0 {
			t.Fatalf("normal %d is off by %g", i, d)
		}
	}
	if m.RGB[0] != c.RGB[0] || &m.RGB[0] == &c.RGB[0] {
		t.Error("colours are shared or lost")
	}
}
