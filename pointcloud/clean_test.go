package pointcloud

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
)

// cleanScene is one padded and cleaned scene of plane_dbscan.json, made with
// BTF @612eb7b on Open3D 0.16.1.
type cleanScene struct {
	Name       string
	PaddedPC   golden.Ref `json:"padded_pc"`
	ValidIndex golden.Ref `json:"valid_index"`
	Labels     golden.Ref
	Kept       golden.Ref `json:"kept_mask"`
	Sizes      []int      `json:"cluster_sizes"`
}

// TestOracleRemovePlane: the removed pixels equal BTF's outside the oracle's
// ambiguity band around the threshold, and so does their number over all.
func TestOracleRemovePlane(t *testing.T) {
	for _, s := range planeScenes(t) {
		c := organised(t, s.PC)
		r, err := Clean(t.Context(), c, CleanOptions{Compatible: true})
		if err != nil {
			t.Fatal(err)
		}
		removed := golden.NPY(t, s.Removed.File).Uint8s()
		ambiguous, differ := 0, 0
		for i, want := range removed {
			d := math.Abs(r.Plane.Distance(c.At(i)))
			if c.IsValid(i) && math.Abs(d-defaultRemoval) < s.AmbigBand {
				ambiguous++
			} else if (want != 0) != (d < defaultRemoval) {
				differ++
			}
		}
		if differ != 0 || ambiguous != s.Ambiguous {
			t.Errorf("%s: %d pixels differ, want 0; %d ambiguous, the oracle has %d", s.Name, differ, ambiguous, s.Ambiguous)
		}
		count := 0
		for _, v := range removed {
			count += int(v)
		}
		if r.NearPlane != count {
			t.Errorf("%s: plane took %d pixels, BTF removes %d", s.Name, r.NearPlane, count)
		}
		if r.BandPoints != s.BandCount {
			t.Errorf("%s: band of %d points, want %d", s.Name, r.BandPoints, s.BandCount)
		}
	}
}

// TestOracleClean runs the whole preprocessing: coordinates and mask equal
// BTF's exactly.
func TestOracleClean(t *testing.T) {
	var j struct{ Pipeline []cleanScene }
	golden.JSON(t, "plane_dbscan/plane_dbscan.json", &j)
	for k, s := range planeScenes(t) {
		c := organised(t, s.PC)
		r, err := Clean(t.Context(), c, CleanOptions{Compatible: true})
		if err != nil {
			t.Fatal(err)
		}
		padded, err := r.Cloud.PadSquare(100)
		if err != nil {
			t.Fatal(err)
		}
		xyz := golden.NPY(t, j.Pipeline[k].PaddedPC.File).Float32s() // with the plane removed, before clustering
		kept := golden.NPY(t, j.Pipeline[k].Kept.File).Uint8s()
		if len(kept) != padded.Len() {
			t.Fatalf("%s: padded to %d×%d", s.Name, padded.Width, padded.Height)
		}
		n := 0
		for i, v := range kept {
			if v == 0 {
				clear(xyz[3*i : 3*i+3])
			}
			if padded.Valid[i] != (v != 0) {
				n++
			}
		}
		if n != 0 || !slices.Equal(padded.XYZ, xyz) {
			t.Errorf("%s: %d pixels of the mask differ, coordinates equal: %t", s.Name, n, slices.Equal(padded.XYZ, xyz))
		}
		clusters, clustered := 0, 0
		for _, size := range j.Pipeline[k].Sizes {
			clustered += size
		}
		for _, l := range golden.NPY(t, j.Pipeline[k].Labels.File).Int32s() {
			clusters = max(clusters, int(l)+1)
		}
		if r.Clusters != clusters || r.Discarded != clustered-slices.Max(j.Pipeline[k].Sizes) || r.Kept != padded.CountValid() {
			t.Errorf("%s: counts %+v", s.Name, *r)
		}
	}
}

