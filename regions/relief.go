package regions

import (
	"math"
	"slices"

	"github.com/golang/geo/r3"
)

var nan = float32(math.NaN())

// Relief is how a region lies to the sound part, or else to the surface around it.
//
// With Options.Sound heights are differences in depth from the nearest of the captures,
// 0 between them, times the cosine of the fitted normal. Without, the surface is fitted to the neighbourhood: the measured pixels of the part (see
// Options.Surface) in the 4 pixels around the region, without other regions. It is a
// quadric in depth over x and y where the neighbourhood surrounds the region, else a
// plane, fitted by iteratively reweighted least squares (absolute deviations first,
// then Tukey's biweight), so that steps and the edges of the part do not bend it. A
// distance is the difference in depth times the cosine of the fitted normal.
//
// The 1000 regions of the highest scores are measured so.
//
// A region across a step or a crease of a sound part stands out too; Certain tells
// such cases as far as the neighbourhood can.
type Relief struct {
	// Height is what stands out: High where the median of the more abnormal pixels,
	// those above the mean score of the region, is above 0, else Low. A map is wider
	// than the defect; where it is highest, the defect is.
	Height float64 `json:"height_mm"`
	// High and Low are what the highest and the lowest twentieth of the measured
	// pixels lie above and below; Median is that of all.
	High   float64 `json:"high_mm"`
	Low    float64 `json:"low_mm"`
	Median float64 `json:"median_mm"`
	// Roughness is the robust standard deviation of the neighbourhood from the
	// surface: heights within it mean nothing.
	Roughness float64 `json:"roughness_mm"`
	// Certain says that the sign can be relied on: the Height is more than 2.5 times
	// the Roughness, and what lies on the other side less than 0.6 times the Height.
	Certain bool       `json:"certain"`
	Normal  [3]float64 `json:"normal"` // of the surface at the centroid, towards the sensor
	Quadric bool       `json:"quadric"`
	// Sound says that heights are measured against Options.Sound; Roughness is then that
	// of all that was measured from these.
	Sound bool `json:"sound"`
}

const (
	mostReliefs = 1000 // with a threshold in the noise there may be 100,000 regions

	bandWidth    = 4  // of the neighbourhood, pixels
	leastAround  = 12 // pixels of a neighbourhood
	leastQuadric = 40
	sectors      = 8
	steepest     = 0.1 // least cosine
	extreme      = 0.05

	certainRoughness = 0.4
	certainOther     = 0.6
)

// relief measures an area against the sound part, or else against the surface fitted
// around it.
func (s *surveyor) relief(a *area, diff *comparison, deviation []float32) {
	band := s.neighbourhood(a)
	var f *fitted
	if len(band) >= leastAround {
		f = s.fit(a, band)
	}
	if f == nil && diff == nil {
		return
	}
	c := s.cloud
	var d, inner []float64
	surface, core := 0.0, coreOf(a)
	for k, i := range a.pixels {
		p, ok := s.lens.point(int(i)%c.Width, int(i)/c.Width, a.depths[k])
		if c.IsValid(int(i)) {
			p, ok = at(c, int(i)), true
		}
		if !ok {
			p = a.centre
		}
		cosine := 1.0
		if f != nil {
			cosine = max(-f.normal(p).Z, steepest)
		}
		surface += a.cells[k] / cosine
		if !c.IsValid(int(i)) {
			continue
		}
		var v float64
		if diff == nil {
			v = f.distance(p)
			deviation[i] = float32(v)
		} else {
			v = float64(diff.off[i] * cosine)
		}
		if v == v {
			d = append(d, v)
			if a.scores[k] >= core {
				inner = append(inner, v)
			}
		}
	}
	a.region.Surface = surface
	if len(d) == 0 {
		return
	}
	if diff == nil {
		for _, i := range band {
			if v := deviation[i]; v-v != 0 {
				deviation[i] = float32(f.distance(at(c, int(i))))
			}
		}
	}
	slices.Sort(d)
	slices.Sort(inner)
	last := len(d) - 1
	cut := int(extreme * float64(last))
	r := &Relief{High: d[last-cut], Low: d[cut], Median: d[len(d)/2], Normal: [3]float64{0, 0, -1}}
	if f != nil {
		r.Normal, r.Roughness, r.Quadric = triple(f.normal(a.centre)), f.sigma, f.quadric
	}
	if diff != nil {
		r.Roughness, r.Sound = diff.sigma, true
	}
	side := r.Median
	if len(inner) > 0 && diff == nil {
		side = inner[len(inner)/2]
	}
	var other float64
	if side > 0 {
		r.Height, other = r.High, -r.Low
	} else {
		r.Height, other = r.Low, r.High
	}
	size := math.Abs(r.Height)
	r.Certain = r.Roughness < certainRoughness*size && other < certainOther*size
	a.region.Height = r
}

