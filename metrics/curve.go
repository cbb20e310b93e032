package metrics

import (
	"fmt"
	"sort"
)

// OfficialLimit is the false-positive rate up to which MVTec's script and most
// papers integrate the PRO curve.
const OfficialLimit = 0.3

// Curve is a PRO curve: PRO[i] over FPR[i], both in [0, 1], neither descending,
// ending at (1, 1), with straight lines between the points. Equal FPRs in a row
// are a vertical step.
type Curve struct {
	FPR, PRO   []float64
	Regions    int // defect regions averaged over
	OKPixels   int // sound pixels behind the false-positive rate
	Convention Convention
}

// Area is a normalised area under a curve.
type Area struct {
	Value      float64 // in [0, 1]: the area up to Limit divided by Limit
	Limit      float64
	Convention Convention
}

// Area returns the area up to the false-positive rate limit, 0 < limit ≤ 1,
// divided by limit: trapezoids, the last one cut at the limit by linear
// interpolation where no point of the curve lies there, as in MVTec's script.
// A limit outside that range is an [ErrOption].
func (c *Curve) Area(limit float64) (Area, error) {
	if !(limit > 0 && limit <= 1) {
		return Area{}, fmt.Errorf("metrics: %w: limit %v, want 0 < limit ≤ 1", ErrOption, limit)
	}
	a, err := areaUpTo(c.FPR, c.PRO, limit)
	if err != nil {
		return Area{}, err
	}
	return Area{
		Value:      min(a/limit, 1), // a sum of roundings may end just above
		Limit:      limit,
		Convention: Convention(fmt.Sprintf("AU-%s, limit %v", c.Convention, limit)),
	}, nil
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

// vertex appends a point, moving the last one instead where it lies on the
// horizontal or vertical line to the new.
func (c *Curve) vertex(x, y float64) {
	n := len(c.FPR)
	onX := n > 0 && c.FPR[n-1] == x && (c.PRO[n-1] == y || n > 1 && c.FPR[n-2] == x)
	onY := n > 1 && c.PRO[n-1] == y && c.PRO[n-2] == y
	if onX || onY {
		c.FPR[n-1], c.PRO[n-1] = x, y
		return
	}
	c.FPR, c.PRO = append(c.FPR, x), append(c.PRO, y)
}
