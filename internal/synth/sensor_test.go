package synth

import (
	"math"
	"slices"
	"testing"
)

// TestStainIsColourOnly takes the same shot with and without the stain.
func TestStainIsColourOnly(t *testing.T) {
	for _, part := range Parts() {
		t.Run(part, func(t *testing.T) {
			v := stage(t, part, "stained", 80)
			clean, before, err := v.scene.capture(t.Context(), v.sound, nil, v.shot, 0)
			if err != nil {
				t.Fatal(err)
			}
			dirty, after, err := v.scene.capture(t.Context(), v.p.frame, v.p.flaw, v.shot, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(clean.XYZ, dirty.XYZ) || !slices.Equal(clean.Valid, dirty.Valid) {
				t.Error("the stain moved points")
			}
			changed := 0
			for i := range 80 * 80 {
				// The lens blurs by one pixel; below stainEpsilon a little colour is left.
				near := false
				for _, j := range v.p.at {
					near = near || max(i/80-j/80, j/80-i/80, i%80-j%80, j%80-i%80) <= 2
				}
				for c := range 3 {
					step := int(before.Pix[4*i+c]) - int(after.Pix[4*i+c])
					if step != 0 && !near {
						t.Fatalf("pixel %d changed colour away from the stain", i)
					}
					if max(step, -step) > 8 {
						changed++
						break
					}
				}
			}
			if changed < len(v.p.at)/4 {
				t.Errorf("%d pixels look different, %d are stained", changed, len(v.p.at))
			}
		})
	}
}

// TestSensor checks the error of the measured depth and what is not measured.
func TestSensor(t *testing.T) {
	for _, part := range Parts() {
		t.Run(part, func(t *testing.T) {
			v := stage(t, part, "good", 96)
			cloud, _, err := v.scene.capture(t.Context(), v.sound, nil, v.shot, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := cloud.Check(); err != nil {
				t.Fatal(err)
			}
			b := v.scene.body(nil)
			var sum [2]float64 // table, part
			var n [2]int
			for i, ok := range cloud.Valid {
				x, y, z := cloud.XYZ[3*i], cloud.XYZ[3*i+1], cloud.XYZ[3*i+2]
				if !ok {
					if x != 0 || y != 0 || z != 0 {
						t.Fatalf("missing pixel %d is at (%g, %g, %g)", i, x, y, z)
					}
					continue
				}
				r := v.scene.ray(i/96, i%96)
				const tolerance = 1e-7 // float32 of half a metre
				if math.Abs(r.X*float64(z)-float64(x)) > tolerance || math.Abs(r.Y*float64(z)-float64(y)) > tolerance {
					t.Fatalf("pixel %d left its ray", i)
				}
				h := v.scene.look(v.sound, nil, b, v.shot, i)
				if !h.lit {
					t.Fatalf("pixel %d was measured in the shadow", i)
				}
				if _, step := v.scene.neighbour(v.sound, i); step > jump || h.facing < 0.8 {
					continue
				}
				k := 0
				if v.sound.onPart[i] {
					k = 1
				}
				e := 1000*float64(z) - v.sound.depth[i]
				sum[k] += e * e
				n[k]++
			}
			for k, name := range []string{"table", "part"} {
				// What depthNoise, rippleNoise and the surfaces' brightness give.
				if rms := math.Sqrt(sum[k] / float64(n[k])); n[k] < 100 || rms < 0.04 || rms > 0.1 {
					t.Errorf("%s: error of %d pixels is %.4f mm", name, n[k], rms)
				}
			}
			missing := 1 - float64(cloud.CountValid())/float64(cloud.Len())
			if missing < 0.03 || missing > 0.2 {
				t.Errorf("%.1f %% of the pixels are missing", 100*missing)
			}
		})
	}
}
