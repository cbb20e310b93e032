package dataset_test

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

// side is the size of Eyecandies' images, which its camera fixes.
const side = 512

const rangeYAML = "normalization:\n  max: 4.5\n  min: 2.5\n"

// metadata returns a metadata.yaml: anomalous, bumps, dents, colors, normals.
func metadata(flags string) string {
	names := []string{"anomalous", "anomalous_bumps", "anomalous_dents", "anomalous_colors", "anomalous_normals"}
	var b strings.Builder
	for i, f := range flags {
		fmt.Fprintf(&b, "%s: %c\n", names[i], f)
	}
	return b.String()
}

// mask512 returns a mask with n pixels marked.
func mask512(n int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range n {
		m.Pix[1000+i] = 255
	}
	return m
}

// addSample writes the files of a sample, of the split test_private those it has
// there.
func addSample(t testing.TB, class, split, n, flags string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(class, split, "data", n+"_"+name) }
	depth := image.NewGray16(image.Rect(0, 0, side, side))
	for i := range side * side {
		depth.SetGray16(i%side, i/side, color.Gray16{Y: uint16(i)})
	}
	depth.SetGray16(7, 0, color.Gray16{Y: 65535})
	writePNG(t, at("depth.png"), depth)
	writeFile(t, at("info_depth.yaml"), rangeYAML)
	writeFile(t, at("pose.txt"), "1 0 0 0\n")
	for _, k := range []int{1, 4} {
		im := image.NewNRGBA(image.Rect(0, 0, side, side))
		for i := range im.Pix {
			im.Pix[i] = 255
		}
		im.SetNRGBA(3, 2, color.NRGBA{uint8(k), 0, 0, 255})
		writePNG(t, at(fmt.Sprintf("image_%d.png", k)), im)
	}
	normals := image.NewNRGBA(image.Rect(0, 0, side, side))
	normals.SetNRGBA(0, 0, color.NRGBA{128, 128, 255, 255})
	normals.SetNRGBA(1, 0, color.NRGBA{255, 0, 128, 255})
	writePNG(t, at("normals.png"), normals)
	if split == "test_private" {
		return
	}
	writeFile(t, at("metadata.yaml"), metadata(flags))
	all := 0
	for i, kind := range []string{"bumps", "dents", "colors", "normals"} {
		m := 0
		if flags[i+1] == '1' {
			m = i + 1
		}
		all = max(all, m)
		writePNG(t, at(kind+"_mask.png"), mask512(m))
	}
	writePNG(t, at("mask.png"), mask512(all))
}

// makeCandy writes a class of eight samples.
func makeCandy(t testing.TB, class string) {
	t.Helper()
	for _, s := range [][3]string{
		{"train", "000", "00000"}, {"train", "002", "00000"}, {"train", "010", "00000"}, {"val", "00", "00000"},
		{"test_public", "01", "10101"}, {"test_public", "00", "00000"}, {"test_public", "12", "11000"}, {"test_private", "399", ""},
	} {
		addSample(t, class, s[0], s[1], s[2])
	}
}

func TestEyecandiesItems(t *testing.T) {
	root := t.TempDir()
	class := filepath.Join(root, "Lollipop")
	makeCandy(t, class)
	for _, junk := range []string{".DS_Store", "train/data/._000_depth.png", "train/data/notes.txt", "val/readme", "train/data/x/000_depth.png"} {
		writeFile(t, filepath.Join(class, filepath.FromSlash(junk)), "junk")
	}
	s, err := dataset.Open("eyecandies", root, "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Root != class || s.Class != "Lollipop" || s.ClassIDs != nil {
		t.Errorf("root %q, class %q, ids %v", s.Root, s.Class, s.ClassIDs)
	}
	for split, want := range map[dataset.Split][]string{
		dataset.Train:       {"good/000", "good/002", "good/010"},
		dataset.Validation:  {"good/00"},
		dataset.Test:        {"good/00", "dents+normals/01", "bumps/12"},
		dataset.TestPrivate: {"399"},
	} {
		if got := names(s.Items(split)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", split, got, want)
		}
	}
	if want := []dataset.Split{"train", "validation", "test", "test_private"}; !slices.Equal(s.Splits(), want) {
		t.Errorf("splits %q", s.Splits())
	}
	at := func(name string) string { return filepath.Join(class, "test_public", "data", "01_"+name) }
	it := s.Items(dataset.Test)[1]
	want := dataset.Item{
		Name: "dents+normals/01", Split: dataset.Test, Defect: "dents+normals",
		Depth: at("depth.png"), Colour: at("image_4.png"), Truth: at("mask.png"),
	}
	if it != want || !slices.Equal(it.Defects(), []string{"dents", "normals"}) {
		t.Errorf("item %+v, defects %q\nwant %+v", it, it.Defects(), want)
	}
	if want := []string{at("depth.png"), at("image_4.png"), at("mask.png"), at("info_depth.yaml"), at("metadata.yaml")}; !slices.Equal(it.Files(), want) {
		t.Errorf("files %q", it.Files())
	}
	for kind, n := range map[string]int{"bumps": 0, "dents": 2, "colors": 0, "normals": 4} {
		m, err := s.DefectMask(it, kind)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, v := range m.Pix {
			got += int(v) / 255
		}
		if got != n {
			t.Errorf("mask of %s has %d pixels, want %d", kind, got, n)
		}
	}
	private := s.Items(dataset.TestPrivate)[0]
	if len(private.Files()) != 3 {
		t.Errorf("files %q", private.Files())
	}
	if private.Truth != "" || private.Defect != rgbd.Unlabelled || private.Defects() != nil || s.Items(dataset.Train)[0].Defects() != nil {
		t.Errorf("item %+v", private)
	}
	if _, err := s.DefectMask(private, "bumps"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("mask of a sample without labels: %v", err)
	}
	if _, err := s.DefectMask(it, "scratches"); !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("mask of a kind that there is not: %v", err)
	}
}

