package metrics

import (
	"fmt"
	"math"
)

// Saturation says how much of a defect region has to be found before it counts
// as found wholly: the saturation of the sPRO curve (Bergmann et al., "Beyond
// Dents and Scratches: Logical Constraints in Unsupervised Anomaly Detection and
// Localization", IJCV 2022, section 5). At most one field is set; the zero value
// asks for the whole region, which makes sPRO the PRO.
type Saturation struct {
	Pixels float64 // so many pixels, above 0
	Share  float64 // this share of the region's pixels, above 0 and at most 1, truncated to whole pixels as in MVTec LOCO
	Area   float64 // so much surface, above 0, in the unit of Image.PixelArea
}

func (s Saturation) check() error {
	set := 0
	for _, v := range []float64{s.Pixels, s.Share, s.Area} {
		switch {
		case v < 0 || v-v != 0:
			return fmt.Errorf("%w: saturation %+v", ErrOption, s)
		case v > 0:
			set++
		}
	}
	if set > 1 || s.Share > 1 {
		return fmt.Errorf("%w: saturation %+v", ErrOption, s)
	}
	return nil
}

// String describes the saturation, as conventions print it.
func (s Saturation) String() string {
	switch {
	case s.Pixels > 0:
		return fmt.Sprintf("%v pixels", s.Pixels)
	case s.Share > 0:
		return fmt.Sprintf("%v of the region", s.Share)
	case s.Area > 0:
		return fmt.Sprintf("area %v", s.Area)
	}
	return "the region"
}

// of returns the saturation of a region in pixels: from 1 to its size. The mean
// surface of the region's measured pixels is area.
func (s Saturation) of(size int, area float64) (float64, error) {
	n := float64(size)
	switch {
	case s.Pixels > 0:
		n = s.Pixels
	case s.Share > 0:
		n = math.Trunc(s.Share * n)
	case s.Area > 0:
		if !(area > 0) {
			return 0, fmt.Errorf("%w: none of the %d pixels of a region has a surface", ErrSaturation, size)
		}
		n = s.Area / area
	}
	return min(max(n, 1), float64(size)), nil
}

// LOCOSaturation returns the saturation in pixels of a defect of MVTec LOCO that
// has the given area: relative to it, truncated, or absolute and at most it. A
// result of 0, with which the official script goes on to NaN, is an
// [ErrSaturation]; a threshold out of range is an [ErrOption].
func LOCOSaturation(threshold float64, relative bool, area int) (float64, error) {
	if !(threshold > 0) || relative && threshold > 1 || math.IsInf(threshold, 0) {
		return 0, fmt.Errorf("metrics: %w: saturation threshold %v", ErrOption, threshold)
	}
	n := min(threshold, float64(area))
	if relative {
		n = math.Trunc(threshold * float64(area))
	}
	if n < 1 {
		return 0, fmt.Errorf("metrics: %w: threshold %v of a defect of %d pixels", ErrSaturation, threshold, area)
	}
	return n, nil
}
