// Package memory is PatchCore's memory bank: descriptor rows of sound parts,
// thinned by a greedy coreset, and the search for the nearest ones.
//
// K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR
// 2022. Scoring follows the program of E. Horwitz, Y. Hoshen, "Back to the
// Feature" (BTF), see [Bank.ImageScore].
package memory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/simd"
)

// Rows is a table of N descriptors of D float32 values; row i stands at i·D.
type Rows struct {
	N, D int
	Data []float32
}

// Row returns row i; the slice aliases the table.
func (r *Rows) Row(i int) []float32 { return r.Data[i*r.D : (i+1)*r.D : (i+1)*r.D] }

// FromMap returns the valid pixels of m as rows, in row-major order, and the
// pixel each row came from. Where m.Valid is nil the rows are all pixels and alias
// the map, and the list of pixels is nil: row i is pixel i.
func FromMap(m *grid.Map) (*Rows, []int32) {
	if m.Valid == nil {
		return &Rows{N: m.H * m.W, D: m.C, Data: m.Data}, nil
	}
	n := 0
	for _, ok := range m.Valid {
		if ok {
			n++
		}
	}
	rows, pixels := &Rows{D: m.C, Data: make([]float32, 0, n*m.C)}, make([]int32, 0, n)
	for i, ok := range m.Valid {
		if ok {
			rows.Data = append(rows.Data, m.Data[i*m.C:(i+1)*m.C]...)
			pixels = append(pixels, int32(i))
		}
	}
	rows.N = len(pixels)
	return rows, pixels
}

// Append adds the rows of o, which must have the same D; an empty table takes
// over o's.
func (r *Rows) Append(o *Rows) {
	if r.N == 0 {
		r.D = o.D
	}
	if r.D != o.D {
		panic(fmt.Sprintf("memory: rows of %d values appended to rows of %d", o.D, r.D))
	}
	if need := len(r.Data) + len(o.Data); need > cap(r.Data) && r.N > 0 {
		// Twice as much: large tables are not copied often, and what is not used of
		// fresh memory costs none.
		r.Data = slices.Grow(r.Data, max(need, 2*cap(r.Data))-len(r.Data))
	}
	r.Data = append(r.Data, o.Data...)
	r.N += o.N
}

// ErrRows is wrapped by errors about tables that cannot be used.
var ErrRows = errors.New("memory: unusable rows")

// Check returns an error wrapping [ErrRows] for an empty or inconsistent table or
// one with a value that is NaN or infinite.
func (r *Rows) Check() error {
	if r.N <= 0 || r.D <= 0 {
		return fmt.Errorf("%w: %d rows of %d values", ErrRows, r.N, r.D)
	}
	if len(r.Data)/r.D != r.N || len(r.Data)%r.D != 0 {
		return fmt.Errorf("%w: %d values for %d rows of %d", ErrRows, len(r.Data), r.N, r.D)
	}
	for i, v := range r.Data {
		if v-v != 0 {
			return fmt.Errorf("%w: row %d, value %d is %v", ErrRows, i/r.D, i%r.D, v)
		}
	}
	return nil
}

// distance2 returns the squared Euclidean distance of two rows of equal length, in
// float64, so that equal rows are at exactly 0: the sum of simd.Distances, in whose
// order every search of the package adds.
func distance2(a, b []float32) float64 {
	q, dist2 := make([]float64, len(a)), [1]float64{}
	copyRow(q, a)
	simd.Distances(q, b[:len(a)], []int32{0}, dist2[:])
	return dist2[0]
}

func copyRow(dst []float64, row []float32) {
	dst = dst[:len(row)]
	for i, v := range row {
		dst[i] = float64(v)
	}
}
