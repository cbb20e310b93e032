package fpfh

import (
	"context"
	"fmt"
	"math"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/pointcloud"
)

// cellRows is the number of rows of cells that a worker takes at a time.
const cellRows = 2

// ComputeCells returns h×w×33·len(ks): the descriptors of an organised cloud at several
// sizes side by side, in the order of ks, every entry its square root (Hellinger's kernel:
// the distance of two histograms is then not ruled by their largest bin), averaged over
// the valid pixels of each cell. It is ComputeMaps, the roots rounded to float32, and
// [grid.AdaptiveAvgPoolValid], bit for bit, without the maps between.
func ComputeCells(ctx context.Context, c *pointcloud.Cloud, o Options, ks []int, h, w int) (*grid.Map, error) {
	if err := mustHaveRaster(c); err != nil {
		return nil, err
	}
	sizes, err := distinct(ks)
	if err != nil {
		return nil, err
	}
	width := Dim * len(ks)
	if h < 1 || w < 1 || h > math.MaxInt32/(width*w) {
		return nil, fmt.Errorf("fpfh: %d×%d cells", h, w)
	}
	o.Search.K = sizes[len(sizes)-1]
	nb, hs, err := prepare(ctx, c, o, sizes)
	if err != nil {
		return nil, err
	}
	of := make([]int, len(ks)) // the size of each descriptor
	for j, k := range ks {
		for sizes[of[j]] != k {
			of[j]++
		}
	}
	out := grid.New(h, w, width)
	out.Valid = make([]bool, h*w)
	type worker struct {
		scratch
		row    [Dim]float64
		column []float64 // sums over the rows of a cell
		count  []int
		sum    []float64
	}
	all := make([]worker, parallel.Workers(h, cellRows, o.Workers))
	err = parallel.For(ctx, h, cellRows, len(all), func(n, lo, hi int) {
		s := &all[n]
		if s.column == nil {
			s.column, s.count, s.sum = make([]float64, c.Width*width), make([]int, c.Width), make([]float64, width)
		}
		for i := lo; i < hi; i++ {
			clear(s.column)
			clear(s.count)
			for y := i * c.Height / h; y < ((i+1)*c.Height+h-1)/h; y++ {
				for x := range c.Width {
					p := y*c.Width + x
					if !c.IsValid(p) {
						continue
					}
					s.count[x]++
					list := nb.Of(p)
					for j, k := range of {
						hs[k].row(list[:min(len(list), sizes[k])], int32(p), &s.row, &s.scratch)
						simd.AddRoots(s.column[x*width+j*Dim:][:Dim], s.row[:])
					}
				}
			}
			for j := range w {
				clear(s.sum)
				pixels := 0
				for x := j * c.Width / w; x < ((j+1)*c.Width+w-1)/w; x++ {
					pixels += s.count[x]
					accumulate(s.sum, s.column[x*width:][:width], 1)
				}
				if pixels == 0 {
					continue
				}
				out.Valid[i*w+j] = true
				dst := out.Pixel(i, j)
				mean := 1 / float64(pixels)
				for k, v := range s.sum {
					dst[k] = float32(v * mean)
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if c.Valid == nil {
		out.Valid = nil
	}
	return out, nil
}
