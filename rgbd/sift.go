package rgbd

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/portable"
)

const (
	siftAngles = 8
	siftSide   = 4 // of the window of bins and of the pooling of each, in pixels
	siftDim    = siftAngles * siftSide * siftSide
	siftClip   = 0.2
	siftEps    = 1e-10
	siftPool   = 3  // side of the mean filter before BTF forms cells
	siftRows   = 32 // of the raster that are worked on at a time
)

// siftKernel is the triangle that magnitudes are pooled with along either axis.
var siftKernel = [siftSide]float64{0.25, 0.75, 0.75, 0.25}

// DenseSIFT returns a SIFT descriptor of every pixel of z, a map of one channel:
// H×W×128.
//
// The gradient is half the difference of the two neighbours, the border
// repeated; magnitude √(gx² + gy² + 1e-10), so that no pixel is without any. It
// goes to the two of the 8 angle bins (bin b at 45°·b, rows grow downwards)
// around its angle, in shares. Each bin's map is pooled by the 4×4 window with
// weights ¼ ¾ ¾ ¼ along either axis, zeros beyond the border. The 4×4 spatial
// bins of the descriptor at (y, x) are pooled values at neighbouring pixels:
// channel 16·angle + 4·row + column is the one whose window has its upper left
// corner at (y + row − 3, x + column − 3). All windows together reach from 3
// pixels before to 3 pixels after the pixel, and overlap: SIFT's own bins lie
// side by side. The 128 values are normalised (L2), cut to
// 0.2, normalised to a sum of 1, and become √(v + 1e-10): RootSIFT, entries in
// [1e-5, 1], a length of 1. A flat neighbourhood gives 1e-10's direction, angle 0,
// not zeros.
//
// D. Lowe, IJCV 2004; R. Arandjelović, A. Zisserman, CVPR 2012. Agrees with the
// DenseSIFTDescriptor of BTF's program (revision 612eb7b, kornia 0.6.4, float32)
// within 1e-5. The result is the same whatever the number of workers; ≤ 0 means
// GOMAXPROCS.
func DenseSIFT(z *grid.Map, workers int) *grid.Map {
	mustBeDepth(z)
	out := grid.New(z.H, z.W, siftDim)
	// The context never ends, so there is no error, here and below.
	_ = parallel.For(context.Background(), z.H, siftRows, workers, func(_, lo, hi int) {
		b := newSIFTBand(z, lo, hi)
		var v [siftDim]float64
		for y := lo; y < hi; y++ {
			for x := range z.W {
				b.describe(&v, y, x)
				dst := out.Pixel(y, x)
				for i, f := range v {
					dst[i] = float32(f)
				}
			}
		}
	})
	return out
}

// siftCells is DenseSIFT followed by AvgPool and AdaptiveAvgPool, as one
// weighted mean per cell.
func siftCells(z *grid.Map, cells, workers int) *grid.Map {
	out := grid.New(cells, cells, siftDim)
	rows, columns := newPooled(z.H, cells), newPooled(z.W, cells)
	_ = parallel.For(context.Background(), cells, 4, workers, func(_, first, end int) {
		sum := make([]float64, (end-first)*cells*siftDim)
		row := make([]float64, cells*siftDim)
		var v [siftDim]float64
		top, bottom := rows.reach[first][0], rows.reach[end-1][1]
		for lo := top; lo < bottom; lo += siftRows {
			hi := min(lo+siftRows, bottom)
			b := newSIFTBand(z, lo, hi)
			for y := lo; y < hi; y++ {
				clear(row)
				for x := range z.W {
					b.describe(&v, y, x)
					for k, weight := range columns.weight[x] {
						addWeighted(row[(columns.first[x]+k)*siftDim:][:siftDim], v[:], weight)
					}
				}
				for k, weight := range rows.weight[y] {
					if i := rows.first[y] + k; i >= first && i < end {
						addWeighted(sum[(i-first)*cells*siftDim:][:len(row)], row, weight)
					}
				}
			}
		}
		for i, s := range sum {
			out.Data[first*cells*siftDim+i] = float32(s)
		}
	})
	return out
}

func addWeighted(dst, src []float64, weight float64) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += float64(weight * v)
	}
}

// pooled says how BTF's two poolings along one axis weigh its pixels.
type pooled struct {
	first  []int       // first cell that pixel i counts in
	weight [][]float64 // its weights there and in the following cells
	reach  [][2]int    // half-open range of the pixels of each cell
}

