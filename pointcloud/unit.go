package pointcloud

import (
	"fmt"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/order"
)

// Guess is what the numbers of a cloud say about its unit.
type Guess struct {
	Unit Unit
	// Sure is false when the numbers would make sense in either unit, or in
	// neither; Unit is then the likelier one, metres when nothing tells.
	Sure   bool
	Reason string // a sentence for people, without a full stop
}

const (
	// Between these diagonals, in the cloud's numbers, a cloud may be a room in
	// metres, a small screw in millimetres or a part in inches; below likely it is
	// rather the room.
	mostMetres  = 3.0
	likely      = 8.0
	leastMillis = 20.0
	// A diagonal below 1 mm if metres, or above 20 m if millimetres, is neither.
	leastMetres = 1e-3
	mostMillis  = 20_000.0
	// guessSample is the most points GuessUnit looks at, guessTrim the share of
	// them it leaves out at either end of an axis.
	guessSample = 20_000
	guessTrim   = 0.02
)

// GuessUnit guesses from its extent whether a cloud's coordinates are metres or
// millimetres; c.Unit is not looked at. Scans of parts, from a pill to a car, have
// diagonals of some millimetres to some metres: in metres the number is below 3,
// in millimetres above 20. In between, and where either answer would be absurd,
// the guess is not sure. Inches and centimetres are not known to it.
//
// A unit that a file or user declares is always to be preferred; a guess that is
// not sure, or contradicts the declaration, is worth a warning. Outliers do not
// matter: the first and last 50th of each axis is left out.
func GuessUnit(c *Cloud) Guess {
	d := trimmedDiagonal(c)
	switch {
	case !(d > 0):
		return Guess{Metre, false, "there is no extent to tell the unit from"}
	case d < leastMetres:
		return Guess{Metre, false, fmt.Sprintf("an extent of %.3g is tiny even in metres", d)}
	case d <= mostMetres:
		return Guess{Metre, true, fmt.Sprintf("an extent of %.3g suits metres: as millimetres it would be a speck", d)}
	case d < likely:
		return Guess{Metre, false, fmt.Sprintf("an extent of %.3g may be metres or millimetres", d)}
	case d < leastMillis:
		return Guess{Millimetre, false, fmt.Sprintf("an extent of %.3g may be metres or millimetres", d)}
	case d <= mostMillis:
		return Guess{Millimetre, true, fmt.Sprintf("an extent of %.4g suits millimetres: as metres it would be a building", d)}
	}
	return Guess{Millimetre, false, fmt.Sprintf("an extent of %.3g is large even in millimetres", d)}
}

// trimmedDiagonal returns the diagonal of the box that holds nearly all points.
func trimmedDiagonal(c *Cloud) float64 {
	idx := c.ValidIndices()
	n := min(len(idx), guessSample)
	if n == 0 {
		return 0
	}
	var axes [3][]float64
	for k := range axes {
		axes[k] = make([]float64, n)
	}
	for j := range n {
		p := c.At(int(idx[int(int64(j)*int64(len(idx))/int64(n))]))
		axes[0][j], axes[1][j], axes[2][j] = p.X, p.Y, p.Z
	}
	var side [3]float64
	cut := int(guessTrim * float64(n))
	for k := range side {
		side[k] = order.Nth(axes[k], n-1-cut) - order.Nth(axes[k], cut)
	}
	d := r3.Vector{X: side[0], Y: side[1], Z: side[2]}.Norm()
	if math.IsInf(d, 0) {
		return math.MaxFloat64
	}
	return d
}
