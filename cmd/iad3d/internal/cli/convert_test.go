package cli

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
)

// putPCD writes a cloud as a PCD file with a viewpoint.
func putPCD(t *testing.T, path string, c *pointcloud.Cloud) string {
	t.Helper()
	var b bytes.Buffer
	if err := pcd.Encode(&b, c, pcd.EncodeOptions{Viewpoint: &pcd.Viewpoint{1, 2, 3, 0, 1, 0, 0}}); err != nil {
		t.Fatal(err)
	}
	return put(t, path, b.Bytes())
}

// raster is an organised cloud with a hole, colours, normals and a field.
func raster() *pointcloud.Cloud {
	c := &pointcloud.Cloud{Width: 4, Height: 3}
	for i := range 12 {
		c.XYZ = append(c.XYZ, float32(i%4)/512, float32(i/4)/256, 0.5)
		c.RGB = append(c.RGB, uint8(i), 100, uint8(255-i))
		c.Normals = append(c.Normals, 0, 0, -1)
		c.Valid = append(c.Valid, i != 5)
	}
	c.Fields = []pointcloud.Field{{Name: "score", Values: make([]float32, 12)}}
	for i := range 12 {
		c.Fields[0].Values[i] = float32(i) / 10
	}
	return c
}

func readCloud(t *testing.T, path string) *pointcloud.Cloud {
	t.Helper()
	s, err := scan.Read(path, scan.Options{NoColour: true})
	if err != nil {
		t.Fatal(err)
	}
	return s.Cloud
}

// TestConvert goes from every format to every other: what both hold arrives bit
// by bit.
func TestConvert(t *testing.T) {
	dir := t.TempDir()
	start := putPCD(t, filepath.Join(dir, "start.pcd"), raster())
	exts := []string{"tiff", "pcd", "ply", "stl", "obj", "xyz", "csv", "pts"}
	organised := map[string]bool{"tiff": true, "pcd": true, "ply": true, "xyz": true}
	for _, first := range exts {
		a := filepath.Join(dir, "a-"+first+"."+first)
		fine(t, "convert", "-q", start, a)
		if d := readCloud(t, a); d.Organised() != organised[first] || d.CountValid() != 11 {
			t.Errorf("%s: organised %v, %d measured", first, d.Organised(), d.CountValid())
		}
		for _, second := range exts {
			if (second == "tiff" || second == "stl") && !organised[first] {
				continue
			}
			b := filepath.Join(dir, "b-"+first+"."+second)
			fine(t, "convert", "-q", a, b)
			got, want := readCloud(t, b), readCloud(t, a)
			if second == "stl" || first == "stl" {
				if got.CountValid() != 11 { // the order of triangles
					t.Errorf("%s to stl: %d points", first, got.Len())
				}
				continue
			}
			i := 0
			for k := range want.Len() {
				if !want.IsValid(k) {
					continue
				}
				for !got.IsValid(i) {
					i++
				}
				if got.At(i) != want.At(k) {
					t.Fatalf("%s to %s: point %d is %v, want %v", first, second, k, got.At(i), want.At(k))
				}
				i++
			}
		}
	}
	for _, ext := range []string{"pcd", "ply", "xyz"} { // these hold all of it
		for _, flags := range [][]string{nil, {"--ascii"}} {
			out := filepath.Join(t.TempDir(), "new", "all."+ext)
			r := run(t, append([]string{"convert", start, out}, flags...)...)
			if r.code != exitFine || (r.stderr == "") != (ext == "pcd") || ext != "pcd" && r.stderr != out+" has no place for the viewpoint\n" {
				t.Errorf("%s: %+v", ext, r)
			}
			if d := pointstest.Diff(readCloud(t, out), raster()); d != "" {
				t.Errorf("%s: %s", ext, d)
			}
		}
	}
}