func newPooled(n, cells int) pooled {
	p := pooled{make([]int, n), make([][]float64, n), make([][2]int, cells)}
	windows := n - siftPool + 1
	for c := range cells {
		lo, hi := c*windows/cells, ((c+1)*windows+cells-1)/cells
		p.reach[c] = [2]int{lo, hi + siftPool - 1}
		for i := lo; i < hi+siftPool-1; i++ {
			if p.weight[i] == nil {
				p.first[i] = c
			}
			in := min(i, hi-1) - max(i-siftPool+1, lo) + 1 // windows of the cell with this pixel
			p.weight[i] = append(p.weight[i], float64(in)/float64(siftPool*(hi-lo)))
		}
	}
	return p
}

// siftBand holds the pooled magnitudes that describe needs for some rows: of
// angle a at (i, j) at a·plane + (i − top)·stride + j + 1. Rows and columns run from
// −1 to the raster's side + 1; the outermost are zeros that kornia pads with.
type siftBand struct {
	data               []float64
	top, stride, plane int
}

func newSIFTBand(z *grid.Map, lo, hi int) *siftBand {
	h, w := z.H, z.W
	b := &siftBand{top: lo - 1, stride: w + 3}
	b.plane = (hi - lo + siftSide - 1) * b.stride
	b.data = make([]float64, siftAngles*b.plane)
	line := w + siftSide // a row of magnitudes with two zeros on either side
	magnitude := make([]float64, siftAngles*line)
	wide := make([]float64, w+1)
	for y := max(lo-3, 0); y < min(hi+3, h); y++ {
		clear(magnitude)
		above, row, below := z.Data[max(y-1, 0)*w:][:w], z.Data[y*w:][:w], z.Data[min(y+1, h-1)*w:][:w]
		for x := range w {
			gx := float64((float64(row[min(x+1, w-1)]) - float64(row[max(x-1, 0)])) / 2)
			gy := float64((float64(below[x]) - float64(above[x])) / 2)
			m := math.Sqrt(float64(gx*gx) + float64(gy*gy) + siftEps)
			angle := 0.0
			if gx != 0 || gy != 0 {
				angle = float64(portable.Atan2(gy, gx+siftEps) * (siftAngles / (2 * math.Pi)))
			}
			if angle < 0 {
				angle += siftAngles
			}
			bin := int(angle)
			share := angle - float64(bin)
			magnitude[bin%siftAngles*line+x+2] += float64((1 - share) * m)
			magnitude[(bin+1)%siftAngles*line+x+2] += float64(share * m)
		}
		for a := range siftAngles {
			for j := range wide {
				m := magnitude[a*line+j:][:siftSide]
				s := float64(siftKernel[0] * m[0])
				s += float64(siftKernel[1] * m[1])
				s += float64(siftKernel[2] * m[2])
				wide[j] = s + float64(siftKernel[3]*m[3])
			}
			for u, k := range siftKernel {
				if i := y + 2 - u; i >= max(b.top, 0) && i <= min(hi+1, h) {
					addWeighted(b.data[a*b.plane+(i-b.top)*b.stride+1:][:len(wide)], wide, k)
				}
			}
		}
	}
	return b
}

// describe sets v to the descriptor of pixel (y, x). The second L2 norm of the
// rule cancels out of what follows.
func (b *siftBand) describe(v *[siftDim]float64, y, x int) {
	s0, s1 := 0.0, 0.0
	for a := range siftAngles {
		for r := range siftSide {
			p := b.data[a*b.plane+(y-1+r-b.top)*b.stride+x:][:siftSide]
			q := v[(a*siftSide+r)*siftSide:][:siftSide]
			q[0], q[1], q[2], q[3] = p[0], p[1], p[2], p[3]
			s0 += float64(p[0]*p[0]) + float64(p[1]*p[1])
			s1 += float64(p[2]*p[2]) + float64(p[3]*p[3])
		}
	}
	scale := 1 / math.Sqrt(s0+s1)
	sum := 0.0
	for i, f := range v {
		f = min(float64(f*scale), siftClip)
		v[i] = f
		sum += f
	}
	scale = 1 / sum
	for i, f := range v {
		v[i] = math.Sqrt(float64(f*scale) + siftEps)
	}
}