// coreOf returns the score from which on a pixel of an area is among the more
// abnormal ones. In a map of one value all are.
func coreOf(a *area) float32 {
	if m := float32(a.region.Mean); m < a.region.Peak.Value {
		return m
	}
	return a.region.Peak.Value
}

// neighbourhood returns the pixels of the band around an area that the surface is
// fitted to, ascending.
func (s *surveyor) neighbourhood(a *area) []int32 {
	c, b := s.cloud, a.region.PixelBox
	const reach = bandWidth
	x0, y0 := max(b.X-reach, 0), max(b.Y-reach, 0)
	x1, y1 := min(b.X+b.Width+reach, c.Width), min(b.Y+b.Height+reach, c.Height)
	w, h := x1-x0, y1-y0
	// Moves to the area, to those of others as far as they matter, breadth first.
	steps := make([]int16, w*h)
	var front, next []int32
	for y := range h {
		for x := range w {
			switch l := s.labels[(y0+y)*c.Width+x0+x]; {
			case l == a.label:
				front = append(front, int32(y*w+x))
			case l != 0:
				steps[y*w+x] = -1
			default:
				steps[y*w+x] = math.MaxInt16
			}
		}
	}
	var band []int32
	for d := int16(1); d <= reach; d++ {
		next = next[:0]
		for _, i := range front {
			around(int(i), w, h, func(j int) {
				if steps[j] == math.MaxInt16 {
					steps[j] = d
					next = append(next, int32(j))
				}
			})
		}
		front, next = next, front
		for _, i := range front {
			k := (y0+int(i)/w)*c.Width + x0 + int(i)%w
			if c.IsValid(k) && (s.surface == nil || s.surface[k]) {
				band = append(band, int32(k))
			}
		}
	}
	slices.Sort(band)
	return band
}

// fitted is a surface z(x, y) around an origin, in a unit of its own that keeps
// numbers near 1.
type fitted struct {
	origin  r3.Vector
	scale   float64 // mm
	coef    [6]float64
	quadric bool
	sigma   float64 // mm
}

// basis returns 1, x, y, x², xy, y² at a point.
func (f *fitted) basis(p r3.Vector) [6]float64 {
	x, y := (p.X-f.origin.X)/f.scale, (p.Y-f.origin.Y)/f.scale
	return [6]float64{1, x, y, x * x, x * y, y * y}
}

// depth returns z on the surface.
func (f *fitted) depth(p r3.Vector) float64 {
	b := f.basis(p)
	z := f.origin.Z
	for k, v := range f.coef {
		z += float64(v * b[k])
	}
	return z
}

// normal returns the normal at a point, towards the sensor.
func (f *fitted) normal(p r3.Vector) r3.Vector {
	b := f.basis(p)
	zx := (f.coef[1] + float64(2*f.coef[3]*b[1]) + float64(f.coef[4]*b[2])) / f.scale
	zy := (f.coef[2] + float64(2*f.coef[5]*b[2]) + float64(f.coef[4]*b[1])) / f.scale
	n := math.Sqrt(1 + float64(zx*zx) + float64(zy*zy))
	return r3.Vector{X: zx / n, Y: zy / n, Z: -1 / n}
}

