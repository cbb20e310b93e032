package fpfh

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/cputime"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/pointcloud"
)

// scanFiles are the organised clouds, TIFF files, that the benchmarks of whole
// scans read: those named by IAD3D_CLOUDS, separated like a search path, or a real
// scan of the shared data.
func scanFiles(t testing.TB) []string {
	if env := os.Getenv("IAD3D_CLOUDS"); env != "" {
		return filepath.SplitList(env)
	}
	const real = "../../shared/data/mvtec3d/cable_gland/test/good/xyz/000.tiff"
	if _, err := os.Stat(real); err != nil {
		t.Skipf("no cloud to measure: %v", err)
	}
	return []string{real}
}

func readScan(t testing.TB, file string) *pointcloud.Cloud {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	im, err := xyztiff.Decode(bytes.NewReader(data), int64(len(data)), xyztiff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := im.Cloud()
	if err != nil {
		t.Fatal(err)
	}
	c.MarkMissing(pointcloud.Missing{AnyZero: true})
	return c
}

// btfOptions finds neighbours and normals as BTF does, by hybrid searches of 30 and
// 100 neighbours, and returns the options of its descriptors.
func btfOptions(t testing.TB, c *pointcloud.Cloud, workers int) Options {
	t.Helper()
	nb, err := pointcloud.FindNeighborhoods(t.Context(), c, pointcloud.Search{K: 100, Radius: 0.25}, workers)
	if err != nil {
		t.Fatal(err)
	}
	c.Normals, err = pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{
		Search: pointcloud.Search{K: 30, Radius: 0.1}, Orientation: pointcloud.OrientNone, Neighborhoods: nb, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Search: pointcloud.Search{K: 100, Radius: 0.25}, Neighborhoods: nb, Workers: workers}
}

func describeScan(t testing.TB, c *pointcloud.Cloud, workers int) []float32 {
	t.Helper()
	rows, err := Compute(t.Context(), c, btfOptions(t, c, workers))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// BenchmarkScan reports the processor time per measured point: the figure to set
// beside Open3D's, which does not change when other work shares the machine.
func BenchmarkScan(b *testing.B) {
	for _, file := range scanFiles(b) {
		b.Run(strings.TrimSuffix(filepath.Base(file), ".tiff"), func(b *testing.B) {
			c := readScan(b, file)
			var rows []float32
			used := cputime.Used()
			for b.Loop() {
				rows = describeScan(b, c, 1)
			}
			used = cputime.Used() - used
			b.ReportMetric(used.Seconds()*1e6/float64(b.N)/float64(c.CountValid()), "cpu-µs/point")
			h := sha256.New()
			binary.Write(h, binary.LittleEndian, c.Normals)
			binary.Write(h, binary.LittleEndian, rows)
			b.Logf("%d points, digest %x", c.CountValid(), h.Sum(nil)[:8])
		})
	}
}

// BenchmarkScanPooled is BTF's whole descriptor of a scan: 224×224 pixels, pooled to
// 28×28 rows.
func BenchmarkScanPooled(b *testing.B) {
	const side = 224
	for _, file := range scanFiles(b) {
		b.Run(strings.TrimSuffix(filepath.Base(file), ".tiff"), func(b *testing.B) {
			scan := readScan(b, file)
			points := 0
			used := cputime.Used()
			for b.Loop() {
				c := &pointcloud.Cloud{Width: side, Height: side}
				c.XYZ = grid.Nearest(scan.XYZ, scan.Height, scan.Width, 3, side, side, grid.RuleTorch)
				points = c.MarkMissing(pointcloud.Missing{AnyZero: true})
				if _, err := ComputePooled(b.Context(), c, btfOptions(b, c, 1), []int{100}, Pooling{3, 28, 28}); err != nil {
					b.Fatal(err)
				}
			}
			used = cputime.Used() - used
			b.ReportMetric(used.Seconds()*1e3/float64(b.N), "cpu-ms/scan")
			b.ReportMetric(used.Seconds()*1e6/float64(b.N)/float64(points), "cpu-µs/point")
		})
	}
}
