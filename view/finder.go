package view

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// coarse is the longer side, in pixels, of the raster on which the plane and the
// surroundings are sought.
const coarse = 224

// margin is how much larger than the largest part of the pilot scans the window is.
const margin = 1.12

// leastPart is the share of the measured points that a part must have: a plane, or
// surroundings, that leave fewer are not what the part lies on but the part itself.
const leastPart = 0.01

var (
	// ErrEmpty is wrapped when nothing was measured.
	ErrEmpty = errors.New("no measured point is left")
	// ErrFinder is wrapped when a Finder makes no sense, as a damaged one does.
	ErrFinder = errors.New("view: impossible finder")
)

// Options say how a part is told from what is around it.
type Options struct {
	KeepPlane bool   // do not look for a plane that the part lies on
	Seed      uint64 // of the plane search
	Workers   int    // ≤ 0: GOMAXPROCS
}

// Finder finds the part in scans like those it was learnt from. It is immutable and
// safe for concurrent use.
type Finder struct {
	// KeepPlane says that no plane is taken away: it was asked for, or one of the
	// scans shows none, or nothing else.
	KeepPlane bool `json:"keep_plane"`
	// Width and Height are the size of the scans, Side that of the window in their
	// pixels; both change together with the size of a scan.
	Width  int `json:"width"`
	Height int `json:"height"`
	Side   int `json:"side"`
	// Surroundings holds the depth, in metres, of what never moves and touches the
	// edge of the scans, as the walls of a box do; 0 where there is nothing such. It
	// is empty or has the scans' size shrunk to 224 pixels along the longer side.
	Surroundings []float32 `json:"-"`

	seed    uint64
	workers int
}

// WithWorkers returns the finder with another number of goroutines, ≤ 0: GOMAXPROCS.
func (f *Finder) WithWorkers(n int) *Finder {
	c := *f
	c.workers = n
	return &c
}

// Learn looks at a few sound scans of one size, the pilots. At least one is needed;
// surroundings are learnt from leastPilots on.
func Learn(ctx context.Context, pilots []*pointcloud.Cloud, o Options) (*Finder, error) {
	if len(pilots) == 0 {
		return nil, fmt.Errorf("%w: no scan", ErrFinder)
	}
	f := &Finder{KeepPlane: o.KeepPlane, Width: pilots[0].Width, Height: pilots[0].Height, seed: o.Seed, workers: o.Workers}
	parts, err := f.lookAt(ctx, pilots)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		f.KeepPlane = f.KeepPlane || !p.found || float64(p.points()) < leastPart*float64(p.cloud.CountValid())
	}
	if f.KeepPlane != o.KeepPlane {
		if parts, err = f.lookAt(ctx, pilots); err != nil {
			return nil, err
		}
	}
	f.learnSurroundings(parts)
	side := 0
	for _, p := range parts {
		p.without(f.Surroundings)
		x0, y0, x1, y1 := p.box()
		side = max(side, f.scaled(max(x1-x0, y1-y0), p))
	}
	f.Side = max(8, int(margin*float64(side)))
	return f, nil
}

