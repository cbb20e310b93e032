package rgbd

import (
	"testing"

	"github.com/iad3d/iad3d/grid"
)

func TestRawPatchesDropsTheRest(t *testing.T) {
	z := grid.New(9, 17, 1)
	for i := range z.Data {
		z.Data[i] = float32(i)
	}
	m, err := RawPatches(z)
	if err != nil {
		t.Fatal(err)
	}
	if m.H != 1 || m.W != 2 || m.At(0, 1, 0) != 64 || m.At(0, 1, 63) != 127 {
		t.Errorf("%d×%d patches, the second from %v to %v", m.H, m.W, m.At(0, 1, 0), m.At(0, 1, 63))
	}
	if m.Data[0] = 5; z.Data[0] != 0 {
		t.Error("the patches alias the depth image")
	}
}
