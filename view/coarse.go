package view

import (
	"math"
	"slices"

	"github.com/iad3d/iad3d/pointcloud"
)

// coarsePart is the part of a scan on the coarse raster.
type coarsePart struct {
	cloud   *pointcloud.Cloud
	mask    []bool // of the part
	found   bool   // a plane, which was taken away
	plane   pointcloud.Plane
	removal float64 // nearer points are of the plane, in the cloud's unit

	around []float32 // surroundings that were taken away; nil for none
}

func (p *coarsePart) points() int {
	n := 0
	for _, ok := range p.mask {
		if ok {
			n++
		}
	}
	return n
}

// box returns the smallest rectangle around the part, its ends excluded.
func (p *coarsePart) box() (x0, y0, x1, y1 int) {
	x0, y0 = p.cloud.Width, p.cloud.Height
	for i, ok := range p.mask {
		if ok {
			x, y := i%p.cloud.Width, i/p.cloud.Width
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
		}
	}
	return x0, y0, x1, y1
}

// depth returns the depth of a coarse pixel in metres.
func (p *coarsePart) depth(i int) float32 {
	return float32(float64(p.cloud.XYZ[3*i+2]) * p.cloud.Unit.Metres())
}

const (
	// leastPilots is the number of scans from which on what does not move can be
	// told from what happens to lie alike.
	leastPilots = 4
	// still is by how much of its depth a point that does not move may differ
	// between scans: noise of the sensor, not a part put down by hand.
	still = 0.002
	// stillReach is how far apart, in pixels, points may lie that belong together.
	stillReach = 2
	// wallReach is how far, in pixels, the edge of a wall may be from where it was learnt.
	wallReach = 16
)

// learnSurroundings finds what is part in all pilots but one in eight, at the same
// depth, and hangs together with the edge of the image. It is given up when a pilot
// has no part of its own then: a part that is always held at the same place must
// not be taken for a wall.
func (f *Finder) learnSurroundings(parts []*coarsePart) {
	if len(parts) < leastPilots {
		return
	}
	w, h := parts[0].cloud.Width, parts[0].cloud.Height
	for _, p := range parts {
		if p.cloud.Width != w || p.cloud.Height != h {
			return
		}
	}
	spare := len(parts) / 8
	depth := make([]float32, w*h)
	var zs []float32
	for i := range depth {
		zs = zs[:0]
		for _, p := range parts {
			if p.mask[i] {
				zs = append(zs, p.depth(i))
			}
		}
		if len(zs) < len(parts)-spare {
			continue
		}
		slices.Sort(zs)
		mid := zs[len(zs)/2]
		if spare > 0 && len(zs) == len(parts) {
			// One scan in eight may differ: drop the worse end.
			if mid-zs[0] > zs[len(zs)-1]-mid {
				zs = zs[spare:]
			} else {
				zs = zs[:len(zs)-spare]
			}
		}
		if float64(zs[len(zs)-1]-zs[0]) <= 2*still*math.Abs(float64(mid)) {
			depth[i] = mid
		}
	}
	joinedToEdge(depth, w, h)
	any := false
	for _, z := range depth {
		any = any || z != 0
	}
	if !any {
		return
	}
	for _, p := range parts {
		rest := *p
		rest.mask = slices.Clone(p.mask)
		rest.without(depth)
		if float64(rest.points()) < leastPart*float64(p.cloud.CountValid()) {
			return
		}
	}
	f.Surroundings = depth
}

