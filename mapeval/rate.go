package mapeval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/scoremap"
	"github.com/iad3d/iad3d/metrics"
)

// errWide says that a map's values do not fit float32.
var errWide = errors.New("float64 map")

// rate rates a class: in float32, or where a map needs it in float64.
func (t *task) rate(ctx context.Context, o Options, r *Report, p *progress) (*Class, error) {
	good := 0
	for i := range t.set.Items {
		if t.set.Items[i].Good() {
			good++
		}
	}
	if n := len(t.set.Items); good == 0 || good == n {
		return nil, fmt.Errorf("%w: %s: %d good and %d defective scans, at least one of each is needed; check the folders of %s and of the maps",
			ErrUndefined, t.set.Class, good, n-good, t.set.Root)
	}
	done := p.done
	c, err := rate[float32](ctx, t, o, r, p)
	if errors.Is(err, errWide) {
		p.done = done
		c, err = rate[float64](ctx, t, o, r, p)
	}
	return c, err
}

func rate[S metrics.Score](ctx context.Context, t *task, o Options, r *Report, p *progress) (*Class, error) {
	pools := pools[S]{set: t.set, byKey: map[string]*metrics.Pixels[S]{}}
	c := &Class{Class: t.set.Class}
	err := eachImage(ctx, t, o, p, func(i int, m metrics.Image[S], score float64) error {
		it := &t.set.Items[i]
		c.Scans = append(c.Scans, Scan{it.Name, it.Kind, score})
		return pools.add(it, m)
	})
	if err != nil {
		return nil, err
	}
	pools.last.Pack()
	all := pools.union(func(poolKey) bool { return true })
	c.Regions, c.Pixels = all.Regions(), all.OKPixels()+all.DefectPixels()
	for _, s := range c.Scans {
		if s.Kind == groundtruth.Good {
			c.Good++
		} else {
			c.Defective++
		}
	}
	if c.Regions == 0 {
		return nil, fmt.Errorf("%w: %s: no defect pixel in the ground truth of %d defective scans", ErrUndefined, c.Class, c.Defective)
	}
	if c.ImageFigures, err = c.image(r, ""); err != nil {
		return nil, t.undefined(err)
	}
	f := figurer[S]{o: o, r: r, loco: t.set.Layout == groundtruth.LOCO}
	if f.loco {
		if f.sampling, err = all.LOCOSampling(metrics.LOCODistance); errors.Is(err, metrics.ErrTies) {
			r.note("%s: no official area: MVTec LOCO's script stops at tied scores (%v); the exact one has no such limit", c.Class, err)
		} else if err != nil {
			return nil, t.undefined(err)
		}
	}
	if err := pixel(c, &f, all); err != nil {
		return nil, t.undefined(err)
	}
	var thresholds []float64
	if o.Bootstrap > 0 {
		if thresholds, err = all.BootstrapThresholds(); err != nil {
			return nil, t.undefined(err)
		}
	}
	all = nil // it is large
	if err := kinds(ctx, c, &f, &pools); err != nil {
		return nil, t.undefined(err)
	}
	if o.Bootstrap > 0 {
		if err := intervals[S](ctx, t, o, p, c, thresholds); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// undefined names the class in an error about a figure.
func (t *task) undefined(err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUndefined, t.set.Class, err)
}

// eachImage reads the maps with their ground truth one after the other, in the
// order of the set.
func eachImage[S metrics.Score](ctx context.Context, t *task, o Options, p *progress, fn func(i int, m metrics.Image[S], score float64) error) error {
	for i, path := range t.paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, score, err := readImage[S](t.set, &t.set.Items[i], path, o)
		if err != nil {
			return err
		}
		m.Serial = i
		if err := fn(i, m, score); err != nil {
			return &scan.Error{Path: path, Err: err}
		}
		p.step()
	}
	return nil
}

