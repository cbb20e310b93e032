// Package rgbd holds Scan, one capture of a part: a colour image and an
// organised cloud of the same raster, with the camera that makes one of a depth
// image; and the descriptors of colour and depth: those computed in Go, and the
// interface of the networks that compute others.
package rgbd

import (
	"errors"
	"fmt"
	"image"

	"github.com/iad3d/iad3d/pointcloud"
)

// Scan is one capture. Cloud is never nil; Colour is nil when the sensor gave
// none, else it has the cloud's width and height. A scan is loose when its cloud
// is not organised: then there is neither Colour nor Intrinsics.
type Scan struct {
	Name   string // short, unique in its set: "bent/003"
	Source string // the file it came from, for messages; empty when made in memory
	Cloud  *pointcloud.Cloud
	Colour *image.NRGBA
	// Intrinsics is the camera whose pixels the cloud has, nil when it is not
	// known.
	Intrinsics *Intrinsics
}

// ErrScan is wrapped by every error that says a scan cannot be used.
var ErrScan = errors.New("unusable scan")

// CheckRaster is [Scan.Check] for what needs an organised cloud: a loose scan is
// an error, too.
func (s *Scan) CheckRaster() error {
	if err := s.Check(); err != nil {
		return err
	}
	if !s.Cloud.Organised() {
		return fmt.Errorf("%w: %s: cloud of %d points is not organised (it has no raster)", ErrScan, s.Label(), s.Cloud.Len())
	}
	return nil
}

// Check returns an error wrapping ErrScan when the cloud is missing or
// inconsistent, or the colour image or the camera has another size.
func (s *Scan) Check() error {
	if s.Cloud == nil {
		return fmt.Errorf("%w: %s: no cloud", ErrScan, s.Label())
	}
	if err := s.Cloud.Check(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrScan, s.Label(), err)
	}
	if !s.Cloud.Organised() && (s.Colour != nil || s.Intrinsics != nil) {
		return fmt.Errorf("%w: %s: a colour image or camera, but the cloud of %d points is not organised (it has no raster)", ErrScan, s.Label(), s.Cloud.Len())
	}
	if s.Colour != nil {
		if b := s.Colour.Bounds(); b.Dx() != s.Cloud.Width || b.Dy() != s.Cloud.Height {
			return fmt.Errorf("%w: %s: colour image is %d×%d, cloud is %d×%d",
				ErrScan, s.Label(), b.Dx(), b.Dy(), s.Cloud.Width, s.Cloud.Height)
		}
	}
	if k := s.Intrinsics; k != nil {
		if err := k.Check(); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrScan, s.Label(), err)
		}
		if err := k.Fits(s.Cloud.Width, s.Cloud.Height); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrScan, s.Label(), err)
		}
	}
	return nil
}

// Label names the scan in messages: its source, else its name.
func (s *Scan) Label() string {
	switch {
	case s.Source != "":
		return s.Source
	case s.Name != "":
		return s.Name
	}
	return "scan"
}
