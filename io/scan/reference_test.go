package scan

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/stl"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// facts are what Open3D says about a file; testdata/reference.py wrote them.
type facts struct {
	Points, Finite, Triangles int
	Min, Max                  [3]float64
	FiniteNormals             int         `json:"finite_normals"`
	Sum, Normals, Colours     *[3]float64 // of the values times 1 + index mod 1000
	Area                      float64
	fields, size, refused     string
}

// expected is what the headers of the files say, and why some are refused.
func expected() map[string]facts {
	const plyFloat, plyDouble, normals = "x float, y float, z float", "x double, y double, z double", "normal_x F4, normal_y F4, normal_z F4, curvature F4"
	return map[string]facts{
		"happly/platonic_shelf.ply":                           {fields: plyDouble},
		"happly/platonic_shelf_ascii.ply":                     {fields: plyDouble},
		"happly/platonic_shelf_big_endian.ply":                {fields: plyDouble},
		"open3d/depth_00120.png":                              {refused: "is a 16-bit greyscale PNG: a depth image"},
		"open3d/image_00120.jpg":                              {refused: "is a JPEG image, not a cloud"},
		"opencv_contrib/bunny.ply":                            {fields: plyFloat + ", confidence float, intensity float"},
		"pcl/bun0.pcd":                                        {fields: "x F4, y F4, z F4, " + normals},
		"pcl/colored_cloud.pcd":                               {fields: "x F4, y F4, z F4, rgb U4, " + normals},
		"pcl/cube.ply":                                        {fields: plyFloat},
		"pcl/grabber/frame_20121214T142255.814212.pcd":        {fields: "x F4, y F4, z F4, rgba U4", size: "640×480"},
		"pcl/grabber/frame_20121214T142255.814212_depth.tiff": {refused: "is a TIFF file of 1 sample per pixel (uint16): a depth image"},
		"pcl/grabber/frame_20121214T142255.814212_rgb.tiff":   {refused: "samples of 8 bits"},
		"pcl/milk.pcd":                                        {fields: "x F4, y F4, z F4"},
		"pcl/office1.pcd":                                     {fields: "x F4, y F4, z F4, rgb F4", size: "640×480"},
		"pcl/sac_plane_test.pcd":                              {fields: "x F4, y F4, z F4, " + normals},
		"pcl/stereo_left.pcd":                                 {refused: `pcd: fields "rgba": no "x"`}, // Open3D refuses it too
		"trimesh/empty.ply":                                   {refused: "no point in the file"},       // as does Open3D
		"trimesh/featuretype.STL":                             {fields: "x float32, y float32, z float32"},
		"trimesh/metadata.ply":                                {fields: plyFloat},
		"trimesh/octagonal_pocket.stl":                        {fields: "x float32, y float32, z float32"},
	}
}

// TestReference reads every file of the shared scans and compares it with what
// Open3D read: numbers of points, boxes, weighted sums of coordinates, normals and
// colours.
func TestReference(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Files map[string]facts }
	if err := json.Unmarshal(b, &reference); err != nil {
		t.Fatal(err)
	}
	root, want := golden.Shared(t, "data/scans"), expected()
	seen := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "LICENSE") {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		w, ok := want[rel]
		if !ok {
			t.Errorf("%s: nobody has said what is in it", rel)
			return nil
		}
		seen++
		if w.refused != "" {
			_, err := Read(path, Options{})
			checkError(t, err, path, w.refused)
			if f, ok := reference.Files[rel]; ok && f.Points != 0 {
				t.Errorf("%s is refused, but Open3D reads %d points", rel, f.Points)
			}
			return nil
		}
		f, ok := reference.Files[rel]
		if !ok {
			t.Errorf("%s: no reference", rel)
			return nil
		}
		compare(t, path, w, f)
		return nil
	})
	if err != nil || seen != len(want) {
		t.Errorf("%d of %d files, %v", seen, len(want), err)
	}
}

