package page

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// plate is a scan of 60×40 pixels, 0.5 mm apart, 300 mm away, with a pit of 2 mm that
// the score map found.
func plate(t *testing.T, name string) (*rgbd.Labelled, *inspection.Inspection) {
	t.Helper()
	c := &pointcloud.Cloud{Width: 60, Height: 40, Unit: pointcloud.Millimetre, Valid: make([]bool, 2400)}
	m := grid.New(40, 60, 1)
	for y := range 40 {
		for x := range 60 {
			z := 300 + math.Sin(float64(x)/4) // not flat: a part, not a table
			if x >= 20 && x < 30 && y >= 10 && y < 20 {
				z += 2
				m.Set(y, x, 0, 6)
			} else {
				m.Set(y, x, 0, 1)
			}
			c.XYZ = append(c.XYZ, float32(x)/2, float32(y)/2, float32(z))
			c.Valid[y*60+x] = (x+y)%7 != 0
		}
	}
	s := &rgbd.Scan{Name: name, Source: "in/" + name, Cloud: c}
	r := &iad3d.Result{Name: name, Source: s.Source, Score: 5, Map: m, Peak: iad3d.Peak{X: 20, Y: 10, Value: 6}}
	n, err := inspection.Judge(t.Context(), s, r, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 4, Pixel: 3}})
	if err != nil {
		t.Fatal(err)
	}
	return &rgbd.Labelled{Scan: s, Defect: "pit"}, n
}