// TestConvertGolden holds what the command says and writes.
func TestConvertGolden(t *testing.T) {
	dir := t.TempDir()
	start := putPCD(t, filepath.Join(dir, "start.pcd"), raster())
	var b strings.Builder
	for _, args := range [][]string{
		{"a.ply", "--ascii"}, {"a.pcd", "--ascii", "--to", "mm"}, {"a.xyz"}, {"a.csv", "--unit", "mm"}, {"a.pts", "--unit", "mm"}, {"a.obj"}, {"a.stl", "--ascii"}, {"a.tiff"},
	} {
		out := filepath.Join(dir, args[0])
		r := run(t, append([]string{"convert", start, out}, args[1:]...)...)
		b.WriteString("$ iad3d convert start.pcd " + strings.Join(args, " ") + "\n" + strings.ReplaceAll(r.stdout+r.stderr, dir+string(os.PathSeparator), ""))
		if !strings.HasSuffix(out, ".tiff") {
			b.Write(get(t, out))
		}
		if r.code != exitFine {
			t.Errorf("%v: code %d", args, r.code)
		}
	}
	golden(t, "convert.txt", b.String())
	r := run(t, "convert", "-q", start, filepath.Join(dir, "b.obj"))
	if r.stderr != "" || r.stdout == "" {
		t.Errorf("quiet: %+v", r)
	}
	doc := document[convertDocument](t, "convert", start, filepath.Join(dir, "b.ply"))
	want := convertDocument{start, filepath.Join(dir, "b.ply"), "PCD", int64(len(get(t, filepath.Join(dir, "b.ply")))), 12, 11, 4, 3, "m", []string{"the viewpoint"}}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("document %+v, want %+v", doc, want)
	}
}

// TestConvertColour takes colours from beside the cloud or from --rgb.
func TestConvertColour(t *testing.T) {
	path := gridScan(t)
	dir := filepath.Dir(filepath.Dir(path))
	red, blue := image.NewNRGBA(image.Rect(0, 0, 4, 3)), image.NewNRGBA(image.Rect(0, 0, 4, 3))
	red.SetNRGBA(3, 2, color.NRGBA{255, 0, 0, 255})
	blue.SetNRGBA(3, 2, color.NRGBA{0, 0, 255, 255})
	putPNG(t, filepath.Join(dir, "rgb", "007.png"), red)
	putPNG(t, filepath.Join(dir, "blue.png"), blue)
	for i, flags := range [][]string{{}, {"--rgb", filepath.Join(dir, "blue.png")}} {
		out := filepath.Join(t.TempDir(), "a.pcd")
		fine(t, append([]string{"convert", path, out}, flags...)...)
		want := [][]byte{{255, 0, 0}, {0, 0, 255}}[i]
		if c := readCloud(t, out); !c.Organised() || !bytes.Equal(c.RGB[33:], want) {
			t.Errorf("%v: %v", flags, c.RGB)
		}
	}
}

func TestConvertSTL(t *testing.T) {
	in := put(t, filepath.Join(t.TempDir(), "square.stl"), []byte("solid\nfacet normal 0 0 1\nouter loop\nvertex 0 0 5\nvertex 200 0 5\nvertex 0 200 5\nendloop\nendfacet\nendsolid\n"))
	out := filepath.Join(t.TempDir(), "a.ply")
	fine(t, "convert", "--unit", "mm", "--to", "m", "--surface", "500", "--seed", "3", in, out)
	c := readCloud(t, out)
	lo, hi, _ := c.Bounds()
	if c.Len() != 500 || c.Unit != pointcloud.Metre || hi.X > 0.2 || lo.X < 0 || hi.Z != float64(float32(0.005)) || c.Normals[2] != 1 {
		t.Errorf("%d points from %v to %v", c.Len(), lo, hi)
	}
	again := filepath.Join(t.TempDir(), "a.ply")
	fine(t, "convert", "--unit", "mm", "--to", "m", "--surface", "500", "--seed", "3", in, again)
	if !bytes.Equal(get(t, out), get(t, again)) {
		t.Error("the same seed gave another file")
	}
	refuse(t, exitUsage, []string{"--surface is for STL files", "is PLY"}, "convert", "--surface", "5", out, filepath.Join(t.TempDir(), "b.ply"))
}

