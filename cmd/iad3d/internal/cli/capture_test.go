package cli

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/scan"
)

const captureYAML = "width: 64\nheight: 64\nfx: 300\nfy: 300\ncx: 31.5\ncy: 31.5\n"

// depthScan writes a capture of 64×64 pixels: a dome on a plane 300 mm away, a
// corner of it not measured, in 0.1 mm; its colour image of twice the size; and
// two camera files. It returns their folder.
func depthScan(t *testing.T) string {
	dir := t.TempDir()
	depth := image.NewGray16(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		x, y := i%64-32, i/64-30
		z := 3000
		if r := x*x + y*y; r < 400 {
			z -= 60 + (400-r)/8
		}
		if x > 28 && y < -20 {
			z = 0
		}
		depth.SetGray16(i%64, i/64, color.Gray16{Y: uint16(z)})
	}
	putPNG(t, filepath.Join(dir, "depth.png"), depth)
	putPNG(t, filepath.Join(dir, "colour.png"), image.NewNRGBA(image.Rect(0, 0, 128, 128)))
	put(t, filepath.Join(dir, "camera.yaml"), []byte(captureYAML+"registration: scaled\n"))
	put(t, filepath.Join(dir, "plain.yaml"), []byte(captureYAML))
	return dir
}

func TestInspectDepth(t *testing.T) {
	dir := depthScan(t)
	depth, camera := filepath.Join(dir, "depth.png"), filepath.Join(dir, "camera.yaml")
	args := []string{"inspect", "--intrinsics", camera, "--rgb", filepath.Join(dir, "colour.png"), "--depth-scale", "0.0001", depth}
	text := strings.ReplaceAll(fine(t, args...), depth, "PATH")
	if want := `scan          PATH
name          depth
format        PNG, depth image
fields        depth uint16
size          64×64 pixels
measured      4066 pixels, 99.3 %
numbers in    m
x             -31.50 to 31.50 mm (63.00)
y             -31.50 to 31.50 mm (63.00)
z             289.00 to 300.00 mm (11.00)
pixel pitch   1.000 mm
colour        yes
ground truth  none
camera        focal lengths 300, 300, centre 31.5, 31.5 pixels
capture       fill rate 99 %, noise 0 mm, distance 301.1 mm (289.2 to 302.9), a point every 1.02 mm
`; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	d := document[scanDocument](t, args...)
	if d.Intrinsics == nil || d.Intrinsics.Fx != 300 || d.Valid != 4066 || !d.Colour {
		t.Errorf("document %+v", d)
	}
	// 3000 is a code here, and 0 is none but no depth either.
	if d := document[scanDocument](t, "inspect", "--intrinsics", camera, "--depth-invalid", "3000,1", depth); d.Valid == 4066 || d.Max[2] > 2950 {
		t.Errorf("document %+v", d)
	}
	if d := document[scanDocument](t, "inspect", "--intrinsics", camera, "--depth-invalid", "none", depth); d.Valid != 4066 {
		t.Errorf("document %+v", d)
	}
}

func TestScoreDepth(t *testing.T) {
	dir, out := depthScan(t), filepath.Join(t.TempDir(), "out")
	depth, colour, camera := filepath.Join(dir, "depth.png"), filepath.Join(dir, "colour.png"), filepath.Join(dir, "camera.yaml")
	got := lines(t, fine(t, "score", "--json", "--model", testModel(t), "--intrinsics", camera, "--depth-scale", "0.0001", "--rgb", colour, "--out", out, depth))
	d, err := iad3d.Load(testModel(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s, err := scan.Read(depth, scan.Options{Intrinsics: camera, Colour: colour, DepthScale: 0.0001})
	if err != nil {
		t.Fatal(err)
	}
	want, err := d.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Score != want.Score || got[0].Peak != want.Peak || got[0].Scan != "depth" {
		t.Errorf("%+v, want score %g", got, want.Score)
	}
	if _, err := os.Stat(got[0].Files.Heatmap); err != nil {
		t.Error(err)
	}
	// A folder of depth images, one of which is none, is scored as far as it goes.
	folder := filepath.Join(t.TempDir(), "good", "depth")
	raw, err := os.ReadFile(depth)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "000.png"), raw)
	put(t, filepath.Join(folder, "001.png"), raw[:len(raw)/2])
	r := run(t, "score", "--json", "--model", testModel(t), "--intrinsics", camera, "--depth-scale", "0.0001", filepath.Dir(folder))
	if got := lines(t, r.stdout); r.code != exitInput || len(got) != 1 || got[0].Scan != "good/000" || got[0].Score != want.Score || !strings.Contains(r.stderr, "001.png: depthpng: ") {
		t.Errorf("exit code %d, %+v\n%s", r.code, got, r.stderr)
	}
}