// joinedToEdge clears what does not hang together with the image's edge.
func joinedToEdge(depth []float32, w, h int) {
	seen := make([]bool, len(depth))
	var stack []int
	push := func(x, y int) {
		if i := y*w + x; x >= 0 && y >= 0 && x < w && y < h && depth[i] != 0 && !seen[i] {
			seen[i] = true
			stack = append(stack, i)
		}
	}
	for b := range stillReach {
		for x := range w {
			push(x, b)
			push(x, h-1-b)
		}
		for y := range h {
			push(b, y)
			push(w-1-b, y)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for dy := -stillReach; dy <= stillReach; dy++ {
			for dx := -stillReach; dx <= stillReach; dx++ {
				push(i%w+dx, i/w+dy)
			}
		}
	}
	for i, ok := range seen {
		if !ok {
			depth[i] = 0
		}
	}
}

// isAround reports whether a point at this depth, in metres, is of the surroundings.
func isAround(z float32, around float32) bool {
	return around != 0 && math.Abs(float64(z-around)) <= 2*still*math.Abs(float64(around))
}

// without takes the surroundings away, and pieces that are the rest of walls: those that
// lie wholly along the outline of the surroundings, whose edges a sensor sees a pixel
// further in one scan than in the next; and, but for a piece that is both the largest and
// the thickest, those that lie wholly beside them and touch them along a third of their
// own outline: walls do not stand quite still where the sensor, or the box, is moved
// between scans. Surroundings of another raster are left alone.
func (p *coarsePart) without(around []float32) {
	if len(around) != len(p.mask) {
		return
	}
	p.around = around
	w, h := p.cloud.Width, p.cloud.Height
	p.mask = slices.Clone(p.mask)
	taken := make([]bool, len(p.mask))
	for i, ok := range p.mask {
		taken[i] = ok && isAround(p.depth(i), around[i])
		p.mask[i] = ok && !taken[i]
	}
	// A pixel is at the outline when there are both kinds of pixels around it.
	near := func(x, y int) bool {
		in, out := false, false
		for dy := -stillReach; dy <= stillReach; dy++ {
			for dx := -stillReach; dx <= stillReach; dx++ {
				if x+dx >= 0 && y+dy >= 0 && x+dx < w && y+dy < h {
					wall := around[(y+dy)*w+x+dx] != 0
					in, out = in || wall, out || !wall
				}
			}
		}
		return in && out
	}
	far := distances(taken, w, h)
	pieces := p.pieces()
	outside := make([]bool, len(p.mask))
	for i, ok := range p.mask {
		outside[i] = !ok
	}
	deep := distances(outside, w, h)
	depths, deepest, largest := make([]int, len(pieces)), 0, 0
	for k, piece := range pieces {
		largest = max(largest, len(piece))
		for _, i := range piece {
			depths[k] = max(depths[k], deep[i])
		}
		deepest = max(deepest, depths[k])
	}
	for k, piece := range pieces {
		along, beside := true, depths[k] < deepest || len(piece) < largest
		outline, touching := 0, 0
		for _, i := range piece {
			x, y := i%w, i/w
			along = along && near(x, y)
			beside = beside && far[i] <= wallReach
			if x == 0 || y == 0 || x == w-1 || y == h-1 || !p.mask[i-1] || !p.mask[i+1] || !p.mask[i-w] || !p.mask[i+w] {
				outline++
				if far[i] <= stillReach {
					touching++
				}
			}
		}
		if along || beside && 3*touching >= outline {
			for _, i := range piece {
				p.mask[i] = false
			}
		}
	}
}

// pieces returns the pixels of each piece of the part that hangs together, over corners
// too.
func (p *coarsePart) pieces() [][]int {
	w, h := p.cloud.Width, p.cloud.Height
	seen := make([]bool, len(p.mask))
	var out [][]int
	for start := range p.mask {
		if !p.mask[start] || seen[start] {
			continue
		}
		seen[start] = true
		piece := []int{start}
		for at := 0; at < len(piece); at++ {
			x, y := piece[at]%w, piece[at]/w
			for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
					if j := ny*w + nx; p.mask[j] && !seen[j] {
						seen[j] = true
						piece = append(piece, j)
					}
				}
			}
		}
		out = append(out, piece)
	}
	return out
}

// distances returns how many pixels each is from the nearest one of a set, corners as far
// as sides.
func distances(set []bool, w, h int) []int {
	far := make([]int, len(set))
	for i, ok := range set {
		if !ok {
			far[i] = w + h
		}
	}
	step := func(x, y, dx, dy int) {
		if nx, ny := x+dx, y+dy; nx >= 0 && ny >= 0 && nx < w && ny < h {
			far[y*w+x] = min(far[y*w+x], far[ny*w+nx]+1)
		}
	}
	for i := range far {
		for _, d := range [][2]int{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}} {
			step(i%w, i/w, d[0], d[1])
		}
	}
	for i := len(far) - 1; i >= 0; i-- {
		for _, d := range [][2]int{{1, 0}, {1, 1}, {0, 1}, {-1, 1}} {
			step(i%w, i/w, d[0], d[1])
		}
	}
	return far
}

// resample returns the window's cloud. A point is of the part when it is measured,
// farther from the plane than its own roughness, not of the surroundings, and its
// coarse pixel or one beside it is of the part.
func (p *coarsePart) resample(c *pointcloud.Cloud, v *View, size int) *pointcloud.Cloud {
	out := &pointcloud.Cloud{Width: size, Height: size, Unit: c.Unit, XYZ: make([]float32, 3*size*size), Valid: make([]bool, size*size)}
	w, h := p.cloud.Width, p.cloud.Height
	metres := c.Unit.Metres()
	for y := range size {
		sy := v.source(y, size, v.Y)
		if sy < 0 || sy >= c.Height {
			continue
		}
		cy := sy * h / c.Height
		for x := range size {
			sx := v.source(x, size, v.X)
			if sx < 0 || sx >= c.Width {
				continue
			}
			from, to := sy*c.Width+sx, y*size+x
			if !c.IsValid(from) {
				continue
			}
			copy(out.XYZ[3*to:3*to+3], c.XYZ[3*from:3*from+3])
			cx := sx * w / c.Width
			ok := !p.found || math.Abs(p.plane.Distance(c.At(from))) >= p.removal
			if ok && p.around != nil {
				ok = !isAround(float32(float64(c.XYZ[3*from+2])*metres), p.around[cy*w+cx])
			}
			out.Valid[to] = ok && p.beside(cx, cy)
		}
	}
	return out
}

// beside reports whether a coarse pixel or one of its eight neighbours is of the part.
func (p *coarsePart) beside(cx, cy int) bool {
	w, h := p.cloud.Width, p.cloud.Height
	for y := max(0, cy-1); y <= min(h-1, cy+1); y++ {
		for x := max(0, cx-1); x <= min(w-1, cx+1); x++ {
			if p.mask[y*w+x] {
				return true
			}
		}
	}
	return false
}