func TestConvertInterrupted(t *testing.T) {
	dir := t.TempDir()
	start := putPCD(t, filepath.Join(dir, "start.pcd"), raster())
	unchanged(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := runContext(ctx, "convert", start, filepath.Join(dir, "a.ply")); r.code != exitInterrupted {
		t.Errorf("%+v", r)
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	start := putPCD(t, filepath.Join(dir, "start.pcd"), raster())
	loose := put(t, filepath.Join(dir, "loose.xyz"), []byte("1 2 3\n4 5 6\n"))
	other := put(t, filepath.Join(dir, "other.ply"), []byte("mine"))
	cut := put(t, filepath.Join(dir, "cut.pcd"), get(t, start)[:300])
	if err := os.Symlink(start, filepath.Join(dir, "link.pcd")); err != nil {
		t.Fatal(err)
	}
	unchanged(t, dir)
	before := get(t, start)
	refuse(t, exitUsage, []string{"start.pcd itself; it is never overwritten"}, "convert", start, start)
	refuse(t, exitUsage, []string{"itself; it is never overwritten"}, "convert", "--force", start, filepath.Join(dir, ".", "start.pcd"))
	refuse(t, exitUsage, []string{"itself; it is never overwritten"}, "convert", "--force", start, filepath.Join(dir, "link.pcd"))
	refuse(t, exitUsage, []string{"itself; it is never overwritten"}, "convert", "--force", filepath.Join(dir, "link.pcd"), start)
	refuse(t, exitUsage, []string{dir + " is a folder; name a file"}, "convert", start, dir)
	refuse(t, exitUsage, []string{other + " exists; --force replaces it"}, "convert", start, other)
	refuse(t, exitUsage, []string{"--to mm: TIFF is in metres"}, "convert", "--to", "mm", start, filepath.Join(dir, "a.tiff"))
	refuse(t, exitInput, []string{loose, "xyz TIFF holds a raster, and 2 points that are not organised have none"}, "convert", loose, filepath.Join(dir, "a.tiff"))
	refuse(t, exitInput, []string{loose, "STL holds triangles"}, "convert", loose, filepath.Join(dir, "new", "a.stl"))
	refuse(t, exitInput, []string{cut, "pcd: "}, "convert", cut, filepath.Join(dir, "a.ply"))
	refuse(t, exitInput, []string{"missing.pcd: no such file or directory"}, "convert", filepath.Join(dir, "missing.pcd"), filepath.Join(dir, "a.ply"))
	refuse(t, exitInput, []string{"colour image needs a cloud with a raster"}, "convert", "--rgb", other, loose, filepath.Join(dir, "a.ply"))
	if !bytes.Equal(before, get(t, start)) {
		t.Error("IN was changed")
	}
	fine(t, "convert", "--force", start, other)
	if c := readCloud(t, other); c.Len() != 12 {
		t.Errorf("%d points", c.Len())
	}
}

// TestLooseClouds: they can be inspected, and are refused with the reason where
// a raster is needed.
func TestLooseClouds(t *testing.T) {
	dir := t.TempDir()
	loose := put(t, filepath.Join(dir, "xyz", "part.xyz"), []byte("x,y,z,score\n489000.123,5421000.25,1,7\n489001.5,5421002,2,8\nnan,0,0,9\n"))
	text := strings.ReplaceAll(fine(t, "inspect", loose), loose, "PATH")
	text = strings.Replace(text, filepath.Base(dir)+"/", "NAME/", 1)
	if want := `scan          PATH
name          NAME/part
format        text, commas
fields        x text, y text, z text, score text
size          3 points, not organised
measured      2 points, 66.7 %
numbers in    m
x             489000123.00 to 489001500.00 mm (1377.00)
y             5421000250.00 to 5421002000.00 mm (1750.00)
z             1000.00 to 2000.00 mm (1000.00)
colour        none
ground truth  none
capture       loose points, noise 0 mm, distance 2019 mm (1500 to 2019), a point every 0 mm
`; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	d := document[scanDocument](t, "inspect", loose)
	if d.Format != "text" || d.Points != 3 || d.Valid != 2 || d.Width != 0 || d.Pitch != nil || d.Normals || d.Colour || len(d.Fields) != 4 {
		t.Errorf("%+v", d)
	}
	putPNG(t, filepath.Join(dir, "rgb", "part.png"), image.NewNRGBA(image.Rect(0, 0, 4, 3)))
	short := put(t, filepath.Join(dir, "short.csv"), []byte("1;2\n"))
	refuse(t, exitInput, []string{short, "2 values in \"1;2\", want 3 or more"}, "inspect", short)
	says := []string{loose, "cloud of 3 points is not organised (it has no raster)"}
	refuse(t, exitInput, says, "score", "--model", testModel(t), loose)
	refuse(t, exitInput, says, "preprocess", "--out", filepath.Join(dir, "new"), loose)
}

// TestScoreFormats: an organised scan scores the same whatever its format.
func TestScoreFormats(t *testing.T) {
	in := testScan(t, "dent")
	dir := t.TempDir()
	want := strings.Fields(fine(t, "score", "--model", testModel(t), in))
	for _, ext := range []string{"pcd", "ply", "xyz"} {
		out := filepath.Join(dir, "scan."+ext)
		fine(t, "convert", "-q", in, out)
		if got := strings.Fields(fine(t, "score", "--model", testModel(t), out)); got[len(got)-4] != want[len(want)-4] {
			t.Errorf("%s: %v, want %v", ext, got, want)
		}
	}
	if r := run(t, "score", "--model", testModel(t), dir); r.code != exitFine || strings.Count(r.stdout, "\n") != 4 {
		t.Errorf("a folder: %+v", r)
	}
}