func compare(t *testing.T, path string, w, f facts) {
	info, err := Inspect(path)
	if err != nil || strings.Join(info.Fields, ", ") != w.fields {
		t.Errorf("%s: fields %q, %v, want %q", path, info.Fields, err, w.fields)
	}
	s, err := Read(path, Options{})
	if err != nil {
		t.Error(err)
		return
	}
	c := s.Cloud
	if err := c.Check(); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	if c.Len() != f.Points || c.CountValid() != f.Finite || c.Organised() != (w.size != "") || c.Organised() && (c.Width != 640 || c.Height != 480) {
		t.Errorf("%s: %d points, %d of them measured, %d×%d, want %d, %d, %q", path, c.Len(), c.CountValid(), c.Width, c.Height, f.Points, f.Finite, w.size)
	}
	if err := s.CheckRaster(); c.Organised() != (err == nil) || err != nil && !(errors.Is(err, rgbd.ErrScan) && strings.Contains(err.Error(), "not organised")) {
		t.Errorf("%s: check: %v", path, err)
	}
	// A coordinate is rounded to float32, a sum the root of the number of points
	// times as much, and a weight is up to 1000.
	const ulp = 1.0 / (1 << 23)
	lo, hi, _ := c.Bounds()
	near := func(what string, got r3.Vector, want [3]float64, tolerance float64) {
		t.Helper()
		if d := got.Sub(r3.Vector{X: want[0], Y: want[1], Z: want[2]}).Norm(); !(d <= tolerance) {
			t.Errorf("%s: %s %v, want %v", path, what, got, want)
		}
	}
	size := max(lo.Norm(), hi.Norm())
	near("low corner", lo, f.Min, ulp*size)
	near("high corner", hi, f.Max, ulp*size)
	weight := func(i int) float64 { return float64(1 + i%1000) }
	if f.Sum != nil {
		var sum r3.Vector
		for i := range c.Len() {
			if c.IsValid(i) {
				sum = sum.Add(c.At(i).Mul(weight(i)))
			}
		}
		near("sum", sum, *f.Sum, 1000*ulp*size*math.Sqrt(float64(c.Len())))
	}
	if (c.Normals != nil) != (f.Normals != nil) || (c.RGB != nil) != (f.Colours != nil) || (s.Colour != nil) != (c.RGB != nil && c.Organised()) {
		t.Errorf("%s: normals %v, colours %v, image %v", path, c.Normals != nil, c.RGB != nil, s.Colour != nil)
		return
	}
	if f.Normals != nil {
		var sum r3.Vector
		some := 0
		for i := range c.Len() {
			if n := c.Normal(i); n.Norm() >= 0 { // not NaN
				sum = sum.Add(n.Mul(weight(i)))
				some++
			}
		}
		if some != f.FiniteNormals {
			t.Errorf("%s: %d normals, want %d", path, some, f.FiniteNormals)
		}
		near("normals", sum, *f.Normals, 1000*ulp*math.Sqrt(float64(c.Len())))
	}
	if f.Colours != nil {
		var sum r3.Vector
		for i := range c.Len() {
			p := c.RGB[3*i : 3*i+3]
			sum = sum.Add(r3.Vector{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}.Mul(weight(i)))
		}
		near("colours", sum, *f.Colours, 0)
	}
	if f.Triangles > 0 {
		compareMesh(t, path, f)
	}
}

// compareMesh compares triangles and area; sums of some thousand areas that were
// computed from float32 corners in another order.
func compareMesh(t *testing.T, path string, f facts) {
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := stl.Decode(r, stl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	area := 0.0
	for i := range m.Len() {
		c := pointcloud.Cloud{XYZ: m.XYZ[9*i : 9*i+9]}
		area += c.At(1).Sub(c.At(0)).Cross(c.At(2).Sub(c.At(0))).Norm() / 2
	}
	const tolerance = 1e-9
	if m.Len() != f.Triangles || math.Abs(area-f.Area) > tolerance*f.Area {
		t.Errorf("%s: %d triangles of area %g, want %d, %g", path, m.Len(), area, f.Triangles, f.Area)
	}
}
