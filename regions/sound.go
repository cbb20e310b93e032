package regions

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/iad3d/iad3d/pointcloud"
)

// Sound is a capture of a sound part that a scan is held against.
type Sound struct {
	// Cloud is organised, and valid where the part was measured.
	Cloud *pointcloud.Cloud
	// Colour has the size of Cloud; nil for none.
	Colour *image.NRGBA
	// Pose takes the scan to the capture, in metres.
	Pose pointcloud.Rigid
}

// comparison is what a scan differs in from sound captures.
type comparison struct {
	// off is by how much each pixel is nearer to the sensor than the sound part is on
	// its ray, mm: 0 where it lies between the captures. NaN where it was not measured,
	// or no capture knows.
	off []float64
	// gone flags pixels without data where every capture has some.
	gone []bool
	// tint is the difference in colour, 0 to 255, in the channel where it is largest;
	// NaN where no capture knows. Nil without colours.
	tint []float64
	// sigma and shade are the robust standard deviations of off and tint.
	sigma, shade float64
}

const (
	rays      = 6    // steps to where a ray meets the sound surface; most take 2
	rayDone   = 1e-3 // mm
	mixes     = 1.0  // mm: where neighbours differ by more, they lie on two surfaces
	leastOff  = 0.01 // mm, of sigma: a noiseless scan is not exact
	leastTint = 1.0
)

// compare renders the sound captures along the scan's rays. It returns nil where there
// are none, or the rays of scan or captures are not known.
func (s *surveyor) compare(ctx context.Context, sounds []Sound, colour *image.NRGBA) (*comparison, error) {
	c := s.cloud
	var lenses []lens
	var fields []*field
	for i := range sounds {
		l := findLens(sounds[i].Cloud)
		if l.kind == unknown || s.lens.kind == unknown {
			return nil, nil
		}
		lenses = append(lenses, l)
		fields = append(fields, fieldOf(sounds[i].Cloud))
		if sounds[i].Colour == nil {
			colour = nil
		}
	}
	if len(sounds) == 0 {
		return nil, nil
	}
	n := c.Len()
	depths := s.depths()
	m := &comparison{off: make([]float64, n), gone: make([]bool, n)}
	seen := make([][]int32, len(sounds)) // the pixel of each capture that a pixel shows
	for k := range seen {
		seen[k] = make([]int32, n)
	}
	expected := make([]float64, len(sounds))
	var rest []float64
	for i := range n {
		if i%c.Width == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		x, y := i%c.Width, i/c.Width
		known := 0
		lo, hi := math.Inf(1), math.Inf(-1)
		for k := range sounds {
			expected[k], seen[k][i] = s.meet(sounds[k].Pose, fields[k], &lenses[k], x, y, depths[i])
			if z := expected[k]; z == z {
				known++
				lo, hi = min(lo, z), max(hi, z)
			}
		}
		m.off[i] = math.NaN()
		switch {
		case known == 0:
		case !c.IsValid(i):
			m.gone[i] = known == len(sounds)
		default:
			z := depths[i]
			m.off[i] = max(0, lo-z) + min(0, hi-z)
			rest = append(rest, middleOf(expected)-z)
		}
	}
	if len(rest) == 0 {
		return nil, nil
	}
	m.sigma = max(spread(rest), leastOff)
	if colour != nil {
		m.compareColours(sounds, colour, seen)
	}
	return m, nil
}

// depths returns the depth of every pixel, mm; of those without data that of the
// nearest with, by king's moves.
func (s *surveyor) depths() []float64 {
	c := s.cloud
	z := make([]float64, c.Len())
	queue := make([]int32, 0, c.Len())
	for i := range z {
		z[i] = math.NaN()
		if c.IsValid(i) {
			z[i] = at(c, i).Z
			queue = append(queue, int32(i))
		}
	}
	for q := 0; q < len(queue); q++ {
		i := queue[q]
		around(int(i), c.Width, c.Height, func(j int) {
			if math.IsNaN(z[j]) {
				z[j] = z[i]
				queue = append(queue, int32(j))
			}
		})
	}
	return z
}

// meet returns the depth at which the ray of a pixel meets the sound surface, sought
// from the depth z on, and the capture's pixel there; NaN and −1 where it does not, or
// where it passes an edge behind which the capture, taken from elsewhere, saw nothing:
// there the search goes to and fro between what is before the edge and what is behind.
func (s *surveyor) meet(pose pointcloud.Rigid, f *field, l *lens, x, y int, z float64) (depth float64, pixel int32) {
	step := math.Inf(1)
	for range rays {
		p, ok := s.lens.point(x, y, z)
		if !ok {
			break
		}
		const metre = 1000
		q := pose.Apply(p.Mul(1.0 / metre))
		q.X, q.Y, q.Z = float64(q.X*metre), float64(q.Y*metre), float64(q.Z*metre)
		u, v := l.pixel(q)
		surface, at, ok := f.at(u, v)
		if !ok {
			break
		}
		// The optical axes differ by little: what is missing in depth there is here.
		step = surface - q.Z
		z += step
		depth, pixel = z, at
		if math.Abs(step) < rayDone {
			break
		}
	}
	if math.Abs(step) > mixes {
		return math.NaN(), -1
	}
	return depth, pixel
}

