package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

type proCase struct {
	Name      string
	GTs, Maps golden.Ref
	Regions   int `json:"n_components_8conn"`
	OKPixels  int `json:"n_ok_pixels"`
	Expected  []struct {
		Thresholds int            `json:"num_thresholds_value"`
		AUPRO      map[string]any `json:"au_pro"`
		FPRs, PROs []float64
	}
	Exact struct {
		AUPRO map[string]float64 `json:"au_pro"`
	} `json:"exact_all_distinct_thresholds"`
	Anomalib map[string]float64
}

type proOracle struct {
	Limits    []float64
	Cases     []proCase
	Trapezoid []struct {
		Name     string
		X, Y     []golden.Float
		XMax     *float64 `json:"x_max"`
		Expected struct {
			Value float64
			Error string
		}
	}
}

func (c *proCase) images32(t *testing.T) []Image[float32] {
	a := golden.NPY(t, c.Maps.File)
	return images(a.Shape, a.Float32s(), golden.NPY(t, c.GTs.File).Uint8s())
}

func (c *proCase) images64(t *testing.T) []Image[float64] {
	a := golden.NPY(t, c.Maps.File)
	return images(a.Shape, a.Float64s(), golden.NPY(t, c.GTs.File).Uint8s())
}

func images[S Score](shape []int, scores []S, gts []uint8) []Image[S] {
	size := shape[1] * shape[2]
	var out []Image[S]
	for k := range shape[0] {
		out = append(out, Image[S]{
			Width: shape[2], Height: shape[1],
			Scores: scores[k*size : (k+1)*size], Truth: isDefect(gts[k*size : (k+1)*size]),
		})
	}
	return out
}

// metrics_aupro/aupro.json: BTF's utils/au_pro_util.py @612eb7b (M3DM's is the
// same file) for the official curve, an all-threshold curve in float64 for the
// exact one, anomalib @b72336861 beside it.
func TestAUPROAgainstReferencePrograms(t *testing.T) {
	var oracle proOracle
	golden.JSON(t, "metrics_aupro/aupro.json", &oracle)
	for _, c := range oracle.Cases {
		t.Run(c.Name, func(t *testing.T) {
			if c.Maps.DType == "float32" {
				checkAUPRO(t, &c, c.images32(t), oracle.Limits)
			}
			checkAUPRO(t, &c, c.images64(t), oracle.Limits)
		})
	}
}

