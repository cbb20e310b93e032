package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/grid"
)

func TestPixelsRejects(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	good := Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{true, false}}
	for _, c := range []struct {
		m     Image[float64]
		want  error
		words string
	}{
		{Image[float64]{}, ErrEmpty, "image 1"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, 2}}, ErrLength, "2×2 pixels, 2 scores"},
		{Image[float64]{Width: 0, Height: 2, Scores: []float64{1, 2}}, ErrLength, "0×2"},
		{Image[float64]{Width: -2, Height: -1, Scores: []float64{1, 2}}, ErrLength, "-2×-1"},
		{Image[float64]{Width: math.MaxInt, Height: 2, Scores: []float64{1, 2}}, ErrLength, "2 scores"},
		{Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{}}, ErrLength, "0 truth pixels"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, 2, nan, 4}}, ErrNotFinite, "pixel (0, 1)"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, -inf, 3, 4}}, ErrNotFinite, "pixel (1, 0)"},
	} {
		var p Pixels[float64]
		if err := p.Add(good); err != nil {
			t.Fatal(err)
		}
		err := p.Add(c.m)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "image 1") || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: error %v, want %v with %q", c.m, err, c.want, c.words)
		}
		if auc, err := p.ROCAUC(); auc.Value != 0 || err != nil || p.Images() != 1 || p.OKPixels() != 1 || p.DefectPixels() != 1 || p.Regions() != 1 {
			t.Errorf("%v: the pool changed: ROCAUC %v, %v", c.m, auc, err)
		}
	}
}

func TestPixelsWithoutImages(t *testing.T) {
	var p Pixels[float32]
	_, auc := p.ROCAUC()
	_, ap := p.AveragePrecision()
	_, aupr := p.AUPRTrapezoid()
	_, f1 := p.F1Max()
	_, pro := p.PROCurve(PROOptions{})
	_, iou := p.IoUMax()
	_, roc := p.ROCCurve()
	_, pr := p.PRCurve()
	_, loco := p.LOCOSampling(LOCODistance)
	for _, err := range []error{auc, ap, aupr, f1, pro, iou, roc, pr, loco} {
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("error %v, want ErrEmpty", err)
		}
	}
}

// A pool that was asked for figures can be added to, a nil truth is a good
// image, and the figures are those of the pixels in one slice.
func TestPixelsGrow(t *testing.T) {
	var p Pixels[float32]
	var scores []float32
	var labels []bool
	for k, m := range inspection(5, 48, 12) {
		if k%4 == 0 { // a good part
			m.Truth = nil
			labels = append(labels, make([]bool, len(m.Scores))...)
		} else {
			labels = append(labels, m.Truth...)
		}
		scores = append(scores, m.Scores...)
		if err := p.Add(m); err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			continue
		}
		auc, _ := p.ROCAUC()
		ap, _ := p.AveragePrecision()
		aupr, _ := p.AUPRTrapezoid()
		f1, _ := p.F1Max()
		wantAUC, _ := ROCAUC(scores, labels)
		wantAP, _ := AveragePrecision(scores, labels)
		wantAUPR, _ := AUPRTrapezoid(scores, labels)
		wantF1, err := F1Max(scores, labels)
		if err != nil || auc != wantAUC || ap != wantAP || aupr != wantAUPR || f1 != wantF1 {
			t.Errorf("%d images: %v %v %v %v, want %v %v %v %v", k+1, auc, ap, aupr, f1, wantAUC, wantAP, wantAUPR, wantF1)
		}
	}
}

func TestFromMap(t *testing.T) {
	m := grid.New(2, 3, 1)
	m.Set(1, 2, 0, 5)
	truth := make([]bool, 6)
	truth[5] = true
	auc, err := PixelROCAUC([]Image[float32]{FromMap(m, truth)})
	if auc.Value != 1 || err != nil {
		t.Errorf("ROCAUC %v, %v; want 1", auc, err)
	}
	if _, err := PixelROCAUC([]Image[float32]{FromMap(grid.New(2, 3, 2), truth)}); !errors.Is(err, ErrLength) {
		t.Errorf("two channels: %v, want ErrLength", err)
	}
}

