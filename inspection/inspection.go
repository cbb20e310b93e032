// Package inspection makes a verdict of a score: pass, fail or invalid capture,
// and where on the part, in millimetres.
package inspection

import (
	"context"
	"fmt"
	"strings"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/rgbd"
)

// Verdict is what an inspection station does with a part.
type Verdict string

const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Invalid Verdict = "invalid" // the capture cannot be trusted: take another
	// Unjudged is the verdict where there is no threshold.
	Unjudged Verdict = ""
)

// Options steer [Judge]. The zero value judges by nothing.
type Options struct {
	// Thresholds decide; see [iad3d.Detector.Thresholds] for a model's own. Nil or
	// zero: none. With Pixel regions are sought: where the map is above it or, of a scan
	// that is above Scan while no pixel is above the Pixel of Detector itself, above Scan.
	Thresholds *iad3d.Thresholds
	// MinArea is the tolerance in mm²: smaller regions do not count.
	MinArea float64
	// WholeSurface takes everything measured for the part. Otherwise the plane that
	// the part lies on, where there is one, does not count when the height of regions
	// is measured.
	WholeSurface bool
	// Detector has captures of sound parts that abnormal scans are measured against,
	// see [iad3d.Detector.LaySound], and thresholds. Nil: regions follow the score map.
	Detector *iad3d.Detector
	Workers  int // ≤ 0: GOMAXPROCS; results do not depend on it
}

// Inspection is the outcome for one scan.
type Inspection struct {
	Result  *iad3d.Result
	Verdict Verdict
	Why     string // a sentence for people, without a full stop; empty for Unjudged
	// Thresholds and MinArea are those that were applied.
	Thresholds iad3d.Thresholds
	MinArea    float64
	// Found has the regions and, of each pixel, region and deviation. Nil without a
	// pixel threshold and for loose scans.
	Found *regions.Found
}

// Regions returns the regions that count; nil for none.
func (n *Inspection) Regions() []regions.Region {
	if n.Found == nil {
		return nil
	}
	return n.Found.Regions
}

// Inspect scores a scan and judges it, by the model's own thresholds where the
// options have none.
func Inspect(ctx context.Context, d *iad3d.Detector, s *rgbd.Scan, o Options) (*Inspection, error) {
	r, err := d.Score(ctx, s)
	if err != nil {
		return nil, err
	}
	if o.Thresholds == nil {
		o.Thresholds = d.Thresholds()
	}
	if o.Detector == nil {
		o.Detector = d
	}
	o.WholeSurface = o.WholeSurface || d.Config().KeepPlane
	return Judge(ctx, s, r, o)
}

// Judge makes a verdict of a result of scan s.
//
// An invalid capture is Invalid whatever its score. With a scan threshold a scan
// fails when its score is above it and, where there are a pixel threshold and a
// tolerance too, at least one region is as large as that. With a pixel threshold
// alone it fails when there is such a region. Without thresholds a valid capture is
// Unjudged. Thresholds that are no scores give an error wrapping
// [iad3d.ErrConfig].
func Judge(ctx context.Context, s *rgbd.Scan, r *iad3d.Result, o Options) (*Inspection, error) {
	n := &Inspection{Result: r, MinArea: o.MinArea}
	if o.Thresholds != nil {
		if err := o.Thresholds.Check(); err != nil {
			return nil, err
		}
		n.Thresholds = *o.Thresholds
	}
	if !(o.MinArea >= 0) || o.MinArea-o.MinArea != 0 {
		return nil, fmt.Errorf("%w: least area %v mm²", iad3d.ErrConfig, o.MinArea)
	}
	if n.Thresholds.Pixel > 0 && r.Map != nil {
		if err := n.seek(ctx, s, o); err != nil {
			return nil, err
		}
	}
	n.decide()
	return n, nil
}

// seek finds the regions.
func (n *Inspection) seek(ctx context.Context, s *rgbd.Scan, o Options) error {
	ro := regions.Options{Threshold: n.level(o.Detector), MinArea: o.MinArea}
	for _, p := range n.Result.Parts {
		ro.Parts = append(ro.Parts, regions.Part{Name: p.Name, Map: p.Map})
	}
	if !o.WholeSurface && float64(n.Result.Peak.Value) > ro.Threshold {
		f, err := pointcloud.FindForeground(ctx, s.Cloud, pointcloud.ForegroundOptions{Workers: o.Workers})
		if err != nil {
			return fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), err)
		}
		ro.Surface = f.Part
	}
	if o.Detector != nil && float64(n.Result.Peak.Value) > ro.Threshold {
		sounds, err := o.Detector.LaySound(ctx, s)
		if err != nil {
			return err
		}
		for _, c := range sounds {
			ro.Sound = append(ro.Sound, regions.Sound(c))
		}
		ro.Colour = s.Colour
	}
	var err error
	if n.Found, err = regions.Find(ctx, n.Result.Map, s.Cloud, ro); err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), err)
	}
	return err
}

// level returns the score above which pixels belong to regions: the pixel threshold; of
// a scan that is above the scan threshold, but no pixel of it above the pixel threshold
// of the model itself, the scan threshold, which its highest pixels are above. It would
// otherwise fail and nobody knew where, or be tolerated for want of a region.
func (n *Inspection) level(d *iad3d.Detector) float64 {
	t := n.Thresholds
	if d == nil || t.Scan == 0 || !(n.Result.Score > t.Scan) || float64(n.Result.Peak.Value) > t.Pixel {
		return t.Pixel
	}
	if own := d.Thresholds(); own == nil || own.Pixel != t.Pixel {
		return t.Pixel
	}
	return min(t.Scan, t.Pixel)
}

func (n *Inspection) decide() {
	score, t := n.Result.Score, n.Thresholds
	tolerated := func(format string, args ...any) {
		n.Verdict, n.Why = Pass, fmt.Sprintf(format, args...)
	}
	switch {
	case len(n.Result.Invalid) > 0:
		var reasons []string
		for _, r := range n.Result.Invalid {
			reasons = append(reasons, r.String())
		}
		n.Verdict, n.Why = Invalid, strings.Join(reasons, "; ")
	case t.Scan > 0 && !(score > t.Scan):
		tolerated("score %.4g, the threshold is %.4g", score, t.Scan)
	case t.Scan > 0 && n.Found != nil && n.MinArea > 0 && len(n.Found.Regions) == 0:
		tolerated("score %.4g is above the threshold of %.4g, but no region has %.3g mm²", score, t.Scan, n.MinArea)
	case t.Scan > 0:
		n.Verdict, n.Why = Fail, fmt.Sprintf("score %.4g is above the threshold of %.4g", score, t.Scan)
	case n.Found == nil:
	case len(n.Found.Regions) > 0:
		n.Verdict, n.Why = Fail, fmt.Sprintf("%s above the pixel threshold of %.4g", regionCount(len(n.Found.Regions)), t.Pixel)
	case n.Found.Ignored > 0:
		tolerated("only regions smaller than %.3g mm² are above the pixel threshold of %.4g", n.MinArea, t.Pixel)
	default:
		tolerated("no pixel is above the threshold of %.4g", t.Pixel)
	}
}

func regionCount(n int) string {
	if n == 1 {
		return "1 region is"
	}
	return fmt.Sprintf("%d regions are", n)
}