func TestEyecandiesLoad(t *testing.T) {
	class := t.TempDir()
	makeCandy(t, class)
	one := 1
	s, err := dataset.Options{Image: &one}.Open("eyecandies", class, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, split := range s.Splits() {
		for l, err := range s.Scans(t.Context(), split) {
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Check(); err != nil {
				t.Fatal(err)
			}
			c := l.Cloud
			if c.CountValid() != side*side || l.Colour.NRGBAAt(3, 2).R != 1 || *l.Intrinsics != (rgbd.Intrinsics{Width: 512, Height: 512, Fx: 6400. / 9, Fy: 6400. / 9, Cx: 255.5, Cy: 255.5}) {
				t.Errorf("%s: %d valid, colour %v, camera %+v", l.Source, c.CountValid(), l.Colour.NRGBAAt(3, 2), l.Intrinsics)
			}
			// 0 is the nearest depth, not a missing one, and 65535 the farthest.
			for i, want := range map[int]float64{0: 2.5, 7: 4.5, 1000: 1000./65535*2 + 2.5} {
				if c.XYZ[3*i+2] != float32(want) {
					t.Errorf("depth of pixel %d is %g, want %g", i, c.XYZ[3*i+2], want)
				}
			}
			if (l.Truth != nil) != (split != dataset.TestPrivate) || l.Anomalous() != strings.Contains("dents+normals bumps", cmp.Or(l.Defect, "?")) {
				t.Errorf("%s: truth %v, defect %q", l.Source, l.Truth != nil, l.Defect)
			}
		}
	}
	n, w, h, err := s.Normals(s.Items(dataset.Train)[0])
	if err != nil || w != side || h != side || len(n) != 3*side*side {
		t.Fatalf("%d×%d, %d values, %v", w, h, len(n), err)
	}
	// (0,0) faces the camera; (1,0) points right and up: red is x, green is −y.
	small := 0.5 / 127.5
	for i, want := range []r3.Vector{{X: small, Y: -small, Z: -1}, {X: 1, Y: 1, Z: -small}} {
		want = want.Normalize()
		got := r3.Vector{X: n[3*i], Y: n[3*i+1], Z: n[3*i+2]}
		if got.Sub(want).Norm() > 1e-15 {
			t.Errorf("normal %d is %v, want %v", i, got, want)
		}
	}
}

func TestImageOption(t *testing.T) {
	class := t.TempDir()
	addSample(t, class, "train", "0", "00000")
	for _, k := range []int{-1, 6} {
		if _, err := (dataset.Options{Image: &k}).Open("eyecandies", class, ""); !errors.Is(err, dataset.ErrOptions) {
			t.Errorf("image %d: %v", k, err)
		}
	}
	k := 2
	_, err := dataset.Options{Image: &k}.Open("eyecandies", class, "")
	checkError(t, err, filepath.Join(class, "train", "data", "0_image_2.png"), "does not exist")
	_, err = dataset.Open("mvtec3d", class, "")
	checkError(t, err, class, "laid out like a class of Eyecandies")
	nut := t.TempDir()
	makeClass(t, nut)
	s, err := dataset.Options{Image: &k}.Open("mvtec3d", nut, "")
	if s != nil || !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("an image of MVTec 3D-AD: %v", err)
	}
	if s, err = dataset.Open("mvtec3d", nut, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.Normals(s.Items(dataset.Train)[0]); !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("normals of MVTec 3D-AD: %v", err)
	}
	if _, err := s.DefectMask(s.Items(dataset.Train)[0], "bumps"); !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("defect masks of MVTec 3D-AD: %v", err)
	}
}

func TestClassesOf(t *testing.T) {
	root := t.TempDir()
	addSample(t, filepath.Join(root, "Lollipop"), "test_private", "0", "")
	makeClass(t, filepath.Join(root, "nut"))
	for kind, want := range map[string][]string{"mvtec3d": {"nut"}, "eyecandies": {"Lollipop"}} {
		if got, err := dataset.ClassesOf(kind, root); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
	if _, err := dataset.ClassesOf("x", root); err == nil {
		t.Error("an unknown kind is accepted")
	}
	if _, err := dataset.Open("eyecandies", root, "Lollipop"); err != nil {
		t.Error(err)
	}
}
