package iad3d

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/cputime"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// cableGland describes real scans as BTF does.
type cableGland struct {
	set  *dataset.Set
	look describer
}

func openCableGland(b *testing.B, features ...string) *cableGland {
	set, err := dataset.OpenMVTec3D(golden.Shared(b, "data/mvtec3d"), "cable_gland")
	if err != nil {
		b.Fatal(err)
	}
	config := Config{Protocol: ProtocolBTF, Features: features}
	g := &cableGland{set: set}
	if slices.Contains(features, FeatureRGB) {
		net, err := onnx.Open(golden.Shared(b, "weights/resnet50_keras_l123_dyn.onnx"), onnx.Options{Layers: []string{"layer2", "layer3"}})
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(func() { net.Close() })
		info := net.Info()
		config.Backbone, g.look.backbone = &info, net
	}
	if g.look.config, err = config.resolve(); err != nil {
		b.Fatal(err)
	}
	return g
}

// rows calls fn with the rows of each scan of a split, changed by change, until fn
// returns false.
func (g *cableGland) rows(b *testing.B, split dataset.Split, change func(*rgbd.Scan) *rgbd.Scan, fn func(*memory.Rows) bool) {
	for s, err := range g.set.Scans(b.Context(), split) {
		if err != nil {
			b.Fatal(err)
		}
		d, err := g.look.describe(b.Context(), change(s.Scan))
		if err != nil {
			b.Fatal(err)
		}
		if !fn(d.rows[0]) {
			return
		}
	}
}

func unchanged(s *rgbd.Scan) *rgbd.Scan { return s }

func (g *cableGland) train(b *testing.B) *memory.Rows {
	var rows memory.Rows
	g.rows(b, dataset.Train, unchanged, func(r *memory.Rows) bool { rows.Append(r); return true })
	return &rows
}

// reportCPU reports the processor time of an iteration since start.
func reportCPU(b *testing.B, start float64) {
	b.ReportMetric((cputime.Used().Seconds()-start)*1e3/float64(b.N), "cpu-ms")
}

var referenceFeatures = map[string][]string{"fpfh": {FeatureFPFH}, "rgb+fpfh": {FeatureRGB, FeatureFPFH}}

// BenchmarkReferenceNearest searches the nearest row to each of the 784 of a test scan
// among the 18,816 of the training scans, by one thread.
func BenchmarkReferenceNearest(b *testing.B) {
	for name, features := range referenceFeatures {
		b.Run(name, func(b *testing.B) {
			g := openCableGland(b, features...)
			bank, err := memory.NewBank(g.train(b), 1)
			if err != nil {
				b.Fatal(err)
			}
			var q *memory.Rows
			g.rows(b, dataset.Test, unchanged, func(r *memory.Rows) bool { q = r; return false })
			nearest := func() {
				if _, err := bank.Nearest(b.Context(), q, 1); err != nil {
					b.Fatal(err)
				}
			}
			nearest() // prepares the bank
			start := cputime.Used().Seconds()
			for b.Loop() {
				nearest()
			}
			reportCPU(b, start)
		})
	}
}

// BenchmarkReferenceCoreset selects a tenth of these rows, projected as BTF does, by
// one thread.
func BenchmarkReferenceCoreset(b *testing.B) {
	for name, features := range referenceFeatures {
		b.Run(name, func(b *testing.B) {
			rows := openCableGland(b, features...).train(b)
			start := cputime.Used().Seconds()
			for b.Loop() {
				from := rows
				if dim := memory.ProjectedDim(rows.N, memory.Distortion); dim < rows.D {
					var err error
					if from, err = memory.Project(b.Context(), rows, dim, 0, 1); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := memory.Greedy(b.Context(), from, rows.N/10, 1); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, start)
		})
	}
}

// jittered returns the scan in another pose: the raster shifted by up to 12 pixels
// either way, the points turned by up to 5° about each axis.
func jittered(s *rgbd.Scan, r *rand.Rand) *rgbd.Scan {
	c := s.Cloud
	dx, dy := r.IntN(25)-12, r.IntN(25)-12
	turn := pointcloud.Identity()
	for axis := range 3 {
		var v [3]float64
		v[axis] = math.Tan((2*r.Float64() - 1) * 2.5 * math.Pi / 180) // of half the angle
		turn = pointcloud.FromQuaternion(1, v[0], v[1], v[2], r3.Vector{}).After(turn)
	}
	out := &pointcloud.Cloud{XYZ: make([]float32, len(c.XYZ)), Width: c.Width, Height: c.Height, Unit: c.Unit, Valid: make([]bool, c.Len())}
	colour := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	for y := range c.Height {
		for x := range c.Width {
			fx, fy := min(max(x+dx, 0), c.Width-1), min(max(y+dy, 0), c.Height-1)
			to, from := y*c.Width+x, fy*c.Width+fx
			colour.SetNRGBA(x, y, s.Colour.NRGBAAt(fx, fy))
			if fx != x+dx || fy != y+dy || !c.IsValid(from) {
				continue
			}
			p := turn.Apply(c.At(from))
			out.XYZ[3*to], out.XYZ[3*to+1], out.XYZ[3*to+2] = float32(p.X), float32(p.Y), float32(p.Z)
			out.Valid[to] = true
		}
	}
	return &rgbd.Scan{Name: s.Name, Cloud: out, Colour: colour}
}

// BenchmarkClassCoreset selects a tenth of 191,296 rows, of 244 scans: the 24 there
// are, and these in other poses. One thread selects; making the rows takes minutes.
func BenchmarkClassCoreset(b *testing.B) {
	const scans = 244
	g := openCableGland(b, FeatureRGB, FeatureFPFH)
	r := rand.New(rand.NewPCG(1, 1))
	dim := memory.ProjectedDim(scans*784, memory.Distortion)
	rows := memory.Rows{Data: make([]float32, 0, scans*784*dim)}
	for n, change := 0, unchanged; n < scans; change = func(s *rgbd.Scan) *rgbd.Scan { return jittered(s, r) } {
		g.rows(b, dataset.Train, change, func(d *memory.Rows) bool {
			p, err := memory.Project(b.Context(), d, dim, 0, 0)
			if err != nil {
				b.Fatal(err)
			}
			rows.Append(p)
			n++
			return n < scans
		})
	}
	b.ResetTimer()
	start := cputime.Used().Seconds()
	for b.Loop() {
		if _, err := memory.Greedy(b.Context(), &rows, rows.N/10, 1); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, start)
	b.ReportMetric(float64(rows.N), "rows")
}