func checkAUPRO[S Score](t *testing.T, c *proCase, images []Image[S], limits []float64) {
	t.Helper()
	p, err := pool(images)
	if err != nil {
		t.Fatal(err)
	}
	if p.Images() != len(images) || p.Regions() != c.Regions || p.OKPixels() != c.OKPixels ||
		p.OKPixels()+p.DefectPixels() != len(images)*len(images[0].Scores) {
		t.Fatalf("%d images, %d regions, %d + %d pixels; want %d regions, %d sound pixels",
			p.Images(), p.Regions(), p.OKPixels(), p.DefectPixels(), c.Regions, c.OKPixels)
	}
	if c.Regions == 0 || c.OKPixels == 0 {
		want := ErrNoRegion
		if c.OKPixels == 0 {
			want = ErrNoOKPixel
		}
		for _, o := range []PROOptions{{}, {Exact: true}} {
			if _, err := p.PROCurve(o); !errors.Is(err, want) || !errors.Is(err, ErrOneClass) {
				t.Errorf("error %v, want %v", err, want)
			}
		}
		if _, err := p.ROCAUC(); !errors.Is(err, ErrOneClass) {
			t.Errorf("ROCAUC: error %v, want %v", err, ErrOneClass)
		}
		return
	}
	for _, e := range c.Expected {
		curve, err := p.PROCurve(PROOptions{Thresholds: e.Thresholds})
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range limits {
			near(t, curve, limit, e.AUPRO[strconv.FormatFloat(limit, 'f', 1+decimals(limit), 64)].(float64), oracleTolerance)
		}
		if e.FPRs == nil {
			continue
		}
		if !slices.Equal(curve.X, e.FPRs) { // the same two operations on the same integers
			t.Errorf("%d positions: false-positive rates differ in bits", e.Thresholds)
		}
		for i := range e.PROs {
			if !(math.Abs(curve.Y[i]-e.PROs[i]) <= oracleTolerance) {
				t.Errorf("%d positions: PRO %d = %v, want %v", e.Thresholds, i, curve.Y[i], e.PROs[i])
			}
		}
	}
	exact, err := p.PROCurve(PROOptions{Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	// anomalib sums in float32. A mask that covers a whole image it takes for
	// background: documented, and not followed.
	const anomalibTolerance = 1e-5
	for _, limit := range limits {
		key := strconv.FormatFloat(limit, 'f', 1+decimals(limit), 64)
		near(t, exact, limit, c.Exact.AUPRO[key], oracleTolerance)
		if c.Name != "full_image_and_single_pixels" {
			near(t, exact, limit, c.Anomalib[key], anomalibTolerance)
		}
	}
}

// decimals is how many digits Python prints after the first one behind the
// point, for the limits .3 .05 .01 1.
func decimals(limit float64) int {
	if limit < 0.1 {
		return 1
	}
	return 0
}

func near(t *testing.T, c *Curve, limit, want, tolerance float64) {
	t.Helper()
	a, err := c.Area(limit)
	if err != nil || !(math.Abs(a.Value-want) <= tolerance) {
		t.Errorf("%s = %v, %v; want %v", a.Convention, a.Value, err, want)
	}
}

// The integrator of the same program.
func TestAreaAgainstReferenceProgram(t *testing.T) {
	var oracle proOracle
	golden.JSON(t, "metrics_aupro/aupro.json", &oracle)
	for _, c := range oracle.Trapezoid {
		var x, y []float64
		for i := range c.X {
			// The script drops points that are not finite; the curves of this
			// package have none.
			if fx, fy := float64(c.X[i]), float64(c.Y[i]); fx-fx == 0 && fy-fy == 0 {
				x, y = append(x, fx), append(y, fy)
			}
		}
		limit := x[len(x)-1]
		if c.XMax != nil {
			limit = *c.XMax
		}
		got, err := areaUpTo(x, y, limit)
		if c.Expected.Error != "" {
			if !errors.Is(err, ErrOption) {
				t.Errorf("%s: %v, %v; want an error", c.Name, got, err)
			}
		} else if err != nil || !(math.Abs(got-c.Expected.Value) <= oracleTolerance) {
			t.Errorf("%s: %v, %v; want %v", c.Name, got, err, c.Expected.Value)
		}
	}
}

// slowCurve follows the definitions literally: flood fill, and every threshold
// counted anew. thresholds = 0 gives the exact curve with all its points.
func slowCurve(images []Image[float64], thresholds int) *Curve {
	var ok []float64
	var regions [][]float64
	for _, m := range images {
		labels, n := flood(m.Truth, m.Width, m.Height)
		parts := make([][]float64, n+1)
		for i, l := range labels {
			parts[l] = append(parts[l], m.Scores[i])
		}
		ok = append(ok, parts[0]...)
		regions = append(regions, parts[1:]...)
	}
	slices.Sort(ok)
	share := func(v []float64, found func(float64) bool) float64 {
		n := 0
		for _, s := range v {
			if found(s) {
				n++
			}
		}
		return float64(n) / float64(len(v))
	}
	pro := func(found func(float64) bool) float64 {
		sum := 0.0
		for _, r := range regions {
			sum += share(r, found)
		}
		return sum / float64(len(regions))
	}
	c := &Curve{XAxis: AxisFPR}
	if thresholds > 0 {
		for i := thresholds - 1; i >= 0; i-- {
			pos := i * (len(ok) - 1) / (thresholds - 1)
			c.X = append(c.X, 1-float64(pos+1)/float64(len(ok)))
			c.Y = append(c.Y, pro(func(s float64) bool { return s > ok[pos] }))
		}
		c.X, c.Y = append(c.X, 1), append(c.Y, 1)
		return c
	}
	levels := slices.Sorted(slices.Values(slices.Concat(append(regions, ok)...)))
	c.X, c.Y = []float64{0}, []float64{0}
	for _, t := range slices.Backward(slices.Compact(levels)) {
		found := func(s float64) bool { return s >= t }
		c.X, c.Y = append(c.X, share(ok, found)), append(c.Y, pro(found))
	}
	return c
}

// tiny makes up to four small images with a few score levels, at least one
// sound and one defect pixel among them.
func tiny(rng *rand.Rand) []Image[float64] {
	for {
		levels, dense := 1+rng.IntN(40), rng.IntN(90)
		sound, defect := false, false
		out := make([]Image[float64], 1+rng.IntN(4))
		for k := range out {
			w, h := 1+rng.IntN(7), 1+rng.IntN(7)
			m := Image[float64]{Width: w, Height: h, Scores: make([]float64, w*h), Truth: make([]bool, w*h)}
			for i := range m.Scores {
				m.Truth[i] = rng.IntN(100) < dense
				m.Scores[i] = float64(rng.IntN(levels)-levels/2) / 16
				if m.Truth[i] {
					defect = true
					m.Scores[i] += float64(rng.IntN(8)) / 16
				} else {
					sound = true
				}
			}
			out[k] = m
		}
		if sound && defect {
			return out
		}
	}
}

func TestPROCurveAgainstDefinition(t *testing.T) {
	// Sums of at most 100 regions and points in another order.
	const tolerance = 1e-12
	rng := rand.New(rand.NewPCG(9, 1))
	for range 400 {
		images := tiny(rng)
		for _, o := range []PROOptions{{}, {Thresholds: 2}, {Thresholds: 13}, {Exact: true}} {
			slow := slowCurve(images, max(o.Thresholds, 0))
			if o == (PROOptions{}) {
				slow = slowCurve(images, 100)
			}
			fast, err := PROCurve(images, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, limit := range []float64{0.01, 0.1, 0.3, 0.5, 1, rng.Float64() + 1e-3} {
				want, err := slow.Area(min(limit, 1))
				if err != nil {
					t.Fatal(err)
				}
				near(t, fast, min(limit, 1), want.Value, tolerance)
			}
			if !slices.IsSorted(fast.X) || !slices.IsSorted(fast.Y) || fast.Y[len(fast.Y)-1] != 1 || fast.X[len(fast.X)-1] != 1 {
				t.Fatalf("curve %v %v descends or does not end at (1, 1)", fast.X, fast.Y)
			}
		}
		auc, err := PixelROCAUC(images)
		if err != nil {
			t.Fatal(err)
		}
		var scores []float64
		var labels []bool
		for _, m := range images {
			scores, labels = append(scores, m.Scores...), append(labels, m.Truth...)
		}
		if want, _ := ROCAUC(scores, labels); auc != want {
			t.Fatalf("PixelROCAUC = %v, want %v", auc, want)
		}
	}
}

// Without ties the official points lie on the exact curve; between two of them
// the curves enclose at most width·rise. The widths are the gaps between
// positions over N, the rises add up to at most 1, and with all N positions the
// exact curve is the lower half of each such box, the official its diagonal.
func TestOfficialTendsToExact(t *testing.T) {
	images := inspection(4, 60, 11)
	seen := map[float32]bool{}
	for _, m := range images { // make the scores distinct
		for i, v := range m.Scores {
			for seen[v] {
				v = math.Nextafter32(v, 2)
			}
			seen[v], m.Scores[i] = true, v
		}
	}
	p, err := pool(images)
	if err != nil {
		t.Fatal(err)
	}
	exact, err := p.PROCurve(PROOptions{Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	n := p.OKPixels()
	for _, limit := range []float64{0.01, 0.05, 0.3, 1} {
		want, _ := exact.Area(limit)
		for _, thresholds := range []int{10, 100, 1000, n} {
			c, err := p.PROCurve(PROOptions{Thresholds: thresholds})
			if err != nil {
				t.Fatal(err)
			}
			got, _ := c.Area(limit)
			gap := (n - 1 + thresholds - 2) / (thresholds - 1)
			bound := float64(gap) / float64(n) / limit
			if d := math.Abs(got.Value - want.Value); d > bound {
				t.Errorf("%v: %v from %v, bound %v", got, d, want, bound)
			}
			if d := got.Value - want.Value; thresholds == n && (d < -1e-12 || d > bound/2+1e-12) {
				t.Errorf("all positions: %v above the exact value, want 0 … %v", d, bound/2)
			}
		}
	}
}

// Areas of a curve that is not kept have the same bits as those of the curve.
func TestPROAreas(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	limits := []float64{0.01, 0.05, 0.3, 0.5, 1}
	for range 300 {
		p, err := pool(tiny(rng))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []PROOptions{{}, {Exact: true}} {
			c, err := p.PROCurve(o)
			if err != nil {
				t.Fatal(err)
			}
			areas, err := p.PROAreas(o, limits...)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range areas {
				if want, err := c.Area(limits[i]); err != nil || got != want {
					t.Fatalf("%+v, want %+v, %v", got, want, err)
				}
			}
			if _, err := p.PROAreas(o, 0); !errors.Is(err, ErrOption) {
				t.Fatalf("limit 0: %v", err)
			}
		}
	}
}

func TestAUPROInvariance(t *testing.T) {
	const tolerance = 1e-12 // the order of summation changes
	rng := rand.New(rand.NewPCG(10, 1))
	for range 100 {
		images := tiny(rng)
		mapped := make([]Image[float64], len(images))
		for k, j := range rng.Perm(len(images)) {
			m := images[j]
			m.Scores = slices.Clone(m.Scores)
			for i, s := range m.Scores {
				m.Scores[i] = s*s*s + s // strictly increasing, exact for multiples of 1/16
			}
			mapped[k] = m
		}
		for _, o := range []PROOptions{{}, {Exact: true}} {
			want, err := AUPRO(images, OfficialLimit, o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := AUPRO(mapped, OfficialLimit, o)
			if err != nil || math.Abs(got.Value-want.Value) > tolerance {
				t.Errorf("mapped and shuffled: %v, %v; want %v", got, err, want)
			}
		}
	}
}
