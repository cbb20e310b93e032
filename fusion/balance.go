package fusion

import (
	"fmt"
	"math"
)

// rounding is the square of a float32's relative rounding, with room for the
// sums'.
const rounding = 1e-13

// Balance returns for each block of a table of descriptor rows the factor that
// makes it weigh the same: with it, the expected squared distance of two rows of
// the table is 2 in every block. Rows hold the blocks side by side, widths says
// how many values each has. A block that varies by no more than the rounding of
// its values tells nothing apart and gets the factor 1.
//
// Sums are float64 in the order of the rows.
func Balance(rows []float32, widths []int) []float32 {
	width := mustDivide(rows, widths)
	mean, square := make([]float64, width), make([]float64, width)
	n := float64(len(rows) / width)
	each := func(f func(j int, v float64)) {
		for i := 0; i < len(rows); i += width {
			for j, v := range rows[i : i+width] {
				f(j, float64(v))
			}
		}
	}
	each(func(j int, v float64) { mean[j] += v / n })
	each(func(j int, v float64) { d := v - mean[j]; square[j] += float64(d*d) / n })
	scales := make([]float32, len(widths))
	for b, w := range widths {
		variance, power := 0.0, 0.0
		for j, v := range square[:w] {
			variance += v
			power += float64(mean[j] * mean[j])
		}
		mean, square = mean[w:], square[w:]
		scales[b] = 1
		if s := float32(1 / math.Sqrt(variance)); variance > rounding*power && !math.IsInf(float64(s), 0) {
			scales[b] = s
		}
	}
	return scales
}

// Rescale multiplies the blocks of every row by their factors, in place: what
// [Early] does with the scales of its blocks, for rows that are joined already.
func Rescale(rows []float32, widths []int, scales []float32) {
	width := mustDivide(rows, widths)
	if len(scales) != len(widths) {
		panic(fmt.Sprintf("fusion: %d scales for %d blocks", len(scales), len(widths)))
	}
	for i := 0; i < len(rows); i += width {
		row := rows[i : i+width]
		for b, w := range widths {
			for j := range row[:w] {
				row[j] *= scales[b]
			}
			row = row[w:]
		}
	}
}

// mustDivide returns the length of a row.
func mustDivide(rows []float32, widths []int) int {
	width := 0
	for _, w := range widths {
		width += w
	}
	if width <= 0 || len(rows) == 0 || len(rows)%width != 0 {
		panic(fmt.Sprintf("fusion: %d values do not make rows of %d", len(rows), width))
	}
	return width
}
