package regions

import (
	"math"
	"slices"
)

const (
	offSigmas   = 2  // of single pixels, that the median of 3×3 must be off
	tintSigmas  = 2  // that a pixel's colour must be off to be looked at
	stainSigmas = 3  // and that of a stain's most coloured tenth
	gapSigmas   = 4  // that a gap must hold more pixels than chance
	gapReach    = 10 // pixels around, in which the rate of chance is taken
)

// standing flags the pixels that lie off the sound part.
func (s *surveyor) standing(d *comparison) []bool {
	c := s.cloud
	out := make([]bool, c.Len())
	limit := offSigmas * d.sigma
	solid := s.solid(d.gone)
	var near [9]float64
	for i := range out {
		if d.gone[i] {
			out[i] = solid[i]
			continue
		}
		if math.IsNaN(d.off[i]) {
			continue
		}
		v := append(near[:0], d.off[i])
		around(i, c.Width, c.Height, func(j int) {
			if d.off[j] == d.off[j] {
				v = append(v, d.off[j])
			}
		})
		out[i] = math.Abs(middleOf(v)) > limit
	}
	// The median takes the ends off what is narrow: neighbours that stand out by
	// themselves belong to it.
	seeds := slices.Clone(out)
	for i, ok := range seeds {
		if !ok && (d.gone[i] || math.Abs(d.off[i]) > limit) {
			around(i, c.Width, c.Height, func(j int) { out[i] = out[i] || seeds[j] })
		}
	}
	return out
}

// solid flags the pixels without data that belong to a gap: most of 3×3 have none, and of
// 5×5 more than chance leaves out (by gapSigmas) at the rate at which pixels beside
// measured ones are lost around: glare takes a third of the pixels of a sound part.
func (s *surveyor) solid(gone []bool) []bool {
	w, h := s.cloud.Width, s.cloud.Height
	size := func(i, r int) int { // of the square around a pixel
		x, y := i%w, i/w
		return (min(x+r, w-1) - max(x-r, 0) + 1) * (min(y+r, h-1) - max(y-r, 0) + 1)
	}
	lost, beside, all := make([]int, len(gone)), make([]int, len(gone)), make([]int, len(gone))
	for i, g := range gone {
		if g {
			lost[i] = 1
		}
	}
	small, wide := boxSums(lost, w, h, 1), boxSums(lost, w, h, 2)
	for i := range gone {
		if s.cloud.IsValid(i) {
			beside[i], all[i] = small[i], size(i, 1)-1
		}
	}
	beside, all = boxSums(beside, w, h, gapReach), boxSums(all, w, h, gapReach)
	out := make([]bool, len(gone))
	for i, g := range gone {
		if !g {
			continue
		}
		rate, n := 0.0, float64(size(i, 2))
		if all[i] > 0 {
			rate = float64(beside[i]) / float64(all[i])
		}
		chance := float64(n*rate) + float64(gapSigmas*math.Sqrt(n*rate*(1-rate)))
		out[i] = 2*small[i] > size(i, 1) && float64(wide[i]) > min(chance, n-1)
	}
	return out
}

// boxSums returns the sums over the squares of 2r+1 pixels around each pixel, as far as
// they lie in the raster.
func boxSums(v []int, w, h, r int) []int {
	sums := make([]int, (w+1)*(h+1)) // of all pixels above and left
	for y := range h {
		row := 0
		for x := range w {
			row += v[y*w+x]
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + row
		}
	}
	out := make([]int, len(v))
	for y := range h {
		top, end := max(y-r, 0)*(w+1), min(y+r+1, h)*(w+1)
		for x := range w {
			left, right := max(x-r, 0), min(x+r+1, w)
			out[y*w+x] = sums[end+right] - sums[end+left] - sums[top+right] + sums[top+left]
		}
	}
	return out
}

// tinted flags the pixels that have another colour than the sound part: of each piece
// whose colour is off those that are so by half as much as its most coloured tenth, so
// that neither a highlight beside a faint stain nor the gloss of the part decides how
// large it is; and the flank around these down to a quarter, as far as it falls by a
// standard deviation from pixel to pixel: a stain fades out. It does not go further
// because smoothing leaves a third of a sharp edge's height in the pixel beside it.
func (s *surveyor) tinted(d *comparison) []bool {
	w, h := s.cloud.Width, s.cloud.Height
	off := make([]bool, len(d.tint))
	for i, v := range d.tint {
		off[i] = v > tintSigmas*d.shade
	}
	out := make([]bool, len(off))
	for _, piece := range flood(off, w, h) {
		v := make([]float64, len(piece))
		for k, i := range piece {
			v[k] = d.tint[i]
		}
		slices.Sort(v)
		top := v[len(v)-1-len(v)/10]
		if !(top > stainSigmas*d.shade) {
			continue
		}
		var queue []int32
		for _, i := range piece {
			if d.tint[i] > top/2 {
				out[i] = true
				queue = append(queue, i)
			}
		}
		for q := 0; q < len(queue); q++ {
			i := queue[q]
			around(int(i), w, h, func(j int) {
				if off[j] && !out[j] && d.tint[j] > top/4 && d.tint[j] < d.tint[i]-d.shade {
					out[j] = true
					queue = append(queue, int32(j))
				}
			})
		}
	}
	return out
}