func TestPROOptions(t *testing.T) {
	m := []Image[float64]{{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{false, true}}}
	for _, n := range []int{-1, 1, mostThresholds + 1} {
		if _, err := PROCurve(m, PROOptions{Thresholds: n}); !errors.Is(err, ErrOption) {
			t.Errorf("%d thresholds: %v, want ErrOption", n, err)
		}
	}
	for _, limit := range []float64{0, -0.1, 1.1, math.NaN(), math.Inf(1)} {
		if a, err := AUPRO(m, limit, PROOptions{}); !errors.Is(err, ErrOption) {
			t.Errorf("limit %v: %v, %v; want ErrOption", limit, a, err)
		}
	}
	if _, err := AUPRO[float64](nil, OfficialLimit, PROOptions{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("no image: %v, want ErrEmpty", err)
	}
}

// A union is the pool of all images, in whatever order they were added, and
// stays as it is when a part grows.
func TestUnion(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	for range 50 {
		images := tiny(rng)
		for k := range images {
			images[k].Saturation = Saturation{Share: 0.7}
			if k%2 == 1 { // overlapping channels in place of the mask
				m := &images[k]
				a, b := slices.Clone(m.Truth), slices.Clone(m.Truth)
				a[0], b[0] = true, true
				m.Channels = []Channel{{a, "a", 2}, {b, "b", 1}}
				m.Truth, m.Saturation = nil, Saturation{}
			}
		}
		whole, err := pool(images)
		if err != nil {
			t.Fatal(err)
		}
		parts := []*Pixels[float64]{new(Pixels[float64]), new(Pixels[float64]), new(Pixels[float64])}
		for _, k := range rng.Perm(len(images)) {
			if err := parts[k%3].Add(images[k]); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(2) == 0 {
				_, _ = parts[k%3].ROCAUC() // which packs what is there
			}
		}
		u := Union(parts...)
		if err := parts[0].Add(images[0]); err != nil {
			t.Fatal(err)
		}
		if u.Images() != whole.Images() || u.Regions() != whole.Regions() || u.OKPixels() != whole.OKPixels() || u.DefectPixels() != whole.DefectPixels() {
			t.Fatalf("%d images, %d regions, %d + %d pixels", u.Images(), u.Regions(), u.OKPixels(), u.DefectPixels())
		}
		type figures struct {
			auc, ap, aupr Figure
			f1            F1Optimum
			iou           IoUOptimum
		}
		all := func(p *Pixels[float64]) (f figures) {
			f.auc, err = p.ROCAUC()
			f.ap, _ = p.AveragePrecision()
			f.aupr, _ = p.AUPRTrapezoid()
			f.f1, _ = p.F1Max()
			f.iou, _ = p.IoUMax()
			return f
		}
		if a, b := all(u), all(whole); a != b {
			t.Fatalf("figures %+v, want %+v", a, b)
		}
		if whole.OKPixels() == 0 {
			continue
		}
		for _, o := range []PROOptions{{}, {Exact: true}} {
			a, err := u.PROCurve(o)
			if err != nil {
				t.Fatal(err)
			}
			b, err := whole.PROCurve(o)
			if err != nil || !slices.Equal(a.X, b.X) {
				t.Fatalf("false-positive rates %v, want %v; %v", a.X, b.X, err)
			}
			for i := range a.Y {
				if math.Abs(a.Y[i]-b.Y[i]) > 1e-12 { // the order of summation differs
					t.Fatalf("overlaps %v, want %v", a.Y, b.Y)
				}
			}
		}
	}
}

// FuzzFigures makes images of any bytes: every figure is a number from 0 to 1,
// or an error that this package names, and no input panics.
func FuzzFigures(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, uint8(3), 0.5, 1.0)
	f.Add([]byte{1, 1, 1, 1}, uint8(2), 0.0, math.MaxFloat64)
	f.Add([]byte{0, 0}, uint8(1), 1.0, 5e-324)
	f.Add([]byte{9, 200, 3, 14, 5, 6}, uint8(2), 2.0, math.NaN())
	f.Fuzz(func(t *testing.T, data []byte, width uint8, share, scale float64) {
		data = data[:min(len(data), 300)]
		w := int(width)%9 + 1
		data = data[:len(data)/w*w]
		m := Image[float64]{Width: w, Height: len(data) / w, Saturation: Saturation{Share: share}}
		for _, b := range data {
			m.Scores = append(m.Scores, float64(int8(b)>>2)*scale)
			m.Truth = append(m.Truth, b&1 == 1)
		}
		good := Image[float64]{Width: 1, Height: 1, Scores: []float64{scale}}
		var p Pixels[float64]
		named := func(err error) {
			t.Helper()
			for _, e := range []error{ErrEmpty, ErrLength, ErrNotFinite, ErrOneClass, ErrOption, ErrSaturation, ErrTies} {
				if errors.Is(err, e) {
					return
				}
			}
			t.Errorf("error without a name: %v", err)
		}
		if err := p.Add(m); err != nil {
			named(err)
		}
		if err := p.Add(good); err != nil {
			named(err)
		}
		figure := func(v float64, c Convention, err error) {
			t.Helper()
			switch {
			case err != nil:
				named(err)
			case !(v >= 0 && v <= 1) || c == "":
				t.Errorf("%v by %q of %v", v, c, m)
			}
		}
		for _, get := range []func() (Figure, error){p.ROCAUC, p.AveragePrecision, p.AUPRTrapezoid} {
			v, err := get()
			figure(v.Value, v.Convention, err)
		}
		f1, err := p.F1Max()
		figure(f1.F1, f1.Convention, err)
		iou, err := p.IoUMax()
		figure(iou.IoU, iou.Convention, err)
		if (f1.Threshold-f1.Threshold)+(iou.Threshold-iou.Threshold) != 0 {
			t.Errorf("thresholds %v, %v", f1.Threshold, iou.Threshold)
		}
		curves := []func() (*Curve, error){
			p.ROCCurve, p.PRCurve,
			func() (*Curve, error) { return p.PROCurve(PROOptions{}) },
			func() (*Curve, error) { return p.PROCurve(PROOptions{Exact: true}) },
			func() (*Curve, error) {
				s, err := p.LOCOSampling(LOCODistance)
				if err != nil {
					return nil, err
				}
				return p.LOCOCurve(s, PROOptions{})
			},
		}
		for _, get := range curves {
			c, err := get()
			if err != nil {
				named(err)
				continue
			}
			for _, v := range slices.Concat(c.X, c.Y) {
				figure(v, c.Convention, nil)
			}
			if notFinite(c.Threshold) >= 0 {
				t.Errorf("thresholds %v", c.Threshold)
			}
			for _, limit := range append(Limits(), 1) {
				a, err := c.Area(limit)
				figure(a.Value, a.Convention, err)
			}
		}
	})
}
