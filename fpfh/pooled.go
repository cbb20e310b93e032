package fpfh

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// Pooling says how the descriptors of an organised cloud are averaged: over all
// windows of Window×Window pixels, and their means into H×W cells. Missing points
// count as zeros. BTF's is 3, 28, 28.
type Pooling struct {
	Window, H, W int
}

// pooledRows is the number of raster rows that are summed before their sums are
// added to those of others: the result depends on it, not on who summed.
const pooledRows = 8

// ComputePooled is ComputeMaps followed by [grid.AvgPool] and
// [grid.AdaptiveAvgPool], without the maps between: the H×W×33 means for each of ks.
// They differ from those functions' by the rounding of these maps to float32, less
// than 1e-4 of entries up to 200, and come from fewer roundings.
func ComputePooled(ctx context.Context, c *pointcloud.Cloud, o Options, ks []int, p Pooling) ([]*grid.Map, error) {
	if err := mustHaveRaster(c); err != nil {
		return nil, err
	}
	sizes, err := distinct(ks)
	if err != nil {
		return nil, err
	}
	if p.Window < 1 || p.Window > min(c.Height, c.Width) || p.H < 1 || p.W < 1 || p.H > math.MaxInt32/(Dim*p.W) {
		return nil, fmt.Errorf("fpfh: windows of %d pixels and %d×%d cells for a raster of %d×%d", p.Window, p.H, p.W, c.Height, c.Width)
	}
	o.Search.K = sizes[len(sizes)-1]
	nb, hs, err := prepare(ctx, c, o, sizes)
	if err != nil {
		return nil, err
	}
	down, across := spread(c.Height, p.Window, p.H), spread(c.Width, p.Window, p.W)
	width := p.W * Dim // of a row of cells, for one size
	chunks := (c.Height + pooledRows - 1) / pooledRows
	parts := make([][]float64, chunks) // sums of the rows of cells that a chunk reaches, size by size
	workers := parallel.Workers(c.Height, pooledRows, o.Workers)
	lines := make([][]float64, workers) // sums of one row of pixels
	scratches := make([]scratch, workers)
	err = parallel.For(ctx, c.Height, pooledRows, workers, func(w, lo, hi int) {
		first := down[lo].first
		part := make([]float64, (down[hi-1].end()-first)*width*len(sizes))
		parts[lo/pooledRows] = part
		if lines[w] == nil {
			lines[w] = make([]float64, width*len(sizes))
		}
		line := lines[w]
		var row [Dim]float64
		for y := lo; y < hi; y++ {
			clear(line)
			for x := range c.Width {
				i := y*c.Width + x
				list := nb.Of(i)
				if len(list) == 0 {
					continue
				}
				for s, h := range hs {
					h.row(list[:min(len(list), sizes[s])], int32(i), &row, &scratches[w])
					to := line[s*width+across[x].first*Dim:]
					for k, weight := range across[x].weights {
						accumulate(to[k*Dim:][:Dim], row[:], weight)
					}
				}
			}
			for k, weight := range down[y].weights {
				to := part[(down[y].first+k-first)*width*len(sizes):]
				accumulate(to[:width*len(sizes)], line, weight)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sums := make([]float64, p.H*width*len(sizes))
	for j, part := range parts {
		accumulate(sums[down[j*pooledRows].first*width*len(sizes):][:len(part)], part, 1)
	}
	maps := make([]*grid.Map, len(ks))
	for j, k := range ks {
		s := slices.Index(sizes, k)
		m := grid.Map{H: p.H, W: p.W, C: Dim, Data: make([]float32, p.H*width)}
		for y := range p.H {
			for x, v := range sums[(y*len(sizes)+s)*width:][:width] {
				m.Data[y*width+x] = float32(v)
			}
		}
		maps[j] = &m
	}
	return maps, nil
}

// accumulate adds weight·row to sums.
func accumulate(sums, row []float64, weight float64) {
	row = row[:len(sums)]
	for j, v := range row {
		sums[j] += float64(weight * v)
	}
}

// share says what a row of pixels gives to the cells, from first on; columns alike.
type share struct {
	first   int
	weights []float64
}

// end is the cell after the last.
func (s *share) end() int { return s.first + len(s.weights) }

// spread returns the shares of n rows that are averaged in windows, and these into
// cells.
func spread(n, window, cells int) []share {
	shares := make([]share, n)
	windows := n - window + 1
	for cell := range cells {
		lo, hi := cell*windows/cells, ((cell+1)*windows+cells-1)/cells
		for y := lo; y < hi+window-1; y++ {
			s := &shares[y]
			if s.weights == nil {
				s.first = cell
			}
			covered := min(y, hi-1) - max(y-window+1, lo) + 1
			s.weights = append(s.weights, float64(covered)/float64(window*(hi-lo)))
		}
	}
	return shares
}