// TestNoiseLargest: 300 scattered points outnumber a cluster of 60. BTF keeps
// the noise (oracle); the default keeps the cluster.
func TestNoiseLargest(t *testing.T) {
	var j struct {
		Quirk struct {
			PC, Kept golden.Ref
			N        int `json:"n_kept"`
		} `json:"quirk_noise_largest"`
	}
	golden.JSON(t, "plane_dbscan/plane_dbscan.json", &j)
	c := organised(t, j.Quirk.PC)
	kept := golden.NPY(t, j.Quirk.Kept.File).Uint8s()
	for _, compatible := range []bool{true, false} {
		o := CleanOptions{Compatible: compatible}.withDefaults(Metre)
		r := &CleanResult{Removed: make([]bool, c.Len())}
		if err := r.keepLargest(t.Context(), c, c.Valid, o); err != nil {
			t.Fatal(err)
		}
		out := c.without(r.Removed)
		if compatible {
			for i, v := range kept {
				if out.Valid[i] != (v != 0) {
					t.Fatalf("pixel %d kept: %t, BTF: %d", i, out.Valid[i], v)
				}
			}
		}
		if want := map[bool]int{true: j.Quirk.N, false: 60}[compatible]; out.CountValid() != want {
			t.Errorf("compatible %t: %d points kept, want %d", compatible, out.CountValid(), want)
		}
	}
}

// TestLargestOfEquals: the lowest label wins a tie, noise (-1) before all.
func TestLargestOfEquals(t *testing.T) {
	c := &Cloud{Width: 12, Height: 1}
	for i := range 12 { // four lone points, then two clusters of four
		x := float32(i)
		if i >= 4 {
			x = float32(100*(i/4)) + 0.001*float32(i)
		}
		c.XYZ = append(c.XYZ, x, 1, 1)
	}
	takesPart := slices.Repeat([]bool{true}, 12)
	for _, f := range []struct {
		compatible bool
		from       int
	}{{true, 0}, {false, 4}} {
		r := &CleanResult{Removed: make([]bool, 12)}
		if err := r.keepLargest(t.Context(), c, takesPart, CleanOptions{Compatible: f.compatible, Eps: 0.01, MinPoints: 2}); err != nil {
			t.Fatal(err)
		}
		for i, gone := range r.Removed {
			if gone == (i >= f.from && i < f.from+4) {
				t.Errorf("compatible %t: removed %v, want all but %d to %d", f.compatible, r.Removed, f.from, f.from+3)
				break
			}
		}
	}
}

// tableScene is a box of 60×50 pixels, 3 cm high, on a table 0.6 m from the
// camera; pitch 1 mm, noise 0.2 mm, a stray clump beside the box and holes, half
// of which carry coordinates all the same.
func tableScene() *Cloud {
	r := rand.New(rand.NewPCG(41, 0))
	c := &Cloud{Width: 120, Height: 100, Valid: make([]bool, 120*100)}
	for i := range c.Valid {
		x, y := i%120, i/120
		z := 0.6
		switch {
		case x >= 30 && x < 90 && y >= 25 && y < 75:
			z = 0.57
		case x >= 100 && x < 106 && y >= 40 && y < 50:
			z = 0.55
		}
		c.Valid[i] = r.IntN(40) > 0
		c.RGB = append(c.RGB, uint8(1+x), uint8(1+y), 200)
		if !c.Valid[i] && i%2 == 0 {
			c.XYZ = append(c.XYZ, 0, 0, 0)
			continue
		}
		c.XYZ = append(c.XYZ, float32(x-60)*1e-3, float32(y-50)*1e-3, float32(z+2e-4*r.NormFloat64()))
	}
	c.Normals = slices.Repeat([]float64{0, 0, -1}, c.Len())
	return c
}