// field is the depth of every pixel of a capture, mm; NaN where there is none.
type field struct {
	w, h int
	z    []float64
}

// fieldOf returns the depths of a cloud. A pixel that was not measured, while at least
// six of its eight neighbours were, has their median: the gaps that a sensor leaves here
// and there are none of the part's.
func fieldOf(c *pointcloud.Cloud) *field {
	f := &field{c.Width, c.Height, make([]float64, c.Len())}
	var near [8]float64
	for i := range f.z {
		if c.IsValid(i) {
			f.z[i] = at(c, i).Z
			continue
		}
		v := near[:0]
		around(i, f.w, f.h, func(j int) {
			if c.IsValid(j) {
				v = append(v, at(c, j).Z)
			}
		})
		f.z[i] = math.NaN()
		if len(v) >= 6 {
			f.z[i] = middleOf(v)
		}
	}
	return f
}

// at returns the depth at a place, mm, and the nearest pixel: between four neighbours on
// one surface interpolated, else the nearest pixel's. False where that has none.
func (f *field) at(u, v float64) (z float64, pixel int32, ok bool) {
	if !(u >= 0 && v >= 0 && u <= float64(f.w-1) && v <= float64(f.h-1)) {
		return 0, 0, false
	}
	near := int(v+0.5)*f.w + int(u+0.5)
	at := f.z[near]
	if at != at {
		return 0, 0, false
	}
	x, y := min(int(u), f.w-2), min(int(v), f.h-2)
	if x < 0 || y < 0 {
		return at, int32(near), true
	}
	fx, fy := u-float64(x), v-float64(y)
	lo, hi := math.Inf(1), math.Inf(-1)
	for k, w := range [4]float64{(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy} {
		d := f.z[(y+k/2)*f.w+x+k%2]
		if d != d {
			return at, int32(near), true
		}
		z += float64(w * d)
		lo, hi = min(lo, d), max(hi, d)
	}
	if hi-lo > mixes {
		z = at
	}
	return z, int32(near), true
}

// middleOf returns the median of the numbers, the mean of the two in the middle; it
// sorts them.
func middleOf(v []float64) float64 {
	slices.Sort(v) // NaN first
	for len(v) > 0 && math.IsNaN(v[0]) {
		v = v[1:]
	}
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// compareColours fills in tint: the scan's colour against the median of the captures',
// each smoothed over 3×3 pixels and each channel brought to the scan's brightness.
func (m *comparison) compareColours(sounds []Sound, colour *image.NRGBA, seen [][]int32) {
	n := len(m.off)
	m.tint = make([]float64, n)
	for i := range m.tint {
		m.tint[i] = math.NaN()
	}
	v := make([]float64, len(sounds))
	for ch := range 3 {
		scan := smoothed(colour, ch)
		captures := make([][]float32, len(sounds))
		for k := range sounds {
			captures[k] = smoothed(sounds[k].Colour, ch)
			var ratios []float64
			for i, p := range seen[k] {
				if p >= 0 && captures[k][p] >= 1 {
					ratios = append(ratios, float64(scan[i])/float64(captures[k][p]))
				}
			}
			if len(ratios) == 0 {
				continue
			}
			gain := float32(middleOf(ratios))
			for p := range captures[k] {
				captures[k][p] *= gain
			}
		}
		for i := range n {
			for k := range sounds {
				v[k] = math.NaN()
				if p := seen[k][i]; p >= 0 {
					v[k] = float64(captures[k][p])
				}
			}
			if d := math.Abs(float64(scan[i]) - middleOf(v)); d == d && !(d <= m.tint[i]) {
				m.tint[i] = d
			}
		}
	}
	var rest []float64
	for _, d := range m.tint {
		if d == d {
			rest = append(rest, d)
		}
	}
	m.shade = max(spread(rest), leastTint)
}

// smoothed returns one channel of an image, each pixel the mean of 3×3.
func smoothed(img *image.NRGBA, ch int) []float32 {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := make([]float32, w*h)
	for y := range h {
		for x := range w {
			sum, n := 0, 0
			for v := max(y-1, 0); v <= min(y+1, h-1); v++ {
				row := img.Pix[img.PixOffset(b.Min.X, b.Min.Y+v):]
				for u := max(x-1, 0); u <= min(x+1, w-1); u++ {
					sum += int(row[4*u+ch])
					n++
				}
			}
			out[y*w+x] = float32(sum) / float32(n)
		}
	}
	return out
}
