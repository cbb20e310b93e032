package align

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/pointcloud"
)

// foreground returns the part in a scan as loose points.
func foreground(t *testing.T, c *pointcloud.Cloud) *pointcloud.Cloud {
	t.Helper()
	f, err := pointcloud.FindForeground(t.Context(), c, pointcloud.ForegroundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var idx []int32
	for i, on := range f.Part {
		if on {
			idx = append(idx, int32(i))
		}
	}
	return c.Select(idx)
}

// TestRealScans aligns scans of MVTec 3D-AD's cable_gland. What is right is not
// known; but the pose found must not depend on the pose that the cloud is in. The
// reference is one view of a part that lies on its side, so that two scans of
// sound parts share half to three quarters of what they show.
func TestRealScans(t *testing.T) {
	set, err := dataset.OpenMVTec3D(golden.Shared(t, "data/mvtec3d"), "cable_gland")
	if err != nil {
		t.Fatal(err)
	}
	load := func(split dataset.Split, name string) *pointcloud.Cloud {
		items := set.Items(split)
		l, err := set.Load(items[slices.IndexFunc(items, func(it dataset.Item) bool { return it.Name == name })])
		if err != nil {
			t.Fatal(err)
		}
		return foreground(t, l.Cloud)
	}
	ref, err := NewReference(t.Context(), load(dataset.Train, "good/000"), Options{MinOverlap: 0.4, MaxRMS: 0.2e-3})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	names := []string{"cut/004", "good/000", "bent/002"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		c := load(dataset.Test, name)
		f, err := ref.Align(t.Context(), c)
		if err != nil {
			t.Fatal(name, err)
		}
		g := randomPose(r, 0.2)
		h, err := ref.Align(t.Context(), c.Moved(g))
		if err != nil {
			t.Fatal(name, err)
		}
		apart := h.Pose.After(g).After(f.Pose.Inverse()).Angle().Degrees()
		t.Logf("%s: turned by %.1f°, overlap %.3f, residual %.3f mm, rival %.2f; from another pose %.3f° apart",
			name, f.Pose.Angle().Degrees(), f.Overlap, 1000*f.RMS, f.Rival, apart)
		if apart > rightAngle {
			t.Errorf("%s: two poses of the same cloud end %g° apart", name, apart)
		}
	}
}