// readImage reads a map and the ground truth of its scan. The score is the
// map's maximum at its own resolution.
func readImage[S metrics.Score](set *groundtruth.Set, it *groundtruth.Item, path string, o Options) (m metrics.Image[S], score float64, err error) {
	read, err := scoremap.Read(path)
	if err != nil {
		return m, 0, err
	}
	m.Width, m.Height = read.Width, read.Height
	if m.Scores, score, err = scores[S](read, o.BTF); err != nil {
		if errors.Is(err, errWide) {
			return m, 0, err
		}
		return m, 0, &scan.Error{Path: path, Err: err}
	}
	truth, err := set.Truth(it)
	if err != nil {
		return m, 0, err
	}
	if o.BTF {
		at, err := metrics.AtBTFResolution(&grid.Map{H: m.Height, W: m.Width, C: 1, Data: toFloat32(m.Scores)}, truth.Mask, truth.Width, truth.Height)
		if err != nil {
			return m, 0, &scan.Error{Path: path, Err: err}
		}
		return metrics.Image[S]{Width: at.Width, Height: at.Height, Scores: fromFloat32[S](at.Scores), Truth: at.Truth}, score, nil
	}
	if truth.Width != 0 && (truth.Width != m.Width || truth.Height != m.Height) {
		return m, 0, &scan.Error{Path: path, Err: fmt.Errorf("map is %d×%d, its ground truth %s is %d×%d; write maps at the size of the ground truth, or compare at %d×%d as BTF does",
			m.Width, m.Height, it.Masks[0], truth.Width, truth.Height, metrics.BTFSize, metrics.BTFSize)}
	}
	m.Truth, m.Saturation = truth.Mask, o.Saturation
	for _, c := range truth.Channels {
		full, err := metrics.LOCOSaturation(c.Threshold, c.Relative, c.Area)
		if err != nil {
			return m, 0, &scan.Error{Path: c.Path, Err: err}
		}
		m.Channels = append(m.Channels, metrics.Channel{Mask: c.Mask, Kind: c.Name, Saturation: full})
	}
	if o.Saturation.Area > 0 && m.Truth != nil && slices.Contains(m.Truth, true) {
		area, w, h, err := set.PixelAreas(it)
		if err != nil {
			return m, 0, err
		}
		if w != m.Width || h != m.Height {
			return m, 0, &scan.Error{Path: path, Err: fmt.Errorf("map is %d×%d, the cloud of its scan %d×%d; a saturation in mm² needs the same size", m.Width, m.Height, w, h)}
		}
		m.PixelArea = area
	}
	return m, score, nil
}

// scores returns a map's scores and the highest one. Float64 scores that are no
// float32 are an errWide unless they are to be rounded.
func scores[S metrics.Score](m *scoremap.Map, round bool) ([]S, float64, error) {
	var s S
	_, single := any(s).(float32)
	if m.F32 != nil {
		high, err := finite(m.F32, m.Width)
		return fromFloat32[S](m.F32), float64(high), err
	}
	high, err := finite(m.F64, m.Width)
	if err != nil {
		return nil, 0, err
	}
	if !single {
		return any(m.F64).([]S), high, nil
	}
	out := make([]float32, len(m.F64))
	for i, v := range m.F64 {
		if out[i] = float32(v); float64(out[i]) != v && !round {
			return nil, 0, errWide
		}
	}
	if _, err := finite(out, m.Width); err != nil {
		return nil, 0, err
	}
	return any(out).([]S), high, nil
}

// finite returns the highest score; one that is not a number is an error.
func finite[S metrics.Score](v []S, width int) (S, error) {
	high := v[0]
	for i, s := range v {
		if s-s != 0 {
			return 0, fmt.Errorf("pixel (%d, %d): %w: %v; give every pixel a finite score", i%width, i/width, metrics.ErrNotFinite, s)
		}
		high = max(high, s)
	}
	return high, nil
}

func fromFloat32[S metrics.Score](v []float32) []S {
	if same, ok := any(v).([]S); ok {
		return same
	}
	out := make([]S, len(v))
	for i, s := range v {
		out[i] = S(s)
	}
	return out
}

func toFloat32[S metrics.Score](v []S) []float32 {
	if same, ok := any(v).([]float32); ok {
		return same
	}
	out := make([]float32, len(v))
	for i, s := range v {
		out[i] = float32(s)
	}
	return out
}

// pools holds the pixels of a class, of scans with the same kind, and in MVTec
// LOCO the same types of defect, together: every part of the set that has a
// figure is a union of some.
type pools[S metrics.Score] struct {
	set   *groundtruth.Set
	byKey map[string]*metrics.Pixels[S]
	last  *metrics.Pixels[S]
}

// poolKey is what the scans of a pool have in common.
type poolKey struct {
	kind  string
	types []string
}

func (p *pools[S]) add(it *groundtruth.Item, m metrics.Image[S]) error {
	k := it.Kind
	var types []string
	for _, c := range m.Channels {
		types = append(types, c.Kind)
	}
	slices.Sort(types)
	for _, t := range slices.Compact(types) {
		k += "\x00" + t
	}
	pool := p.byKey[k]
	if pool == nil {
		pool = new(metrics.Pixels[S])
		p.byKey[k] = pool
	}
	if p.last != nil && p.last != pool {
		p.last.Pack()
	}
	p.last = pool
	return pool.Add(m)
}

func (p *pools[S]) union(want func(poolKey) bool) *metrics.Pixels[S] {
	var parts []*metrics.Pixels[S]
	for _, k := range slices.Sorted(maps.Keys(p.byKey)) {
		f := strings.Split(k, "\x00")
		if want(poolKey{f[0], f[1:]}) {
			parts = append(parts, p.byKey[k])
		}
	}
	return metrics.Union(parts...)
}
