package align

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// mesh is a surface of triangles.
type mesh struct {
	at    []r3.Vector
	faces [][3]int
}

// bunny reads the Stanford bunny (1,889 vertices, 3,851 triangles, metres).
func bunny(t testing.TB) *mesh {
	f, err := os.Open(golden.Shared(t, "data/scans/opencv_contrib/bunny.ply"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := &mesh{}
	s := bufio.NewScanner(f)
	vertices, faces := 0, 0
	for s.Scan() && s.Text() != "end_header" {
		fmt.Sscanf(s.Text(), "element vertex %d", &vertices)
		fmt.Sscanf(s.Text(), "element face %d", &faces)
	}
	for range vertices {
		var p r3.Vector
		s.Scan()
		if _, err := fmt.Sscan(s.Text(), &p.X, &p.Y, &p.Z); err != nil {
			t.Fatal(err)
		}
		m.at = append(m.at, p)
	}
	for range faces {
		var n int
		var v [3]int
		s.Scan()
		if _, err := fmt.Sscan(s.Text(), &n, &v[0], &v[1], &v[2]); err != nil || n != 3 {
			t.Fatal(n, err)
		}
		m.faces = append(m.faces, v)
	}
	return m
}

// sample draws n points of the surface, evenly by area.
func (m *mesh) sample(n int, r *rand.Rand) *pointcloud.Cloud {
	sums := make([]float64, len(m.faces))
	total := 0.0
	for i, f := range m.faces {
		total += m.at[f[1]].Sub(m.at[f[0]]).Cross(m.at[f[2]].Sub(m.at[f[0]])).Norm()
		sums[i] = total
	}
	c := &pointcloud.Cloud{}
	for range n {
		i, _ := slices.BinarySearch(sums, total*r.Float64())
		f := m.faces[min(i, len(m.faces)-1)]
		u, v := r.Float64(), r.Float64()
		if u+v > 1 {
			u, v = 1-u, 1-v
		}
		a := m.at[f[0]]
		p := a.Add(m.at[f[1]].Sub(a).Mul(u)).Add(m.at[f[2]].Sub(a).Mul(v))
		c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
	}
	return c
}

// randomPose draws a rotation evenly from all and a translation of about size.
func randomPose(r *rand.Rand, size float64) pointcloud.Rigid {
	return pointcloud.FromQuaternion(r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), r.NormFloat64(),
		r3.Vector{X: size * r.NormFloat64(), Y: size * r.NormFloat64(), Z: size * r.NormFloat64()})
}

// cut takes the share of the points away that lie farthest in a random
// direction: one side of the part.
func cut(c *pointcloud.Cloud, share float64, r *rand.Rand) *pointcloud.Cloud {
	d := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
	idx := c.ValidIndices()
	slices.SortFunc(idx, func(i, j int32) int {
		a, b := d.Dot(c.At(int(i))), d.Dot(c.At(int(j)))
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return int(i - j)
	})
	idx = idx[:len(idx)-int(share*float64(len(idx)))]
	slices.Sort(idx)
	return c.Select(idx)
}

// noisy adds normal noise to every coordinate.
func noisy(c *pointcloud.Cloud, sigma float64, r *rand.Rand) *pointcloud.Cloud {
	d := c.Clone()
	for i := range d.XYZ {
		d.XYZ[i] += float32(sigma * r.NormFloat64())
	}
	return d
}

// part returns the foreground of a scan of the synthetic line as loose points,
// and the pose of the part in it.
func part(t testing.TB, name, defect string, index int) (*pointcloud.Cloud, pointcloud.Rigid) {
	t.Helper()
	l, err := synth.Scan(t.Context(), name, defect, index, synth.Test, synth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := pointcloud.FindForeground(t.Context(), l.Cloud, pointcloud.ForegroundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var idx []int32
	for i, on := range f.Part {
		if on {
			idx = append(idx, int32(i))
		}
	}
	g, err := synth.TruePose(name, defect, index, synth.Test, synth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Cloud.Select(idx), g
}

// trial is one cloud to align and the pose that is right.
type trial struct {
	cloud *pointcloud.Cloud
	truth pointcloud.Rigid // from the cloud to the reference
}

const (
	poseCount      = 100
	poseCountShort = 10
	rightAngle     = 0.5  // degrees: the rotation error of a right pose is below
	rightShare     = 0.98 // of the poses must be right
)

// runTrials aligns every trial and reports on the errors.
func runTrials(t *testing.T, ref *pointcloud.Cloud, o Options, next func(i int) trial) {
	t.Helper()
	r, err := NewReference(t.Context(), ref, o)
	if err != nil {
		t.Fatal(err)
	}
	n := poseCount
	if testing.Short() {
		n = poseCountShort
	}
	var angles, shifts, rms, overlaps, rivals []float64
	right := 0
	var took time.Duration
	for i := range n {
		x := next(i)
		start := time.Now()
		f, err := r.Align(t.Context(), x.cloud)
		took += time.Since(start)
		if f == nil {
			t.Logf("pose %d: %v", i, err)
			angles = append(angles, 180)
			continue
		}
		lo, hi, _ := x.cloud.Bounds()
		centre := lo.Add(hi).Mul(0.5)
		angle := f.Pose.After(x.truth.Inverse()).Angle().Degrees()
		angles = append(angles, angle)
		shifts = append(shifts, 1000*f.Pose.Apply(centre).Sub(x.truth.Apply(centre)).Norm())
		rms, overlaps, rivals = append(rms, 1000*f.RMS), append(overlaps, f.Overlap), append(rivals, f.Rival)
		switch {
		case angle < rightAngle && err == nil:
			right++
		case angle >= rightAngle && err == nil:
			t.Logf("pose %d: off by %.3g° unnoticed: overlap %.3f, residual %.3g mm, rival %.3f", i, angle, f.Overlap, 1000*f.RMS, f.Rival)
		default:
			t.Logf("pose %d: off by %.3g°: %v", i, angle, err)
		}
	}
	spread := func(v []float64) string {
		slices.Sort(v)
		return fmt.Sprintf("%.4f / %.4f / %.4f", v[len(v)/2], v[len(v)*95/100], v[len(v)-1])
	}
	t.Logf("reference: %d fine points every %.2f mm, %d coarse every %.2f mm, %d free motions",
		r.view.fine.Len(), 1000*r.small, r.view.coarse.Len(), 1000*r.voxel, r.Free())
	t.Logf("%d of %d right; median, 95 %%, worst: rotation %s°, shift %s mm, residual %s mm; overlap %s, rival %s; %.0f ms each",
		right, n, spread(angles), spread(shifts), spread(rms), spread(overlaps), spread(rivals), float64(took.Milliseconds())/float64(n))
	if float64(right) < rightShare*float64(n) {
		t.Errorf("%d of %d poses are right, want %.0f %%", right, n, 100*rightShare)
	}
}

// TestBunny aligns samples of the bunny's surface, none of them a point of the
// reference, with noise of 0.2 mm (0.1 % of its size) and a fifth cut off.
func TestBunny(t *testing.T) {
	const points, sigma = 20_000, 0.2e-3
	m := bunny(t)
	r := rand.New(rand.NewPCG(1, 1))
	runTrials(t, m.sample(points, r), Options{}, func(int) trial {
		g := randomPose(r, 0.2)
		return trial{noisy(cut(m.sample(points, r), 0.2, r), sigma, r).Moved(g), g.Inverse()}
	})
}

// TestSparseBunny does the same with the 397 points that PCL's tests use; they
// are too few to be drawn twice, so the cloud is the reference itself with noise.
func TestSparseBunny(t *testing.T) {
	const sigma = 0.2e-3
	ref := &pointcloud.Cloud{XYZ: golden.NPY(t, "fpfh/bunny397_points.npy").Float32s()}
	r := rand.New(rand.NewPCG(2, 2))
	runTrials(t, ref, Options{}, func(int) trial {
		g := randomPose(r, 0.2)
		return trial{noisy(cut(ref, 0.2, r), sigma, r).Moved(g), g.Inverse()}
	})
}

// TestBracket aligns scans of the synthetic line's bracket, the one of its parts
// that has no symmetry, with another scan of it. The line's scanner adds its own
// noise, shadows and lost pixels; a fifth is cut off besides.
func TestBracket(t *testing.T) {
	const scans = 10
	ref, refPose := part(t, "bracket", rgbd.Good, 0)
	r := rand.New(rand.NewPCG(3, 3))
	clouds, at := make([]*pointcloud.Cloud, scans), make([]pointcloud.Rigid, scans)
	for i := range scans {
		clouds[i], at[i] = part(t, "bracket", rgbd.Good, i+1)
	}
	runTrials(t, ref, Options{}, func(i int) trial {
		g := randomPose(r, 0.2)
		k := i % scans
		return trial{cut(clouds[k], 0.2, r).Moved(g), refPose.After(at[k].Inverse()).After(g.Inverse())}
	})
}

// BenchmarkAlign aligns 20,000 points of the bunny.
func BenchmarkAlign(b *testing.B) {
	m := bunny(b)
	r := rand.New(rand.NewPCG(1, 1))
	c := noisy(cut(m.sample(20_000, r), 0.2, r), 0.2e-3, r).Moved(randomPose(r, 0.2))
	for _, workers := range []int{1, 2} {
		ref, err := NewReference(b.Context(), m.sample(20_000, r), Options{Workers: workers})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			for b.Loop() {
				if _, err := ref.Align(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
