package rgbd

import (
	"math"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/portable"
)

const (
	hogBins  = 8
	hogClip  = 0.2
	hogEps   = 1e-5
	hogAngle = 180.0 / hogBins // degrees per bin
)

// HOG returns histograms of oriented gradients of z, a map of one channel, for
// cells of 8×8 pixels: ⌊H/8⌋×⌊W/8⌋×8. Pixels beyond the last whole cell are
// dropped; a z without 8×8 pixels is an error that wraps [ErrScan], where
// scikit-image returns an array with a side of 0.
//
// The gradient is the difference of the two neighbours (not halved) along each
// axis, 0 on the border. Bin b of a cell is the sum, over its pixels, of the
// magnitudes whose angle modulo 180° is in [22.5·b, 22.5·(b+1)), divided by 64;
// there is no interpolation between bins or cells. Rows grow downwards, so 45°
// is a slope towards the lower right. Cells are normalised one by one (L2-Hys):
// v/√(|v|² + 1e-10), cut to 0.2, the same again. Entries are in [0, 1]. A cell
// without any slope is all zeros. Only the shape of the histogram is left, a faint slope
// and the cliff around a hole look alike.
//
// N. Dalal, B. Triggs, "Histograms of Oriented Gradients for Human Detection",
// CVPR 2005. Agrees with scikit-image 0.19.3, hog(orientations=8,
// pixels_per_cell=(8, 8), cells_per_block=(1, 1)) of a float32 image, within
// 1e-6. Like there an angle so little below 0° that it rounds to 180° is counted
// nowhere. Sums are float64; there the one of a bin is float32.
func HOG(z *grid.Map) (*grid.Map, error) {
	mustBeDepth(z)
	h, w := z.H/patchSide, z.W/patchSide
	if h == 0 || w == 0 {
		return nil, errSmall(z, "histograms of gradients", patchSide)
	}
	out := grid.New(h, w, hogBins)
	for r := range h {
		for c := range w {
			var sum [hogBins]float64
			for y := r * patchSide; y < (r+1)*patchSide; y++ {
				for x := c * patchSide; x < (c+1)*patchSide; x++ {
					var gx, gy float32
					if y > 0 && y < z.H-1 {
						gy = z.Data[(y+1)*z.W+x] - z.Data[(y-1)*z.W+x]
					}
					if x > 0 && x < z.W-1 {
						gx = z.Data[y*z.W+x+1] - z.Data[y*z.W+x-1]
					}
					if gx == 0 && gy == 0 {
						continue
					}
					if b, ok := hogBin(float64(gx), float64(gy)); ok {
						sum[b] += math.Sqrt(float64(float64(gx)*float64(gx)) + float64(float64(gy)*float64(gy)))
					}
				}
			}
			hogNormalise(&sum)
			for b, v := range sum {
				out.Set(r, c, b, float32(v))
			}
		}
	}
	return out, nil
}

// hogBin returns the bin of a gradient, false for an angle that rounding puts at
// 180°.
func hogBin(gx, gy float64) (int, bool) {
	angle := float64(portable.Atan2(gy, gx) * (180 / math.Pi))
	switch {
	case angle < 0:
		angle += 180
	case angle == 180:
		angle = 0
	}
	b := int(angle / hogAngle)
	return b, angle < 180
}

// hogNormalise turns the magnitudes of a cell into its descriptor.
func hogNormalise(v *[hogBins]float64) {
	for i := range v {
		v[i] /= patchSide * patchSide
	}
	unit := func() {
		n := 0.0
		for _, x := range v {
			n += float64(x * x)
		}
		n = math.Sqrt(n + hogEps*hogEps)
		for i := range v {
			v[i] /= n
		}
	}
	unit()
	for i := range v {
		v[i] = min(v[i], hogClip)
	}
	unit()
}
