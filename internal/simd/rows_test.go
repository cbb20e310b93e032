package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// wholeNumber is a small whole number, of which all sums of products are exact.
func wholeNumber(r *rand.Rand) float32 { return float32(r.IntN(41) - 20) }

func TestProducts(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		eachPlace(func(n, offset int) {
			stride, outStride, peakStride := n+offset%3, PanelRows+offset, 1+offset%2
			const last = BlockRows - 1
			draw := wholeNumber
			if offset%2 == 1 {
				draw = func(r *rand.Rand) float32 { return float32(r.NormFloat64()) }
			}
			x, panel := newGuarded(last*stride+n, offset, float32(0)), newGuarded(PanelRows*n, offset, float32(0))
			for _, s := range [][]float32{x.slice, panel.slice} {
				for i := range s {
					s[i] = draw(r)
				}
			}
			got, want := newGuarded(last*outStride+PanelRows, offset, float32(-7)), newGuarded(last*outStride+PanelRows, offset, float32(-7))
			gotPeaks, wantPeaks := newGuarded(last*peakStride+1, offset, float32(-7)), newGuarded(last*peakStride+1, offset, float32(-7))
			Products(x.slice, stride, panel.slice, n, got.slice, outStride, gotPeaks.slice, peakStride)
			generic(func() {
				Products(x.slice, stride, panel.slice, n, want.slice, outStride, wantPeaks.slice, peakStride)
			})
			if !slices.Equal(got.all, want.all) || !slices.Equal(gotPeaks.all, wantPeaks.all) {
				t.Fatalf("%d values from %d: other products", n, offset)
			}
			if !got.intact(0) || !gotPeaks.intact(0) {
				t.Fatalf("%d values from %d: written outside", n, offset)
			}
			if offset%2 == 1 {
				return
			}
			for i := range BlockRows {
				for row := range PanelRows {
					sum := 0
					for d := range n {
						sum += int(x.slice[i*stride+d]) * int(panel.slice[PanelRows*d+row])
					}
					if got.slice[i*outStride+row] != float32(sum) {
						t.Fatalf("%d values from %d: product %v, want %d", n, offset, got.slice[i*outStride+row], sum)
					}
				}
			}
		})
	})
}

func TestDistances(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		eachPlace(func(d, offset int) {
			const rows = 9
			n := (d + offset) % 11
			table, q := newGuarded(rows*d, offset, float32(0)), newGuarded(d, offset, 0.0)
			for i := range table.slice {
				table.slice[i] = wholeNumber(r)
				if offset%2 == 1 {
					table.slice[i] = float32(r.NormFloat64())
				}
			}
			for i := range q.slice {
				q.slice[i] = float64(table.slice[r.IntN(len(table.slice))])
			}
			list := make([]int32, n)
			for i := range list {
				list[i] = int32(r.IntN(rows))
			}
			got, want := newGuarded(n, offset, -1.0), newGuarded(n, offset, -1.0)
			Distances(q.slice, table.slice, list, got.slice)
			generic(func() { Distances(q.slice, table.slice, list, want.slice) })
			if !slices.Equal(got.slice, want.slice) {
				t.Fatalf("%d values from %d: %v, want %v", d, offset, got.slice, want.slice)
			}
			if !got.intact(0) {
				t.Fatalf("%d values from %d: written outside", d, offset)
			}
			if offset%2 == 1 {
				return
			}
			for i, row := range list {
				sum := 0
				for j, v := range q.slice {
					e := int(v) - int(table.slice[int(row)*d+j])
					sum += e * e
				}
				if got.slice[i] != float64(sum) {
					t.Fatalf("%d values from %d: distance %v, want %d", d, offset, got.slice[i], sum)
				}
			}
		})
	})
}

func TestDistancesPanics(t *testing.T) {
	for _, r := range []int32{-1, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("row %d of 2 is accepted", r)
				}
			}()
			Distances(make([]float64, 3), make([]float32, 6), []int32{r}, make([]float64, 1))
		}()
	}
}

