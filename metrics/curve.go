package metrics

import (
	"fmt"
	"math"
	"sort"
)

// OfficialLimit is the false-positive rate up to which MVTec's script and most
// papers integrate the PRO curve.
const OfficialLimit = 0.3

// Limits returns the false-positive rates up to which the field integrates PRO
// and sPRO curves: 0.3, 0.1, 0.05 and 0.01.
func Limits() []float64 { return []float64{OfficialLimit, 0.1, 0.05, 0.01} }

// Axis is what a coordinate of a curve measures.
type Axis string

const (
	AxisFPR       Axis = "false-positive rate"
	AxisTPR       Axis = "true-positive rate"
	AxisPRO       Axis = "per-region overlap"
	AxisSPRO      Axis = "saturated per-region overlap"
	AxisRecall    Axis = "recall"
	AxisPrecision Axis = "precision"
)

// Curve is a curve with straight lines between its points (X[i], Y[i]), X not
// descending. All but precision-recall curves are over the false-positive rate,
// do not descend in Y either and end at (1, 1). Equal X in a row are a vertical
// step.
type Curve struct {
	X, Y         []float64 // in [0, 1]
	XAxis, YAxis Axis
	// Threshold belongs to each point: of a ROC or precision-recall curve a score
	// not below it counts as defect, of a curve by [Pixels.PROCurveAt] a score above
	// it. Nil for the other curves.
	Threshold  []float64
	Regions    int // defect regions averaged over; 0 where there are none
	OKPixels   int // sound samples behind the false-positive rate
	Convention Convention
}

// Area is a normalised area under a curve.
type Area struct {
	Value      float64 // in [0, 1]: the area up to Limit divided by Limit
	Limit      float64
	Convention Convention
}

// Figure returns the area without its limit, which the convention names.
func (a Area) Figure() Figure { return Figure{a.Value, a.Convention} }

// Area returns the area up to the false-positive rate limit, 0 < limit ≤ 1,
// divided by limit: trapezoids, the last one cut at the limit by linear
// interpolation where no point of the curve lies there, as in MVTec's scripts.
// A limit outside that range, or a precision-recall curve, is an [ErrOption].
func (c *Curve) Area(limit float64) (Area, error) {
	if c.XAxis != AxisFPR {
		return Area{}, fmt.Errorf("metrics: %w: area over %s", ErrOption, c.XAxis)
	}
	if err := checkLimit(limit); err != nil {
		return Area{}, err
	}
	a, err := areaUpTo(c.X, c.Y, limit)
	if err != nil {
		return Area{}, err
	}
	return c.area(a, limit), nil
}

func checkLimit(limit float64) error {
	if !(limit > 0 && limit <= 1) {
		return fmt.Errorf("metrics: %w: limit %v, want 0 < limit ≤ 1", ErrOption, limit)
	}
	return nil
}

// area normalises an area up to a limit.
func (c *Curve) area(a, limit float64) Area {
	return Area{
		Value:      min(a/limit, 1), // a sum of roundings may end just above
		Limit:      limit,
		Convention: Convention(fmt.Sprintf("AU-%s, limit %v", c.Convention, limit)),
	}
}

// areaUpTo integrates y over x, ascending, from x[0] to limit.
func areaUpTo(x, y []float64, limit float64) (float64, error) {
	n := sort.Search(len(x), func(i int) bool { return x[i] > limit })
	if n == 0 || n == len(x) && x[n-1] < limit {
		return 0, fmt.Errorf("metrics: %w: limit %v lies outside the curve", ErrOption, limit)
	}
	area := 0.0
	for i := 1; i < n; i++ {
		// Conversions of products forbid a fused multiply-add, which would make
		// the last bit depend on the machine.
		area += float64(0.5 * (y[i] + y[i-1]) * (x[i] - x[i-1]))
	}
	if d := limit - x[n-1]; d > 0 {
		end := y[n-1] + float64((y[n]-y[n-1])*d)/(x[n]-x[n-1])
		area += float64(0.5 * (y[n-1] + end) * d)
	}
	return area, nil
}

// Thin returns the curve with few points, for drawing and tables: of points
// closer together than step in both directions only the first remains, and the
// last point of the curve. Areas are to be taken of the curve itself.
func (c *Curve) Thin(step float64) *Curve {
	t := *c
	t.X, t.Y, t.Threshold = nil, nil, nil
	for i := range c.X {
		n := len(t.X)
		if n > 0 && i < len(c.X)-1 && math.Abs(c.X[i]-t.X[n-1]) < step && math.Abs(c.Y[i]-t.Y[n-1]) < step {
			continue
		}
		t.X, t.Y = append(t.X, c.X[i]), append(t.Y, c.Y[i])
		if c.Threshold != nil {
			t.Threshold = append(t.Threshold, c.Threshold[i])
		}
	}
	return &t
}

// polyline passes the points of a curve on, without those inside a straight
// horizontal or vertical stretch.
type polyline struct {
	emit   func(x, y float64)
	n      int // points so far, 2 standing for more
	x, y   float64
	px, py float64 // the point before
}

// add takes a point. One that goes on along the horizontal or vertical line of
// the last two moves the last one.
func (l *polyline) add(x, y float64) {
	onX := l.n > 0 && l.x == x && (l.y == y || l.n > 1 && l.px == x)
	onY := l.n > 1 && l.y == y && l.py == y
	if !onX && !onY {
		if l.n > 0 {
			l.emit(l.x, l.y)
		}
		l.px, l.py = l.x, l.y
		l.n = min(l.n+1, 2)
	}
	l.x, l.y = x, y
}

// end passes the last point on.
func (l *polyline) end() { l.emit(l.x, l.y) }

// partialAreas integrates a curve that is not kept, to the bit as [Curve.Area]
// does.
type partialAreas struct {
	limits []float64
	areas  []float64
	begun  bool
	x, y   float64
}

func (a *partialAreas) add(x, y float64) {
	for i, limit := range a.limits {
		switch {
		case !a.begun || a.x > limit:
		case x <= limit:
			a.areas[i] += float64(0.5 * (y + a.y) * (x - a.x))
		default:
			if d := limit - a.x; d > 0 {
				end := a.y + float64((y-a.y)*d)/(x-a.x)
				a.areas[i] += float64(0.5 * (a.y + end) * d)
			}
		}
	}
	a.begun, a.x, a.y = true, x, y
}