// lookAt looks at every scan.
func (f *Finder) lookAt(ctx context.Context, clouds []*pointcloud.Cloud) ([]*coarsePart, error) {
	parts := make([]*coarsePart, len(clouds))
	for i, c := range clouds {
		var err error
		if parts[i], err = f.look(ctx, c); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// scaled turns a length in coarse pixels into one of the learnt scans' size.
func (f *Finder) scaled(n int, p *coarsePart) int {
	long, to := max(p.cloud.Width, p.cloud.Height), max(f.Width, f.Height)
	return (n*to + long - 1) / long
}

// Restore makes a Finder that was stored usable again, or says what is wrong with it.
func (f *Finder) Restore(seed uint64, workers int) error {
	f.seed, f.workers = seed, workers
	h, w := shrink(f.Height, f.Width, coarse)
	const most = 1 << 16
	switch {
	case f.Width < 1 || f.Height < 1 || f.Width > most || f.Height > most || f.Side < 8 || f.Side > 2*max(f.Width, f.Height)+8:
		return fmt.Errorf("%w: a window of %d pixels on scans of %d×%d", ErrFinder, f.Side, f.Width, f.Height)
	case len(f.Surroundings) != 0 && len(f.Surroundings) != h*w:
		return fmt.Errorf("%w: surroundings of %d pixels, want %d×%d", ErrFinder, len(f.Surroundings), w, h)
	}
	for _, z := range f.Surroundings {
		if z-z != 0 {
			return fmt.Errorf("%w: surroundings at depth %v", ErrFinder, z)
		}
	}
	return nil
}

// Find returns the window on the part at size×size points. A scan of another size
// than those learnt from is taken for the same view at another resolution. A part
// that is larger than the window widens it: nothing is cut off. An error wraps
// [ErrEmpty], and [pointcloud.ErrNoPart] too where the plane was found but no part.
func (f *Finder) Find(ctx context.Context, c *pointcloud.Cloud, size int) (*View, error) {
	part, err := f.look(ctx, c)
	if err != nil {
		return nil, err
	}
	part.without(f.Surroundings)
	if part.points() == 0 {
		if part.found {
			return nil, fmt.Errorf("%w: %w", ErrEmpty, pointcloud.ErrNoPart)
		}
		return nil, ErrEmpty
	}
	x0, y0, x1, y1 := part.box()
	long := max(part.cloud.Width, part.cloud.Height)
	full := func(v int) float64 { return float64(v) * float64(max(c.Width, c.Height)) / float64(long) }
	side := float64(f.Side) * float64(max(c.Width, c.Height)) / float64(max(f.Width, f.Height))
	v := &View{Up: r3.Vector{Z: -1}, Side: max(1, int(math.Ceil(max(side, full(x1-x0)+2, full(y1-y0)+2))))}
	v.X = int(math.Floor((full(x0+x1) - float64(v.Side)) / 2))
	v.Y = int(math.Floor((full(y0+y1) - float64(v.Side)) / 2))
	if part.found {
		v.Up = part.plane.Normal
	}
	v.Cloud = part.resample(c, v, size)
	if v.Cloud.CountValid() == 0 {
		return nil, ErrEmpty
	}
	return v, nil
}

// look tells part and plane of a scan apart on the coarse raster.
func (f *Finder) look(ctx context.Context, c *pointcloud.Cloud) (*coarsePart, error) {
	h, w := shrink(c.Height, c.Width, coarse)
	p := &coarsePart{cloud: resized(c, h, w)}
	if f.KeepPlane {
		p.mask = p.cloud.Valid
		return p, nil
	}
	fg, err := pointcloud.FindForeground(ctx, p.cloud, pointcloud.ForegroundOptions{Seed: f.seed, Workers: f.workers})
	if err != nil {
		return nil, err
	}
	p.mask, p.found, p.plane, p.removal = fg.Part, fg.Found, fg.Plane, fg.Removal
	return p, nil
}

// shrink returns h×w reduced so that the longer side is at most size, the aspect
// kept to the nearest pixel.
func shrink(h, w, size int) (int, int) {
	long := max(h, w)
	if long <= size {
		return h, w
	}
	scale := func(v int) int { return max(1, (v*size+long/2)/long) }
	return scale(h), scale(w)
}

// resized returns the organised cloud at h×w pixels, each the nearest one of c. The
// result shares nothing with c.
func resized(c *pointcloud.Cloud, h, w int) *pointcloud.Cloud {
	out := &pointcloud.Cloud{Width: w, Height: h, Unit: c.Unit, XYZ: make([]float32, 3*h*w), Valid: make([]bool, h*w)}
	rows, cols := grid.NearestIndices(c.Height, h, grid.RulePIL), grid.NearestIndices(c.Width, w, grid.RulePIL)
	for y, sy := range rows {
		for x, sx := range cols {
			i, j := y*w+x, sy*c.Width+sx
			copy(out.XYZ[3*i:3*i+3], c.XYZ[3*j:3*j+3])
			out.Valid[i] = c.IsValid(j)
		}
	}
	return out
}
