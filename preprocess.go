package iad3d

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// btfPad is the step of the square that BTF pads preprocessed scans to.
const btfPad = 100

// maxPad keeps a mistyped step from filling the memory with border.
const maxPad = 10_000

// PreprocessOptions steers Preprocess. The zero value removes the background
// and leaves the raster as it is.
type PreprocessOptions struct {
	// BTF repeats utils/preprocessing.py of BTF pixel for pixel, oddities included
	// (see [pointcloud.CleanOptions]), and pads as it does: what scans must have
	// gone through before a fit with ProtocolBTF to compare with published figures.
	BTF bool
	// Pad is the step of the square that the raster is padded to: its side is the
	// longer side of the scan rounded up to a multiple of Pad. 0: 100 with BTF,
	// else no padding.
	Pad     int
	Seed    uint64 // of the plane search
	Workers int    // goroutines; ≤ 0: GOMAXPROCS. Results do not depend on it
}

// Preprocessed is a scan without its background.
type Preprocessed struct {
	// Scan shares nothing with the scan it was made from and has its name and
	// source. What was removed is missing from the cloud and black in the colour
	// image, as is what padding added.
	Scan    *rgbd.Scan
	Removed int // points taken away
	Kept    int // points left

	from image.Point // size of the original raster
	at   image.Point // of its left upper corner in the new one
}

// Preprocess removes the plane that a part lies on and everything else that is
// not the part: see [pointcloud.Clean]. A scan in which there is no such plane,
// or nothing but it, gives an error wrapping [rgbd.ErrScan]. The scan given is
// not changed.
func Preprocess(ctx context.Context, s *rgbd.Scan, o PreprocessOptions) (*Preprocessed, error) {
	if err := s.CheckRaster(); err != nil {
		return nil, err
	}
	if o.Pad == 0 && o.BTF {
		o.Pad = btfPad
	}
	if o.Pad < 0 || o.Pad > maxPad {
		return nil, fmt.Errorf("%w: padding to a multiple of %d pixels", ErrConfig, o.Pad)
	}
	c := s.Cloud
	r, err := pointcloud.Clean(ctx, c, pointcloud.CleanOptions{
		Compatible: o.BTF,
		Plane:      pointcloud.PlaneOptions{Seed: o.Seed, Workers: o.Workers},
	})
	if err != nil {
		return nil, unusable(s, err)
	}
	p := &Preprocessed{
		Scan:    &rgbd.Scan{Name: s.Name, Source: s.Source, Cloud: r.Cloud},
		Removed: r.NearPlane + r.Discarded,
		Kept:    r.Kept,
		from:    image.Pt(c.Width, c.Height),
	}
	if o.Pad > 0 {
		if p.Scan.Cloud, err = r.Cloud.PadSquare(o.Pad); err != nil {
			return nil, unusable(s, err)
		}
		_, p.at.X, p.at.Y = pointcloud.SquarePadding(c.Width, c.Height, o.Pad)
	}
	if s.Colour != nil {
		p.Scan.Colour = p.colour(s.Colour, r.Removed)
	}
	return p, nil
}

// unusable wraps what the geometry of a scan makes impossible.
func unusable(s *rgbd.Scan, err error) error {
	for _, cause := range []error{pointcloud.ErrFewPoints, pointcloud.ErrNoPlane, pointcloud.ErrNoPart, pointcloud.ErrShape} {
		if errors.Is(err, cause) {
			return fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), err)
		}
	}
	return err
}

// colour returns the image in the new raster, black where points were removed.
func (p *Preprocessed) colour(from *image.NRGBA, removed []bool) *image.NRGBA {
	to := image.NewNRGBA(image.Rect(0, 0, p.Scan.Cloud.Width, p.Scan.Cloud.Height))
	for i := 3; i < len(to.Pix); i += 4 {
		to.Pix[i] = 255
	}
	for y := range p.from.Y {
		for x := range p.from.X {
			if !removed[y*p.from.X+x] {
				i, j := from.PixOffset(from.Rect.Min.X+x, from.Rect.Min.Y+y), to.PixOffset(p.at.X+x, p.at.Y+y)
				copy(to.Pix[j:j+4], from.Pix[i:i+4])
			}
		}
	}
	return to
}

// Truth returns the ground truth of the original scan in the raster of the
// preprocessed one, with 0 where padding was added; nil for nil. It panics when
// truth has another size than the original scan.
func (p *Preprocessed) Truth(truth *image.Gray) *image.Gray {
	if truth == nil {
		return nil
	}
	if truth.Rect.Size() != p.from {
		panic(fmt.Sprintf("iad3d: ground truth of %v for a scan of %v pixels", truth.Rect.Size(), p.from))
	}
	to := image.NewGray(image.Rect(0, 0, p.Scan.Cloud.Width, p.Scan.Cloud.Height))
	for y := range p.from.Y {
		i := truth.PixOffset(truth.Rect.Min.X, truth.Rect.Min.Y+y)
		copy(to.Pix[to.PixOffset(p.at.X, p.at.Y+y):], truth.Pix[i:i+p.from.X])
	}
	return to
}