// distance returns how far a point lies off the surface, positive towards the
// sensor.
func (f *fitted) distance(p r3.Vector) float64 {
	return (f.depth(p) - p.Z) * -f.normal(p).Z
}

// fit fits the surface around an area to a band; nil where it lies on one line.
func (s *surveyor) fit(a *area, band []int32) *fitted {
	points := make([]r3.Vector, len(band))
	f := &fitted{origin: a.centre}
	var seen [sectors]int
	for k, i := range band {
		p := at(s.cloud, int(i))
		points[k] = p
		f.scale = max(f.scale, math.Abs(p.X-a.centre.X), math.Abs(p.Y-a.centre.Y))
		seen[sector(p.X-a.centre.X, p.Y-a.centre.Y)]++
	}
	if f.scale == 0 {
		return nil
	}
	terms := 3
	if len(band) >= leastQuadric && slices.Min(seen[:]) >= len(band)/(8*sectors) {
		terms = 6
	}
	rest := make([]float64, len(points))
	weights := make([]float64, len(points))
	for k := range weights {
		weights[k] = 1
	}
	const rounds, absolute = 30, 12
	for round := range rounds {
		n := terms
		if round < absolute/2 {
			n = 3 // a plane to start with: steps would bend a quadric
		}
		coef, ok := solve(f, points, weights, n)
		if !ok {
			return nil
		}
		f.coef = coef
		for k, p := range points {
			rest[k] = p.Z - f.depth(p)
		}
		f.sigma = spread(rest)
		for k, v := range rest {
			weights[k] = weight(v, f.sigma, round < absolute)
		}
	}
	f.quadric = terms == 6
	return f
}

// weight is that of a residual: of least absolute deviations, or of Tukey's
// biweight at 4.685 standard deviations.
func weight(v, sigma float64, absolute bool) float64 {
	const floor, tukey = 1e-4, 4.685
	sigma = max(sigma, floor)
	if absolute {
		return 1 / max(math.Abs(v), sigma/4)
	}
	u := v / (tukey * sigma)
	if u = 1 - float64(u*u); u <= 0 {
		return 0
	}
	return u * u
}

// spread is the robust standard deviation of residuals around 0.
func spread(rest []float64) float64 {
	abs := make([]float64, len(rest))
	for k, v := range rest {
		abs[k] = math.Abs(v)
	}
	slices.Sort(abs)
	const madSigma = 1.4826
	return madSigma * abs[len(abs)/2]
}

// sector returns the eighth of the circle that a direction lies in.
func sector(x, y float64) int {
	k := 0
	if y < 0 {
		k, x, y = 4, -x, -y
	}
	if x < 0 {
		k, x, y = k+2, y, -x
	}
	if y > x {
		k++
	}
	return k
}

// solve fits the first n terms of the basis by weighted least squares; false where
// the points do not determine them.
func solve(f *fitted, points []r3.Vector, weights []float64, n int) (coef [6]float64, ok bool) {
	var m [6][7]float64
	for k, p := range points {
		b, z := f.basis(p), p.Z-f.origin.Z
		for i := range n {
			w := weights[k] * b[i]
			for j := range n {
				m[i][j] += float64(w * b[j])
			}
			m[i][6] += float64(w * z)
		}
	}
	for i := range n { // Gauss with pivots
		top := i
		for r := i + 1; r < n; r++ {
			if math.Abs(m[r][i]) > math.Abs(m[top][i]) {
				top = r
			}
		}
		m[i], m[top] = m[top], m[i]
		if !(math.Abs(m[i][i]) > 1e-12*math.Abs(m[0][0])) {
			return coef, false
		}
		for r := i + 1; r < n; r++ {
			q := m[r][i] / m[i][i]
			for j := i; j < 7; j++ {
				m[r][j] -= float64(q * m[i][j])
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		v := m[i][6]
		for j := i + 1; j < n; j++ {
			v -= float64(m[i][j] * coef[j])
		}
		coef[i] = v / m[i][i]
	}
	return coef, true
}
