package iad3d

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// boxOnTable is a scan of 60×50 points, 1 mm apart, of a box of 20×15 points and
// 10 mm height on a table, with a speck of 3×3 points beside it and a column of
// missing points through table and box. Every pixel has another colour.
func boxOnTable() (s *rgbd.Scan, box image.Rectangle) {
	const w, h, missing = 60, 50, 30
	box = image.Rect(22, 17, 42, 32)
	speck := image.Rect(50, 40, 53, 43)
	c := &pointcloud.Cloud{Width: w, Height: h, XYZ: make([]float32, 3*w*h)}
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.SetNRGBA(x, y, color.NRGBA{uint8(x + 1), uint8(y + 1), 200, 255})
			if x == missing {
				continue
			}
			z := float32(0.5)
			if p := image.Pt(x, y); p.In(box) || p.In(speck) {
				z -= 0.01
			}
			copy(c.XYZ[3*(y*w+x):], []float32{float32(x+1) / 1000, float32(y+1) / 1000, z})
		}
	}
	c.MarkMissing(pointcloud.Missing{})
	return &rgbd.Scan{Name: "box", Source: "box.tiff", Cloud: c, Colour: im}, box
}

func TestPreprocess(t *testing.T) {
	for _, test := range []struct {
		name string
		o    PreprocessOptions
		size image.Point
		at   image.Point // of the old corner: the smaller half of the border comes first
	}{
		{"default", PreprocessOptions{}, image.Pt(60, 50), image.Pt(0, 0)},
		{"padded", PreprocessOptions{Pad: 7}, image.Pt(63, 63), image.Pt(1, 6)},
		{"btf", PreprocessOptions{BTF: true}, image.Pt(100, 100), image.Pt(20, 25)},
		{"btf padded", PreprocessOptions{BTF: true, Pad: 64}, image.Pt(64, 64), image.Pt(2, 7)},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, box := boxOnTable()
			xyz, pix := slices.Clone(s.Cloud.XYZ), slices.Clone(s.Colour.Pix)
			truth := image.NewGray(s.Colour.Rect)
			truth.SetGray(25, 20, color.Gray{77})
			p, err := Preprocess(t.Context(), s, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Cloud.XYZ, xyz) || !slices.Equal(s.Colour.Pix, pix) {
				t.Error("the scan was changed")
			}
			if err := p.Scan.Check(); err != nil {
				t.Fatal(err)
			}
			c := p.Scan.Cloud
			if got := image.Pt(c.Width, c.Height); got != test.size {
				t.Fatalf("size %v, want %v", got, test.size)
			}
			if p.Scan.Name != s.Name || p.Scan.Source != s.Source {
				t.Errorf("scan %q of %q", p.Scan.Name, p.Scan.Source)
			}
			kept := 19 * 15 // the box less its missing column
			if p.Kept != kept || c.CountValid() != kept || p.Removed != 59*50-kept {
				t.Errorf("%d kept (%d valid), %d removed", p.Kept, c.CountValid(), p.Removed)
			}
			moved := p.Truth(truth)
			for y := range c.Height {
				for x := range c.Width {
					old := image.Pt(x, y).Sub(test.at)
					i := y*c.Width + x
					inBox := old.In(box) && old.X != 30
					if c.IsValid(i) != inBox {
						t.Fatalf("pixel (%d, %d) valid %t", x, y, c.IsValid(i))
					}
					point, colour := []float32{0, 0, 0}, color.NRGBA{A: 255}
					if inBox {
						j := 3 * (old.Y*s.Cloud.Width + old.X)
						point = s.Cloud.XYZ[j : j+3]
					}
					if inBox || old.In(s.Colour.Rect) && old.X == 30 { // a missing point has a colour still
						colour = s.Colour.NRGBAAt(old.X, old.Y)
					}
					if got := c.XYZ[3*i : 3*i+3]; !slices.Equal(got, point) {
						t.Fatalf("point (%d, %d) is %v, want %v", x, y, got, point)
					}
					if got := p.Scan.Colour.NRGBAAt(x, y); got != colour {
						t.Fatalf("colour (%d, %d) is %v, want %v", x, y, got, colour)
					}
					if got := moved.GrayAt(x, y).Y; got != truth.GrayAt(old.X, old.Y).Y {
						t.Fatalf("truth (%d, %d) is %d", x, y, got)
					}
				}
			}
			if p.Truth(nil) != nil {
				t.Error("truth out of nothing")
			}
		})
	}
}

func TestPreprocessWithoutColour(t *testing.T) {
	s, _ := boxOnTable()
	s.Colour = nil
	p, err := Preprocess(t.Context(), s, PreprocessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Scan.Colour != nil {
		t.Error("a colour image out of nothing")
	}
}

func TestPreprocessRefuses(t *testing.T) {
	flat, _ := boxOnTable()
	for i := range flat.Cloud.Len() {
		flat.Cloud.XYZ[3*i+2] = 0.5
	}
	sparse, _ := boxOnTable()
	for i := range sparse.Cloud.Valid {
		sparse.Cloud.Valid[i] = i == 0
	}
	thin := &pointcloud.Cloud{Width: 20000, Height: 1, XYZ: make([]float32, 60000)}
	good, _ := boxOnTable()
	small, _ := boxOnTable()
	small.Colour = image.NewNRGBA(image.Rect(0, 0, 5, 5))
	for _, test := range []struct {
		name string
		scan *rgbd.Scan
		o    PreprocessOptions
		want error
	}{
		{"plane only", flat, PreprocessOptions{}, rgbd.ErrScan},
		{"one point", sparse, PreprocessOptions{}, rgbd.ErrScan},
		{"one point, BTF", sparse, PreprocessOptions{BTF: true}, rgbd.ErrScan},
		{"no plane", &rgbd.Scan{Source: "thin.tiff", Cloud: thin}, PreprocessOptions{}, rgbd.ErrScan},
		{"other size", small, PreprocessOptions{}, rgbd.ErrScan},
		{"padding", good, PreprocessOptions{Pad: -1}, ErrConfig},
	} {
		if _, err := Preprocess(t.Context(), test.scan, test.o); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		} else {
			t.Log(err)
		}
	}
}

func ExamplePreprocess() {
	scan, _ := boxOnTable()
	p, err := Preprocess(context.Background(), scan, PreprocessOptions{BTF: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d×%d pixels, %d points of %d kept\n",
		p.Scan.Cloud.Width, p.Scan.Cloud.Height, p.Kept, p.Kept+p.Removed)
	// Output: 100×100 pixels, 285 points of 2950 kept
}