func BenchmarkProducts(b *testing.B) {
	const n = 33
	x, panel := make([]float32, BlockRows*n), make([]float32, PanelRows*n)
	out, peaks := make([]float32, BlockRows*PanelRows), make([]float32, BlockRows)
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			defer Use(l)()
			for b.Loop() {
				Products(x, n, panel, n, out, PanelRows, peaks, 1)
			}
			b.ReportMetric(2*n*BlockRows*PanelRows*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// TestByteProducts has all values, the outermost too.
func TestByteProducts(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		eachPlace(func(n, offset int) {
			stride, outStride, peakStride := 4*n+offset%3, PanelRows+offset, 1+offset%2
			const last = BlockRows - 1
			x, panel := newGuarded(last*stride+4*n, offset, uint8(0)), newGuarded(4*PanelRows*n, offset, int8(0))
			for i := range x.slice {
				x.slice[i] = []uint8{0, 255, uint8(r.IntN(256))}[r.IntN(3)]
			}
			for i := range panel.slice {
				panel.slice[i] = []int8{-128, 127, int8(r.IntN(256) - 128)}[r.IntN(3)]
			}
			var start [PanelRows]int32
			for i := range start {
				start[i] = int32(r.IntN(1<<20) - 1<<19)
			}
			out, peaks := newGuarded(last*outStride+PanelRows, offset, float32(-7)), newGuarded(last*peakStride+1, offset, float32(-7))
			ByteProducts(x.slice, stride, panel.slice, n, &start, out.slice, outStride, peaks.slice, peakStride)
			if !out.intact(0) || !peaks.intact(0) {
				t.Fatalf("%d groups from %d: written outside", n, offset)
			}
			for i := range BlockRows {
				peak := math.MinInt
				for row, sum := range start {
					sum := int(sum)
					for d := range 4 * n {
						sum += int(x.slice[i*stride+d]) * int(panel.slice[4*(PanelRows*(d/4)+row)+d%4])
					}
					peak = max(peak, sum)
					if got := out.slice[i*outStride+row]; got != float32(sum) {
						t.Fatalf("%d groups from %d: product %v, want %d", n, offset, got, sum)
					}
				}
				if got := peaks.slice[i*peakStride]; got != float32(peak) {
					t.Fatalf("%d groups from %d: peak %v, want %d", n, offset, got, peak)
				}
			}
		})
	})
}

func BenchmarkByteProducts(b *testing.B) {
	const n = 32
	x, panel := make([]uint8, BlockRows*4*n), make([]int8, 4*PanelRows*n)
	out, peaks := make([]float32, BlockRows*PanelRows), make([]float32, BlockRows)
	var start [PanelRows]int32
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			defer Use(l)()
			for b.Loop() {
				ByteProducts(x, 4*n, panel, n, &start, out, PanelRows, peaks, 1)
			}
			b.ReportMetric(2*4*n*BlockRows*PanelRows*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
		})
	}
}

func BenchmarkDistances(b *testing.B) {
	const d, n = 1569, 32
	q, rows, dist2 := make([]float64, d), make([]float32, n*d), make([]float64, n)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			defer Use(l)()
			for b.Loop() {
				Distances(q, rows, list, dist2)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

func TestProduct(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		eachPlace(func(n, offset int) {
			draw := wholeNumber
			if offset%2 == 1 {
				draw = func(r *rand.Rand) float32 { return float32(r.NormFloat64()) }
			}
			x, panel := newGuarded(n, offset, float32(0)), newGuarded(PanelRows*n, offset, float32(0))
			for _, s := range [][]float32{x.slice, panel.slice} {
				for i := range s {
					s[i] = draw(r)
				}
			}
			got, want := newGuarded(PanelRows, offset, float32(-7)), newGuarded(PanelRows, offset, float32(-7))
			peak, wantPeak := Product(x.slice, panel.slice, (*[PanelRows]float32)(got.slice)), float32(0)
			generic(func() { wantPeak = Product(x.slice, panel.slice, (*[PanelRows]float32)(want.slice)) })
			if !slices.Equal(got.all, want.all) || peak != wantPeak || peak != slices.Max(want.slice) {
				t.Fatalf("%d values from %d: other products", n, offset)
			}
			for row, v := range got.slice {
				sum := 0
				for d := range n {
					sum += int(x.slice[d]) * int(panel.slice[PanelRows*d+row])
				}
				if offset%2 == 0 && v != float32(sum) {
					t.Fatalf("%d values from %d: product %v, want %d", n, offset, v, sum)
				}
			}
		})
	})
}

func TestBoxes(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		eachPlace(func(m, offset int) {
			n := 8 * (m + offset) % 40
			x, lo, hi := newGuarded(m, offset, float32(0)), newGuarded(m*n, offset, float32(0)), newGuarded(m*n, offset, float32(0))
			for d := range x.slice {
				x.slice[d] = wholeNumber(r)
				for b := range n {
					lo.slice[d*n+b] = wholeNumber(r)
					hi.slice[d*n+b] = lo.slice[d*n+b] + float32(r.IntN(20))
				}
			}
			got := newGuarded(n, offset, float32(-7))
			Boxes(x.slice, lo.slice, hi.slice, got.slice)
			for b, v := range got.slice {
				sum := 0
				for d, p := range x.slice {
					e := max(0, int(lo.slice[d*n+b]-p), int(p-hi.slice[d*n+b]))
					sum += e * e
				}
				if v != float32(sum) {
					t.Fatalf("%d values from %d: box %d of %d at %v, want %d", m, offset, b, n, v, sum)
				}
			}
			if !got.intact(0) {
				t.Fatalf("%d values from %d: written outside", m, offset)
			}
		})
	})
}