func TestCleanKeepsThePart(t *testing.T) {
	c := tableScene()
	before := c.Clone()
	r, err := Clean(t.Context(), c, CleanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Len() {
		x, y := i%120, i/120
		part := x >= 30 && x < 90 && y >= 25 && y < 75
		valid := r.Cloud.IsValid(i)
		if valid != (part && c.IsValid(i)) || r.Removed[i] != (!part && c.IsValid(i)) {
			t.Fatalf("pixel %d,%d: valid %t, removed %t", x, y, valid, r.Removed[i])
		}
		want, colour, normal := c.At(i), c.RGB[3*i:3*i+3], c.Normals[3*i:3*i+3]
		if r.Removed[i] {
			want, colour, normal = r3.Vector{}, []uint8{0, 0, 0}, []float64{0, 0, 0}
		}
		if r.Cloud.At(i) != want || !slices.Equal(r.Cloud.RGB[3*i:3*i+3], colour) || !slices.Equal(r.Cloud.Normals[3*i:3*i+3], normal) {
			t.Fatalf("pixel %d,%d: %v, colour %v", x, y, r.Cloud.At(i), r.Cloud.RGB[3*i:3*i+3])
		}
	}
	if d := r.Plane.Distance(r3.Vector{Z: 0.57}); math.Abs(d-0.03) > 1e-4 {
		t.Errorf("box is %g high, want 0.03", d)
	}
	if r.Clusters != 2 || r.Discarded == 0 || r.Kept+r.Discarded+r.NearPlane != c.CountValid() || r.PlanePoints != r.BandPoints {
		t.Errorf("counts %+v", *r)
	}
	if !slices.Equal(c.XYZ, before.XYZ) || !slices.Equal(c.Valid, before.Valid) || !slices.Equal(c.RGB, before.RGB) || !slices.Equal(c.Normals, before.Normals) {
		t.Error("the input was changed")
	}
	again, err := Clean(t.Context(), c, CleanOptions{Plane: PlaneOptions{Workers: 1}})
	if err != nil || again.Plane != r.Plane || !slices.Equal(again.Removed, r.Removed) {
		t.Errorf("a second run differs, %v", err)
	}
}

// TestCleanPartAtTheEdge: a third of the band lies on the part, and the table is
// found all the same.
func TestCleanPartAtTheEdge(t *testing.T) {
	whole := tableScene()
	c := &Cloud{Width: 65, Height: 60} // columns 45 to 109, rows 20 to 79: the box reaches the left edge
	for y := range c.Height {
		from := (y+20)*whole.Width + 45
		c.XYZ = append(c.XYZ, whole.XYZ[3*from:3*(from+c.Width)]...)
		c.Valid = append(c.Valid, whole.Valid[from:from+c.Width]...)
	}
	onPart := 0
	band := edgeBand(c.Valid, c.Width, c.Height, defaultEdgeBand, false)
	for _, i := range band {
		if x, y := i%65, i/65; x < 45 && y >= 5 && y < 55 {
			onPart++
		}
	}
	if 3*onPart < len(band) {
		t.Fatalf("%d of %d points of the band are on the part, want a third", onPart, len(band))
	}
	for seed := range uint64(5) {
		r, err := Clean(t.Context(), c, CleanOptions{Plane: PlaneOptions{Seed: seed}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Len() {
			if x, y := i%65, i/65; c.Valid[i] && r.Cloud.Valid[i] != (x < 45 && y >= 5 && y < 55) {
				t.Fatalf("seed %d, plane %v: pixel %d,%d is on the wrong side", seed, r.Plane, x, y)
			}
		}
	}
}

func TestCleanUnit(t *testing.T) {
	c := tableScene()
	m, err := Clean(t.Context(), c, CleanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Unit = Millimetre
	for i := range c.XYZ {
		c.XYZ[i] *= 1000
	}
	mm, err := Clean(t.Context(), c, CleanOptions{})
	if err != nil || !slices.Equal(m.Removed, mm.Removed) {
		t.Errorf("the same scene in millimetres loses other pixels, %v", err)
	}
}

func TestCleanErrors(t *testing.T) {
	scene := func(change func(c *Cloud)) *Cloud {
		c := tableScene()
		change(c)
		return c
	}
	only := func(keep func(x, y int) bool) *Cloud {
		return scene(func(c *Cloud) {
			for i := range c.Valid {
				c.Valid[i] = c.Valid[i] && keep(i%120, i/120)
			}
		})
	}
	for name, f := range map[string]struct {
		c    *Cloud
		want error
	}{
		"unorganised":   {scene(func(c *Cloud) { c.Width, c.Height = 0, 0 }), ErrShape},
		"empty":         {&Cloud{}, ErrShape},
		"inconsistent":  {scene(func(c *Cloud) { c.Width++ }), ErrShape},
		"NaN":           {scene(func(c *Cloud) { c.XYZ[0], c.Valid[0] = float32(math.NaN()), true }), ErrShape},
		"all invalid":   {only(func(x, y int) bool { return false }), ErrFewPoints},
		"no background": {only(func(x, y int) bool { return x >= 30 && x < 90 && y >= 25 && y < 75 }), ErrFewPoints},
		"one line":      {scene(func(c *Cloud) { line(c) }), ErrNoPlane},
		"no part":       {only(func(x, y int) bool { return x < 30 }), ErrNoPart},
	} {
		for _, compatible := range []bool{false, true} {
			r, err := Clean(t.Context(), f.c, CleanOptions{Compatible: compatible})
			if r != nil || !errors.Is(err, f.want) {
				t.Errorf("%s, compatible %t: error %v, want %v", name, compatible, err, f.want)
			}
		}
	}
	for _, o := range []CleanOptions{{EdgeBand: -1}, {Removal: -1}, {Removal: math.NaN()}, {Eps: -1}, {MinPoints: -1}, {Plane: PlaneOptions{SampleSize: 1}}} {
		if _, err := Clean(t.Context(), tableScene(), o); err == nil {
			t.Errorf("options %+v were accepted", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Clean(ctx, tableScene(), CleanOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// line puts all points on one line.
func line(c *Cloud) {
	for i := range c.Len() {
		c.Valid[i] = true
		for d := range 3 {
			c.XYZ[3*i+d] = float32(i+1) * 1e-3
		}
	}
}

// TestEdgeBand compares with the definition, for bands wider than the image too.
func TestEdgeBand(t *testing.T) {
	for _, w := range []int{1, 2, 5, 9} {
		for _, h := range []int{1, 3, 8} {
			for _, width := range []int{1, 2, 4, 20} {
				all := slices.Repeat([]bool{true}, w*h)
				all[w*h/2] = false
				var want []int32
				for i, ok := range all {
					x, y := i%w, i/w
					if ok && (x < width || y < width || x >= w-width || y >= h-width) {
						want = append(want, int32(i))
					}
				}
				once := edgeBand(all, w, h, width, false)
				if !slices.Equal(once, want) {
					t.Errorf("%d×%d, band %d: %v, want %v", w, h, width, once, want)
				}
				twice := edgeBand(all, w, h, width, true)
				slices.Sort(twice)
				if !slices.Equal(slices.Compact(twice), want) {
					t.Errorf("%d×%d, band %d with corners: %v, want the points %v", w, h, width, twice, want)
				}
			}
		}
	}
}

func TestPadSquare(t *testing.T) {
	for _, f := range []struct{ w, h, step, side, left, top int }{ // BTF's pad_cropped_pc by hand
		{110, 90, 100, 200, 45, 55}, {400, 400, 100, 400, 0, 0}, {401, 10, 100, 500, 49, 245}, {3, 2, 1, 3, 0, 0}, {1, 4, 5, 5, 2, 0},
	} {
		if side, left, top := SquarePadding(f.w, f.h, f.step); side != f.side || left != f.left || top != f.top {
			t.Errorf("%+v: side %d, left %d, top %d", f, side, left, top)
		}
	}
	c := tableScene()
	p, err := c.PadSquare(100)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(); err != nil || p.Width != 200 || p.Height != 200 || p.CountValid() != c.CountValid() {
		t.Fatalf("%d×%d with %d points, %v", p.Width, p.Height, p.CountValid(), err)
	}
	for i := range c.Len() {
		k := (i/120+50)*200 + i%120 + 40
		if p.At(k) != c.At(i) || p.Valid[k] != c.Valid[i] || !slices.Equal(p.RGB[3*k:3*k+3], c.RGB[3*i:3*i+3]) || p.Normal(k) != c.Normal(i) {
			t.Fatalf("pixel %d moved to the wrong place", i)
		}
	}
	loose := &Cloud{XYZ: make([]float32, 9)}
	long := &Cloud{XYZ: make([]float32, 3*50000), Width: 50000, Height: 1}
	strip := &Cloud{XYZ: make([]float32, 3*5000), Width: 1, Height: 5000}
	for name, c := range map[string]*Cloud{"loose": loose, "long": long, "strip": strip} {
		if _, err := c.PadSquare(100); !errors.Is(err, ErrShape) {
			t.Errorf("%s: error %v, want %v", name, err, ErrShape)
		}
	}
	for _, step := range []int{0, -1, math.MaxInt} {
		if _, err := c.PadSquare(step); err == nil {
			t.Errorf("step %d was accepted", step)
		}
	}
}

// TestOracleSquarePadding holds BTF's pad_cropped_pc on arrays of these sizes.
func TestOracleSquarePadding(t *testing.T) {
	var o struct {
		Pad []struct {
			In, Out, Offset [2]int // rows, columns
		} `json:"pad_cropped_pc"`
	}
	golden.JSON(t, "preproc/preproc.json", &o)
	if len(o.Pad) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range o.Pad {
		side, left, top := SquarePadding(c.In[1], c.In[0], 100)
		if [2]int{side, side} != c.Out || [2]int{top, left} != c.Offset {
			t.Errorf("%v: side %d, offset %d %d; want %v, %v", c.In, side, top, left, c.Out, c.Offset)
		}
	}
}
