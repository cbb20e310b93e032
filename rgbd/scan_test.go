package rgbd

import (
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/pointcloud"
)

func TestCheck(t *testing.T) {
	cloud := func() *pointcloud.Cloud {
		return &pointcloud.Cloud{Width: 2, Height: 1, XYZ: []float32{1, 2, 3, 4, 5, 6}}
	}
	if err := (&Scan{Cloud: cloud(), Colour: image.NewNRGBA(image.Rect(5, 5, 7, 6))}).Check(); err != nil {
		t.Errorf("a sound scan is refused: %v", err)
	}
	loose, short, nan := cloud(), cloud(), cloud()
	loose.Width, loose.Height = 0, 0
	short.Valid = []bool{true}
	nan.XYZ[0] = float32(math.NaN())
	for name, s := range map[string]*Scan{
		"no cloud":     {Source: "a.tiff"},
		"loose colour": {Source: "a.tiff", Cloud: loose, Colour: image.NewNRGBA(image.Rect(0, 0, 2, 1))},
		"inconsistent": {Source: "a.tiff", Cloud: short},
		"not finite":   {Source: "a.tiff", Cloud: nan},
		"colour size":  {Source: "a.tiff", Cloud: cloud(), Colour: image.NewNRGBA(image.Rect(0, 0, 1, 2))},
	} {
		if err := s.Check(); !errors.Is(err, ErrScan) || !strings.Contains(err.Error(), "a.tiff") {
			t.Errorf("%s: error %v, want one naming the source and wrapping %v", name, err, ErrScan)
		}
	}
}

func TestLabel(t *testing.T) {
	for want, s := range map[string]*Scan{"f": {Source: "f", Name: "n"}, "n": {Name: "n"}, "scan": {}} {
		if got := s.Label(); got != want {
			t.Errorf("label %q, want %q", got, want)
		}
	}
	if (&Labelled{Defect: Good}).Anomalous() || !(&Labelled{Defect: "bent"}).Anomalous() {
		t.Error("a good scan is anomalous or a bent one is not")
	}
}