func TestCaptureRefuses(t *testing.T) {
	dir := depthScan(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	bad := put(t, at("bad.yaml"), []byte("width: 64\nheight: 64\nfx: 300\n"))
	bent := put(t, at("bent.yaml"), []byte(captureYAML+"distortion: [0.1]\n"))
	for _, cmd := range [][]string{{"inspect"}, {"score", "--model", testModel(t)}} {
		for _, c := range []struct {
			code int
			says string
			args []string
		}{
			{exitInput, "depth.png: is a 16-bit greyscale PNG: a depth image, of which the camera's intrinsics are needed: a YAML or JSON file with width, height, fx, fy, cx, cy (--intrinsics)", []string{at("depth.png")}},
			{exitInput, "bad.yaml: camera: not a camera file: field fy is missing", []string{"--intrinsics", bad, at("depth.png")}},
			{exitInput, "bent.yaml: camera: lens distortion: field distortion has 0.1 as number 1", []string{"--intrinsics", bent, at("depth.png")}},
			{exitInput, "none.yaml: no such file", []string{"--intrinsics", at("none.yaml"), at("depth.png")}},
			{exitInput, "colour.png: unusable scan: colour image is 128×128, cloud is 64×64 (registration needed), with " + at("depth.png"), []string{"--intrinsics", at("plain.yaml"), "--rgb", at("colour.png"), at("depth.png")}},
			{exitInput, "colour.png: is a PNG image, not a cloud", []string{"--intrinsics", at("plain.yaml"), at("colour.png")}},
			{exitUsage, "--depth-scale is about depth images, which need --intrinsics", []string{"--depth-scale", "1", at("depth.png")}},
			{exitUsage, "--depth-invalid is about depth images, which need --intrinsics", []string{"--depth-invalid", "0", at("depth.png")}},
			{exitUsage, "--depth-scale 0: want more than 0 metres", []string{"--intrinsics", at("plain.yaml"), "--depth-scale", "0", at("depth.png")}},
			{exitUsage, "--depth-scale NaN: want more than 0 metres", []string{"--intrinsics", at("plain.yaml"), "--depth-scale", "nan", at("depth.png")}},
			{exitUsage, "--depth-invalid 0;1: want numbers joined by commas, or none", []string{"--intrinsics", at("plain.yaml"), "--depth-invalid", "0;1", at("depth.png")}},
			{exitUsage, "--intrinsics is empty", []string{"--intrinsics", "", at("depth.png")}},
		} {
			args := append(append([]string{}, cmd...), c.args...)
			refuse(t, c.code, []string{c.says}, args...)
		}
	}
	refuse(t, exitUsage, []string{"is the folder of", "choose another"}, "score", "--model", testModel(t), "--intrinsics", at("plain.yaml"), "--out", dir, at("depth.png"))
}

// candy writes an Eyecandies class of four samples, two of them to test, one with
// a bump, and returns its root.
func candy(t *testing.T) string {
	root := t.TempDir()
	for _, s := range []struct {
		split, n string
		bump     bool
	}{{"train", "000", false}, {"train", "001", false}, {"test_public", "00", false}, {"test_public", "01", true}, {"test_private", "000", false}} {
		at := func(name string) string { return filepath.Join(root, "Dome", s.split, "data", s.n+"_"+name) }
		depth, mask := image.NewGray16(image.Rect(0, 0, 512, 512)), image.NewGray(image.Rect(0, 0, 512, 512))
		for i := range 512 * 512 {
			x, y := i%512-256, i/512-240
			z := 60000
			if r := x*x + y*y; r < 150*150 {
				z -= 1500 + (150*150-r)/5
			}
			if s.bump && (x-40)*(x-40)+y*y < 400 {
				z -= 1500
				mask.SetGray(i%512, i/512, color.Gray{Y: 255})
			}
			depth.SetGray16(i%512, i/512, color.Gray16{Y: uint16(z)})
		}
		putPNG(t, at("depth.png"), depth)
		putPNG(t, at("image_4.png"), image.NewNRGBA(image.Rect(0, 0, 512, 512)))
		put(t, at("info_depth.yaml"), []byte("normalization: {min: 2.0, max: 3.0}\n"))
		if s.split != "test_private" {
			b := map[bool]int{true: 1}[s.bump]
			put(t, at("metadata.yaml"), fmt.Appendf(nil, "anomalous: %d\nanomalous_bumps: %d\nanomalous_dents: 0\nanomalous_colors: 0\nanomalous_normals: 0\n", b, b))
			putPNG(t, at("mask.png"), mask)
		}
	}
	return root
}

func TestEyecandies(t *testing.T) {
	root := candy(t)
	model := filepath.Join(t.TempDir(), "dome.iad3d")
	set := []string{"--dataset", "eyecandies", "--root", root, "--class", "Dome"}
	doc := document[fitDocument](t, append([]string{"fit", "--protocol", "btf", "--out", model}, set...)...)
	if doc.Class != "Dome" || doc.Provenance.Scans != 2 {
		t.Errorf("document %+v", doc)
	}
	e := document[evalDocument](t, append([]string{"eval", "--model", model}, set...)...)
	if e.Good != 1 || e.Defective != 1 || len(e.Defects) != 1 || e.Defects[0].Defect != "bumps" || e.ImageAUROC != 1 || e.PixelAUROC < 0.9 {
		t.Errorf("evaluation %+v", e.Evaluation)
	}
	refuse(t, exitInput, []string{"000_image_0.png: does not exist, but 000_depth.png does"}, append([]string{"eval", "--model", model, "--image", "0"}, set...)...)
	refuse(t, exitUsage, []string{"--image 7: dataset: Eyecandies has the images 0 to 5"}, append([]string{"eval", "--model", model, "--image", "7"}, set...)...)
	refuse(t, exitUsage, []string{"--image 4: dataset: mvtec3d has one image"}, "eval", "--model", model, "--dataset", "mvtec3d", "--root", root, "--image", "4")
	refuse(t, exitInput, []string{root + ": no class \"X\"; found Dome"}, "eval", "--model", model, "--dataset", "eyecandies", "--root", root, "--class", "X")
}
