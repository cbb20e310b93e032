package grid

import "fmt"

// AvgPool returns the means of all k×k windows, stride 1 and no padding: pixel
// (y, x) of the (H−k+1)×(W−k+1) result is the mean of rows y..y+k−1 and columns
// x..x+k−1, each channel for itself. It is PyTorch's AvgPool2d(k, stride=1).
//
// Valid is not looked at and the result has none: every pixel is averaged in as
// it stands, a hole with the zeros it holds. BTF does the same. Sums are
// float64. Panics when k < 1 or the window is larger than the map.
func AvgPool(m *Map, k int) *Map {
	m.mustFit()
	if k < 1 || k > min(m.H, m.W) {
		panic(fmt.Sprintf("grid: a %d×%d window does not fit into a %d×%d map", k, k, m.H, m.W))
	}
	return &Map{H: m.H - k + 1, W: m.W - k + 1, C: m.C, Data: avgPool(m.Data, m.H, m.W, m.C, k)}
}

func avgPool[T float](src []T, h, w, c, k int) []T {
	oh, n := h-k+1, (w-k+1)*c
	dst := make([]T, oh*n)
	mean := 1 / float64(k*k)
	// A chunk reads k−1 rows beyond its own: keep that a small part of the work.
	overRows(oh, max(16, 4*k), func(lo, hi int) {
		ring := make([]float64, k*n) // horizontal sums of the last k rows
		sum := make([]float64, n)
		for y := lo; y < hi+k-1; y++ {
			slideSum(ring[y%k*n:][:n], src[y*w*c:(y+1)*w*c], c, k)
			top := y - k + 1
			if top < lo {
				continue
			}
			if k == 3 {
				sum3(sum, ring[top%3*n:], ring[(top+1)%3*n:], ring[y%3*n:])
			} else {
				copy(sum, ring[top%k*n:])
				for r := top + 1; r <= y; r++ {
					add(sum, ring[r%k*n:])
				}
			}
			store(dst[top*n:][:n], sum, mean)
		}
	})
	return dst
}

// slideSum sets dst[i] to the sum of row[i + j·c] for j < k: the sums over k
// neighbouring pixels, channel by channel.
func slideSum[T float](dst []float64, row []T, c, k int) {
	if k == 3 {
		sum3(dst, row, row[c:], row[2*c:])
		return
	}
	for i, v := range row[:len(dst)] {
		dst[i] = float64(v)
	}
	for j := 1; j < k; j++ {
		add(dst, row[j*c:][:len(dst)])
	}
}

// sum3 sets dst to the sum of three rows: for the window that BTF uses, one
// sweep instead of three.
func sum3[T float](dst []float64, p, q, r []T) {
	p, q, r = p[:len(dst)], q[:len(dst)], r[:len(dst)]
	for i := range dst {
		dst[i] = float64(p[i]) + float64(q[i]) + float64(r[i])
	}
}

// add adds the start of row to sum.
func add[T float](sum []float64, row []T) {
	for i, v := range row[:len(sum)] {
		sum[i] += float64(v)
	}
}

func store[T float](dst []T, sum []float64, scale float64) {
	for i, s := range sum[:len(dst)] {
		dst[i] = T(s * scale)
	}
}

// AdaptiveAvgPool returns the map averaged into h×w cells: cell (i, j) is the
// mean of rows floor(i·H/h) to ceil((i+1)·H/h)−1 and of columns likewise. Cells
// overlap where the division leaves a remainder, and repeat pixels where h > H.
// It is PyTorch's AdaptiveAvgPool2d.
//
// Valid is not looked at and the result has none: every pixel is averaged in as
// it stands, a hole with the zeros it holds. BTF does the same;
// [AdaptiveAvgPoolValid] leaves holes out. Sums are float64.
func AdaptiveAvgPool(m *Map, h, w int) *Map {
	m.mustFit()
	mustBeSize(h, w)
	data, _ := adaptiveAvgPool(m.Data, nil, m.H, m.W, m.C, h, w)
	return &Map{H: h, W: w, C: m.C, Data: data}
}

// AdaptiveAvgPoolValid is AdaptiveAvgPool over the valid pixels only: a cell is
// the mean of those it covers, and invalid (holding zeros) when it covers none.
// Values of invalid pixels are never read. Valid of the result is nil when that
// of m is.
func AdaptiveAvgPoolValid(m *Map, h, w int) *Map {
	m.mustFit()
	mustBeSize(h, w)
	data, valid := adaptiveAvgPool(m.Data, m.Valid, m.H, m.W, m.C, h, w)
	return &Map{H: h, W: w, C: m.C, Data: data, Valid: valid}
}

func adaptiveAvgPool[T float](src []T, valid []bool, h, w, c, oh, ow int) ([]T, []bool) {
	dst := make([]T, oh*ow*c)
	var outValid []bool
	if valid != nil {
		outValid = make([]bool, oh*ow)
	}
	overRows(oh, 4, func(lo, hi int) {
		column := make([]float64, w*c) // sums over the rows of a cell
		count := make([]int, w)        // and how many pixels are in each
		sum := make([]float64, c)
		for i := lo; i < hi; i++ {
			clear(column)
			clear(count)
			top, bottom := cell(i, h, oh)
			for y := top; y < bottom; y++ {
				row := src[y*w*c:][:w*c]
				if valid == nil {
					add(column, row)
					continue
				}
				for x, ok := range valid[y*w:][:w] {
					if ok {
						add(column[x*c:(x+1)*c], row[x*c:])
						count[x]++
					}
				}
			}
			for j := range ow {
				left, right := cell(j, w, ow)
				n := (bottom - top) * (right - left)
				if valid != nil {
					n = 0
					for _, k := range count[left:right] {
						n += k
					}
					outValid[i*ow+j] = n > 0
				}
				if n == 0 {
					continue
				}
				copy(sum, column[left*c:])
				for x := left + 1; x < right; x++ {
					add(sum, column[x*c:])
				}
				store(dst[(i*ow+j)*c:][:c], sum, 1/float64(n))
			}
		}
	})
	return dst, outValid
}

// cell returns the half-open range of the in pixels that cell i of out covers.
func cell(i, in, out int) (lo, hi int) {
	return i * in / out, ((i+1)*in + out - 1) / out
}
