package iad3d

import (
	"errors"
	"fmt"

	"github.com/iad3d/iad3d/internal/cholesky"
	"github.com/iad3d/iad3d/io/model"
)

func (g *gaussians) tensors(feature string) []model.Tensor {
	d := len(g.picked)
	n := len(g.means) / d
	return []model.Tensor{
		model.Int32s(tensorCells+"."+feature, []int{len(g.cells)}, g.cells),
		model.Float32s(tensorCentres+"."+feature, []int{n, d}, g.means),
		model.Float32s(tensorInverses+"."+feature, []int{n, cholesky.Size(d)}, g.inverse),
	}
}

// gaussiansFrom reads the Gaussians of a feature; means and triangles stay in the file.
func gaussiansFrom(f *model.File, c *Config, feature string) (*gaussians, error) {
	cells, shape, err := f.Int32s(tensorCells + "." + feature)
	if err != nil {
		return nil, err
	}
	if len(shape) != 1 || shape[0] != c.Cells*c.Cells {
		return nil, fmt.Errorf("%s.%s has the shape %v, its configuration %d×%d cells", tensorCells, feature, shape, c.Cells, c.Cells)
	}
	n := 1 // that of the whole part is always there
	for i, k := range cells {
		if k < 0 || int(k) > i+1 {
			return nil, fmt.Errorf("%s.%s: cell %d has the Gaussian %d", tensorCells, feature, i, k)
		}
		n = max(n, int(k)+1)
	}
	g := &gaussians{picked: pick(c.dim([]string{feature}), c.Seed), cells: cells}
	d := len(g.picked)
	if g.means, err = floatsFrom(f, tensorCentres+"."+feature, n, d); err != nil {
		return nil, err
	}
	if g.inverse, err = floatsFrom(f, tensorInverses+"."+feature, n, cholesky.Size(d)); err != nil {
		return nil, err
	}
	for _, v := range g.inverse {
		if v > padimMost || v < -padimMost {
			return nil, fmt.Errorf("%s.%s holds %v", tensorInverses, feature, v)
		}
	}
	for at := 0; at < len(g.inverse); at += cholesky.Size(d) {
		for i := range d {
			if v := g.inverse[at+cholesky.Size(i)+i]; !(v > 0) {
				return nil, fmt.Errorf("%s.%s: %v in the diagonal of Gaussian %d", tensorInverses, feature, v, at/cholesky.Size(d))
			}
		}
	}
	return g, nil
}

func (g *gallery) tensors(feature string) []model.Tensor {
	return []model.Tensor{
		model.Float32s(tensorBank+"."+feature, []int{g.rows.N, g.rows.D}, g.rows.Data),
		originsTensor(feature, g.origins),
		model.Float32s(tensorMeans+"."+feature, []int{g.means.N, g.means.D}, g.means.Data),
	}
}

// galleryFrom reads the gallery of a feature; its rows stay in the file.
func galleryFrom(f *model.File, c *Config, feature string) (*gallery, error) {
	rows, err := rowsFrom(f, tensorBank+"."+feature, c.dim([]string{feature}))
	if err == nil {
		err = rows.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", tensorBank, feature, err)
	}
	means, err := rowsFrom(f, tensorMeans+"."+feature, c.dim([]string{feature}))
	if err == nil {
		err = means.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", tensorMeans, feature, err)
	}
	g := &gallery{rows: rows, means: means}
	if g.origins, err = originsFrom(f, feature, g.rows.N); err != nil {
		return nil, err
	}
	if last := int(g.origins[len(g.origins)-1].Scan); last >= g.means.N {
		return nil, errors.New("more scans than means")
	}
	return g, nil
}
