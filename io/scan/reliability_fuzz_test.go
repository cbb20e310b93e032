package scan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/malformed"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// FuzzRead: whatever is in a file, Read gives a sound scan or an *Error that names
// it, within the bounds of memory. Small rasters keep the colours away.
func FuzzRead(f *testing.F) {
	for _, s := range malformed.SoundFiles() {
		f.Add(s.Data)
	}
	for i, s := range malformed.Files() {
		if i%10 == 0 && len(s.Data) < 2000 {
			f.Add(s.Data)
		}
	}
	path := filepath.Join(f.TempDir(), "scan.dat")
	camera := &rgbd.Camera{Intrinsics: rgbd.Intrinsics{Width: 4, Height: 3, Fx: 4, Fy: 4, Cx: 1.5, Cy: 1}}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{{}, {Camera: camera}} {
			var s *rgbd.Scan
			var err error
			used := pointstest.Allocated(func() { s, err = Read(path, o) })
			if err != nil {
				if e, ok := errors.AsType[*Error](err); !ok || e.Path != path || !strings.HasPrefix(err.Error(), path+": ") {
					t.Fatalf("error %v of type %T", err, err)
				}
				if used > pointstest.Bound(len(b)) {
					t.Fatalf("%d bytes allocated for a file of %d: %v", used, len(b), err)
				}
				continue
			}
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			if most := pointstest.Bound(len(b)) + 4*decoded(s.Cloud); used > most {
				t.Fatalf("%d bytes allocated for %d points, of a file of %d", used, s.Cloud.Len(), len(b))
			}
		}
	})
}

// decoded returns the bytes of a cloud, its colours as an image among them.
func decoded(c *pointcloud.Cloud) uint64 {
	n := 4*len(c.XYZ) + 8*len(c.Normals) + len(c.RGB) + len(c.Valid) + 4*c.Len()
	for _, f := range c.Fields {
		n += 4 * len(f.Values)
	}
	return uint64(n)
}
