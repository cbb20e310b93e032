package iad3d

import (
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// The expected values were computed by BTF's program (revision 612eb7b, with
// Open3D 0.16.1 and torch 1.13.1) on four synthetic scans of 224×224 pixels.
const (
	patchTolerance = 1e-3 // entries up to 200 stored as float32
	scoreTolerance = 1e-4 // relative
)

type btfOracle struct {
	Samples []struct {
		Name    string
		Cloud   golden.Ref `json:"organized_224"`
		Valid   int        `json:"n_valid"`
		Patches golden.Ref `json:"patches_784x33"`
	}
	Full    map[string]btfScore `json:"full_bank"`
	Coreset struct {
		N            int
		Indices      []int32
		Good, Defect btfScore
	} `json:"coreset10_float64"`
	Peak []int `json:"expected_peak_of_defect_map_row_col"`
}

type btfScore struct {
	Score float64    `json:"image_score"`
	Map   golden.Ref `json:"seg_map"`
}

func TestOracleBTF(t *testing.T) {
	var o btfOracle
	golden.JSON(t, "btf_fpfh/btf_fpfh.json", &o)
	config, err := Config{Protocol: ProtocolBTF, Coreset: 1}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	look := describer{config: config}
	scans, described := map[string]*rgbd.Scan{}, map[string]*description{}
	for _, s := range o.Samples {
		c := &pointcloud.Cloud{Width: 224, Height: 224, XYZ: golden.NPY(t, s.Cloud.File).Float32s()}
		if n := c.MarkMissing(pointcloud.Missing{AnyZero: true}); n != s.Valid {
			t.Errorf("%s: %d valid points, want %d", s.Name, n, s.Valid)
		}
		scans[s.Name] = &rgbd.Scan{Name: s.Name, Cloud: c}
		d, err := look.describe(t.Context(), scans[s.Name])
		if err != nil {
			t.Fatal(err)
		}
		described[s.Name] = d
		worst := 0.0
		for i, want := range golden.NPY(t, s.Patches.File).Float32s() {
			worst = max(worst, math.Abs(float64(d.rows[0].Data[i]-want)))
		}
		t.Logf("%s: patches off by %.2g at most", s.Name, worst)
		if worst > patchTolerance {
			t.Errorf("%s: patches off by %g", s.Name, worst)
		}
	}
	check := func(name string, d *Detector, want btfScore) {
		r, err := d.Score(t.Context(), scans[name])
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Score/want.Score-1) > scoreTolerance {
			t.Errorf("%s: score %v, want %v", name, r.Score, want.Score)
		}
		if want.Map.File == "" {
			return
		}
		hits, err := d.joint().rows.Nearest(t.Context(), described[name].rows[0], 1)
		if err != nil {
			t.Fatal(err)
		}
		top := slices.MaxFunc(hits, func(a, b memory.Hit) int { return int(math.Copysign(1, a.Dist-b.Dist)) }).Dist
		for i, w := range golden.NPY(t, want.Map.File).Float64s() {
			if math.Abs(float64(r.Map.Data[i])-w) > top/255*1.001 { // one level of the 8-bit blur
				t.Fatalf("%s: map pixel %d is %v, want %v", name, i, r.Map.Data[i], w)
			}
		}
		if name == "defect" && (r.Peak.Y != o.Peak[0] || r.Peak.X != o.Peak[1]) {
			t.Errorf("peak at row %d, column %d, want %v", r.Peak.Y, r.Peak.X, o.Peak)
		}
	}
	var rows memory.Rows
	rows.Append(described["train0"].rows[0])
	rows.Append(described["train1"].rows[0])
	full, err := memory.NewBank(&rows, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range o.Full {
		check(name, &Detector{describer: look, channels: []*channel{{judge: &joint{full}, weight: 1}}}, want)
	}
	set, err := memory.Greedy(t.Context(), &rows, o.Coreset.N, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Index, o.Coreset.Indices) {
		t.Errorf("coreset %v, want %v", set.Index, o.Coreset.Indices)
	}
	thin, err := memory.Build(t.Context(), &rows, memory.Options{Fraction: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	check("good", &Detector{describer: look, channels: []*channel{{judge: &joint{thin}, weight: 1}}}, o.Coreset.Good)
	check("defect", &Detector{describer: look, channels: []*channel{{judge: &joint{thin}, weight: 1}}}, o.Coreset.Defect)
}
