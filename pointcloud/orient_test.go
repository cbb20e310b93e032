package pointcloud

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"
)

// tubes returns two closed surfaces, an egg and a torus beside it, with their
// outward normals; signs are left to chance.
func tubes(n int) (c *Cloud, outward []r3.Vector, normals []float64) {
	r := rand.New(rand.NewPCG(2, 7))
	c = &Cloud{}
	add := func(p, out r3.Vector) {
		c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
		outward = append(outward, out.Normalize())
		sign := float64(2*r.IntN(2) - 1)
		m := out.Normalize().Mul(sign)
		normals = append(normals, m.X, m.Y, m.Z)
	}
	for i := range n {
		if i%2 == 0 {
			d := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Normalize()
			add(r3.Vector{X: d.X, Y: d.Y, Z: 1.5 * d.Z}, r3.Vector{X: d.X, Y: d.Y, Z: d.Z / 1.5})
			continue
		}
		a, b := 2*math.Pi*r.Float64(), 2*math.Pi*r.Float64()
		out := r3.Vector{X: math.Cos(a) * math.Cos(b), Y: math.Sin(a) * math.Cos(b), Z: math.Sin(b)}
		add(r3.Vector{X: 4 + math.Cos(a)*1.5, Y: math.Sin(a) * 1.5}.Add(out.Mul(0.5)), out)
	}
	return c, outward, normals
}

func TestOrientNormals(t *testing.T) {
	c, outward, normals := tubes(6000)
	if err := OrientNormals(t.Context(), c, normals, 0, 0); err != nil {
		t.Fatal(err)
	}
	c.Normals = normals
	wrong := [2]int{}
	for i, out := range outward {
		if c.Normal(i).Dot(out) < 0 {
			wrong[i%2]++
		}
	}
	// Each piece agrees with itself. The second takes its side from the facing
	// wall of the first, whose normals point the other way: that is what is
	// documented, and no more can be known of two pieces.
	for k, n := range wrong {
		if n != 0 && n != len(outward)/2 {
			t.Errorf("piece %d: %d of %d normals disagree with the others", k, n, len(outward)/2)
		}
	}
	if wrong[0] != 0 && wrong[1] != 0 {
		t.Error("all normals point inwards")
	}
}

func TestOrientNormalsTakesAnything(t *testing.T) {
	for name, c := range testClouds(13) {
		normals, err := EstimateNormals(t.Context(), c, NormalOptions{Orientation: OrientNone})
		if err != nil {
			t.Fatal(err)
		}
		before := append([]float64(nil), normals...)
		if err := OrientNormals(t.Context(), c, normals, 5, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range normals {
			if math.Abs(normals[i]) != math.Abs(before[i]) {
				t.Fatalf("%s: normal %d changed by more than its sign", name, i/3)
			}
		}
	}
	if err := OrientNormals(t.Context(), &Cloud{XYZ: make([]float32, 3)}, nil, 0, 0); err == nil {
		t.Error("too few normals are accepted")
	}
}