func sample(t *testing.T, names ...string) *Report {
	t.Helper()
	r := &Report{
		Title: "a <title> & more", Thresholds: iad3d.Thresholds{Scan: 4, Pixel: 3}, MinArea: 0.5, Config: iad3d.Config{Size: 224},
		Facts: []Fact{{"model", "</script><b>x</b>"}},
		Curves: []Curve{{Title: "ROC", Lines: []Line{{"scans", &metrics.Curve{X: []float64{0, 0, 1}, Y: []float64{0, 1, 1}, XAxis: metrics.AxisFPR, YAxis: metrics.AxisTPR}}}},
			{Title: "PRO", Limit: 0.3, Lines: []Line{{"all", &metrics.Curve{X: []float64{0, 1}, Y: []float64{0, 1}, XAxis: metrics.AxisFPR, YAxis: metrics.AxisPRO}}}}},
	}
	for _, name := range names {
		l, n := plate(t, name)
		if err := r.Add(t.Context(), l, n, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func html(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// between returns what stands between two strings.
func between(t *testing.T, s, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, from)
	got, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %q … %q", from, to)
	}
	return got
}

func TestPage(t *testing.T) {
	r := sample(t, "a", `b</script><script>alert(1)</script>`)
	r.AddError(`in\broken.tiff`, errors.New("cut <short>"))
	got := html(t, r)
	for _, want := range []string{
		"<title>a &lt;title&gt; &amp; more</title>", "<dd>&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;</dd>", "cut &lt;short&gt;", "broken.tiff",
		"regions below 0.5 mm² do not count", `<strong>3</strong> scans`, `</strong> fail, 100.0 %`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(got, "alert(1)</script>") {
		t.Error("a scan's name became a program")
	}
	if m := regexp.MustCompile(`(?:src|href)="(https?:)?//`).FindString(got); m != "" {
		t.Errorf("the page asks the network: %s", m)
	}
	if got != html(t, r) {
		t.Error("the same report gives other bytes")
	}
	var x struct {
		Scale indexScale
		Ramp  [][3]int
		Scans []struct {
			Name    string
			Data    bool
			Regions []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(between(t, got, `id="index">`, "</script>")), &x); err != nil {
		t.Fatal(err)
	}
	if len(x.Scans) != 3 || x.Scans[1].Name != `b</script><script>alert(1)</script>` || !x.Scans[0].Data || x.Scans[2].Data || len(x.Scans[0].Regions) != 1 || len(x.Ramp) != 256 {
		t.Errorf("%+v", x.Scans)
	}
	if x.Scale != (indexScale{1.5, 6, 3}) {
		t.Errorf("scale %+v", x.Scale)
	}
}

func TestSize(t *testing.T) {
	frame, data, err := sample(t, "a").Size()
	if err != nil {
		t.Fatal(err)
	}
	if frame > 1_500_000 || data < 1000 {
		t.Errorf("%d bytes without scans, %d more with one", frame, data)
	}
	t.Logf("%d bytes before data", frame)
}

// TestData decodes what page.js decodes.
func TestData(t *testing.T) {
	got := html(t, sample(t, "a"))
	raw, err := base64.StdEncoding.DecodeString(between(t, got, `id="photo-0">`, "</script>"))
	if err != nil {
		t.Fatal(err)
	}
	if im, err := jpeg.Decode(bytes.NewReader(raw)); err != nil || im.Bounds() != image.Rect(0, 0, 60, 40) {
		t.Errorf("photo: %v", err)
	}
	if raw, err = base64.StdEncoding.DecodeString(between(t, got, `id="data-0">`, "</script>")); err != nil {
		t.Fatal(err)
	}
	if raw, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint32(raw)
	var h head
	if err := json.Unmarshal(raw[4:4+n], &h); err != nil {
		t.Fatal(err)
	}
	raw = raw[4+n:]
	take := func(n int) []byte {
		part := raw[:n]
		raw = raw[n:]
		return part
	}
	words := func(n int) []uint16 {
		lo, hi := take(n), take(n)
		out := make([]uint16, n)
		sum := uint16(0)
		for i := range out {
			sum += uint16(lo[i]) | uint16(hi[i])<<8
			out[i] = sum
		}
		return out
	}
	l, found := plate(t, "a")
	c := l.Cloud
	if h.Map != (size{60, 40}) || h.Grid != (size{60, 40}) || h.Points != c.CountValid() || h.Highest != 6 {
		t.Errorf("%+v", h)
	}
	levels, flags := take(2400), take(2400)
	axes := [3][]uint16{words(h.Points), words(h.Points), words(h.Points)}
	level, deviation, region := take(h.Points), words(h.Points), take(h.Points)
	take(3 * h.Points)
	if len(raw) != 0 {
		t.Errorf("%d bytes are left", len(raw))
	}
	j := 0
	for i := range c.Len() {
		if (flags[i] == 1) != c.IsValid(i) {
			t.Fatalf("pixel %d: flag %d", i, flags[i])
		}
		if !c.IsValid(i) {
			continue
		}
		for k := range 3 {
			v := h.Low[k] + h.Size[k]*float64(axes[k][j])/65535
			if math.Abs(v-float64(c.XYZ[3*i+k])) > h.Size[k]/65535 {
				t.Fatalf("point %d: coordinate %d is %v, want %v", j, k, v, c.XYZ[3*i+k])
			}
		}
		if level[j] != levels[i] || int32(region[j]) != found.Found.Labels[i] {
			t.Fatalf("point %d: level %d and %d, region %d", j, level[j], levels[i], region[j])
		}
		d := found.Found.Deviation[i]
		if (deviation[j] == 0) != (d != d) || d == d && math.Abs(float64(deviation[j])-32768-1000*float64(d)) > 0.51 {
			t.Fatalf("point %d: deviation %d, want %v mm", j, deviation[j], d)
		}
		j++
	}
}

func TestThinning(t *testing.T) {
	r := sample(t)
	r.Points = 100
	l, n := plate(t, "a")
	if err := r.Add(t.Context(), l, n, 0); err != nil {
		t.Fatal(err)
	}
	for _, points := range []int{1, 100, 700, 1500, 3000} {
		p := thin(l.Cloud, image.Rect(3, 2, 57, 39), points)
		n := 0
		for j := range p.rows() {
			for i := range p.columns() {
				if !image.Pt(p.x(i), p.y(j)).In(p.in) || i > 0 && p.x(i) <= p.x(i-1) {
					t.Fatalf("%+v: column %d is %d", p, i, p.x(i))
				}
				if l.Cloud.IsValid(p.y(j)*60 + p.x(i)) {
					n++
				}
			}
		}
		if n > points || points >= 100 && n < points*3/4 && n < 54*37*6/8 {
			t.Errorf("%d points are left of at most %d", n, points)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	r := sample(t)
	l, n := plate(t, "a")
	loose := *n
	loose.Result = &iad3d.Result{Points: []float32{1}}
	if err := r.Add(t.Context(), l, &loose, 0); !errors.Is(err, ErrLoose) {
		t.Error(err)
	}
	n.Result.Map.Data[7] = float32(math.NaN())
	if err := r.Add(t.Context(), l, n, 0); err == nil || !strings.Contains(err.Error(), "map pixel (7, 0)") {
		t.Error(err)
	}
}

func TestEmpty(t *testing.T) {
	if got := html(t, &Report{Title: "none"}); !strings.Contains(got, `"scans":[]`) {
		t.Error("no empty list of scans")
	}
}
