package fpfh

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/portable"
	"github.com/iad3d/iad3d/pointcloud"
)

// The expected values were computed by Open3D 0.16.1 and PCL 1.13.0; which
// file holds what is recorded in fpfh.json.

// Tolerances of the comparison. Two points with the same neighbours have the
// same normal, their angles to the connecting line are equal up to rounding,
// and rounding then chooses the pair's source: such a pair moves 100/(n−1)
// between two bins. Clouds with many such pairs are therefore compared by
// distribution.
const (
	exactFloat64 = 1e-9 // float64 arithmetic in another order
	exactFloat32 = 1e-4 // values up to 200 stored as float32
	gridPCL      = 2e-4 // float32 arithmetic of PCL where no pair is tied

	closeShare = 0.75 // points within exactFloat32 on clouds with tied pairs
	closeP99   = 0.5
	closeMax   = 5.0
	closeMean  = 2e-3

	givenMeanPCL = 5e-3 // PCL's float32 moves single pairs across bin edges
	ownMeanPCL   = 2e-2 // and its own normals move more of them
)

type fpfhOracle struct {
	Cases        []oracleCase
	Tiny         []tinyCase
	GivenNormals struct {
		Points, Normals golden.Ref
		Open3D          []searchCase
		PCLRadius       golden.Ref `json:"pcl_radius"`
		SPFH            golden.Ref `json:"spfh_radius_own_float64"`
	} `json:"given_normals"`
	Probes []probe `json:"two_point_probes"`
}

type oracleCase struct {
	Name          string
	Points        golden.Ref
	RadiusNormal  float64 `json:"radius_normal"`
	RadiusFeature float64 `json:"radius_feature"`
	Open3D        struct {
		Normals  []searchCase
		FPFH     []searchCase
		Cam0     golden.Ref `json:"normals_hybrid_toward_origin"`
		FPFHCam0 golden.Ref `json:"fpfh_radius_normals_toward_origin"`
	}
	PCL struct {
		Normals  golden.Ref `json:"normals_curvature_radius"`
		FPFH     golden.Ref `json:"fpfh_radius_own_normals"`
		NormalsK struct {
			K    int
			File string
		} `json:"normals_curvature_knn"`
		FPFHK struct {
			K    int
			File string
		} `json:"fpfh_knn_own_normals"`
		Given golden.Ref `json:"fpfh_radius_given_open3d_cam0_normals"`
	}
}

type searchCase struct {
	Mode    string
	K       int
	Radius  float64
	Normals golden.Ref
	FPFH    golden.Ref
}

func (s searchCase) search() pointcloud.Search {
	return pointcloud.Search{K: s.K, Radius: s.Radius}
}

type tinyCase struct {
	Name    string
	Points  [][3]float32
	Search  searchCase
	Normals [][3]float64
	FPFH    [][][2]float64 `json:"fpfh_nonzero"`
}

type probe struct {
	P1, N1, P2, N2 [3]float64
	Note           string
	FPFH           [][][2]float64 `json:"open3d_fpfh_nonzero"`
	Agrees         bool           `json:"own_agrees"`
}

func loadOracle(t *testing.T) fpfhOracle {
	var o fpfhOracle
	golden.JSON(t, "fpfh/fpfh.json", &o)
	return o
}

func cloudOf(xyz []float32) *pointcloud.Cloud { return &pointcloud.Cloud{XYZ: xyz} }

// rows64 returns the descriptors before they are rounded to float32.
func rows64(t *testing.T, c *pointcloud.Cloud, o Options) []float64 {
	t.Helper()
	out := make([]float64, Dim*c.Len())
	if err := each(t.Context(), c, o, []int{math.MaxInt}, func(_ int, i int32, row *[Dim]float64) {
		copy(out[Dim*int(i):], row[:])
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// difference summarises |got − want| by point: the largest entry of each row.
type difference struct {
	share, p99, max, mean float64
}

func compare(t *testing.T, got, want []float64, tol float64) difference {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var d difference
	n := len(got) / Dim
	worst := make([]float64, n)
	within := 0
	for i := range n {
		for j := range Dim {
			e := math.Abs(got[i*Dim+j] - want[i*Dim+j])
			if math.IsNaN(e) {
				t.Fatalf("point %d bin %d: got %v, want %v", i, j, got[i*Dim+j], want[i*Dim+j])
			}
			worst[i] = max(worst[i], e)
			d.mean += e
		}
		if worst[i] <= tol {
			within++
		}
	}
	slices.Sort(worst)
	d.mean /= float64(len(got))
	d.share = float64(within) / float64(n)
	d.p99, d.max = worst[int(0.99*float64(n-1))], worst[n-1]
	return d
}

func (d difference) String() string {
	return fmt.Sprintf("share within tolerance %.4f, p99 %.3g, max %.3g, mean %.3g", d.share, d.p99, d.max, d.mean)
}

func requireExact(t *testing.T, d difference, tol float64) {
	t.Helper()
	t.Log(d)
	if d.max > tol {
		t.Errorf("%v, want every entry within %g", d, tol)
	}
}

func requireClose(t *testing.T, d difference) {
	t.Helper()
	t.Log(d)
	if d.share < closeShare || d.p99 > closeP99 || d.max > closeMax || d.mean > closeMean {
		t.Errorf("%v, want at least %.2f of the points close, p99 ≤ %g, max ≤ %g, mean ≤ %g", d, closeShare, closeP99, closeMax, closeMean)
	}
}

func TestOracleGivenNormals(t *testing.T) {
	o := loadOracle(t).GivenNormals
	c := cloudOf(golden.NPY(t, o.Points.File).Float32s())
	c.Normals = golden.NPY(t, o.Normals.File).Float64s()
	for _, s := range o.Open3D {
		t.Run(s.Mode, func(t *testing.T) {
			got := rows64(t, c, Options{Search: s.search()})
			requireExact(t, compare(t, got, golden.NPY(t, s.FPFH.File).Float64s(), 0), exactFloat64)
		})
	}
	radius := pointcloud.Search{Radius: o.Open3D[2].Radius}
	t.Run("pcl", func(t *testing.T) {
		got := rows64(t, c, Options{Convention: PCL, Search: radius})
		requireExact(t, compare(t, got, golden.NPY(t, o.PCLRadius.File).Float64s(), 0), exactFloat32)
	})
	t.Run("open3d minus pcl is the own histogram", func(t *testing.T) {
		got := rows64(t, c, Options{Search: radius})
		for i, v := range rows64(t, c, Options{Convention: PCL, Search: radius}) {
			got[i] -= v
		}
		requireExact(t, compare(t, got, golden.NPY(t, o.SPFH.File).Float64s(), 0), exactFloat64)
	})
}

func TestOracleClouds(t *testing.T) {
	for _, oc := range loadOracle(t).Cases {
		t.Run(oc.Name, func(t *testing.T) {
			c := cloudOf(golden.NPY(t, oc.Points.File).Float32s())
			tied := oc.Name == "lattice_flat" || oc.Name == "degenerate"
			grid := oc.Name == "organized100_btf" || oc.Name == "organized100_small_radius"
			hybrid := oc.Open3D.Normals[0]
			for _, s := range oc.Open3D.FPFH {
				t.Run(s.Mode, func(t *testing.T) {
					want := golden.NPY(t, s.FPFH.File).Float64s()
					n, err := pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{
						Search: hybrid.search(), Orientation: pointcloud.OrientNone})
					if err != nil {
						t.Fatal(err)
					}
					c := &pointcloud.Cloud{XYZ: c.XYZ, Normals: n}
					got := rows64(t, c, Options{Search: s.search()})
					switch {
					case tied:
						requireSums(t, got)
					case grid:
						requireExact(t, compare(t, got, want, 0), exactFloat32)
					default:
						requireClose(t, compare(t, got, want, exactFloat32))
					}
				})
			}
			radius := pointcloud.Search{Radius: oc.RadiusFeature}
			if oc.Open3D.FPFHCam0.File != "" {
				t.Run("radius, normals towards the origin", func(t *testing.T) {
					want := golden.NPY(t, oc.Open3D.FPFHCam0.File).Float64s()
					c := &pointcloud.Cloud{XYZ: c.XYZ, Normals: golden.NPY(t, oc.Open3D.Cam0.File).Float64s()}
					d := compare(t, rows64(t, c, Options{Search: radius}), want, exactFloat32)
					if tied || grid {
						requireExact(t, d, exactFloat32)
					} else {
						requireClose(t, d)
					}
				})
			}
			if oc.PCL.Given.File != "" {
				t.Run("PCL, given normals", func(t *testing.T) {
					want := golden.NPY(t, oc.PCL.Given.File).Float64s()
					c := &pointcloud.Cloud{XYZ: c.XYZ, Normals: golden.NPY(t, oc.Open3D.Cam0.File).Float64s()}
					d := compare(t, rows64(t, c, Options{Convention: PCL, Search: radius}), want, exactFloat32)
					t.Log(d)
					if grid && d.max > gridPCL || d.max > closeMax || d.mean > givenMeanPCL {
						t.Errorf("%v, want max ≤ %g, mean ≤ %g", d, closeMax, givenMeanPCL)
					}
				})
			}
			if oc.PCL.FPFH.File != "" && !tied {
				t.Run("PCL, own normals", func(t *testing.T) {
					want := golden.NPY(t, oc.PCL.FPFH.File).Float64s()
					n, err := pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{
						Search: pointcloud.Search{Radius: oc.RadiusNormal}, Undefined: true})
					if err != nil {
						t.Fatal(err)
					}
					c := &pointcloud.Cloud{XYZ: c.XYZ, Normals: n}
					d := compare(t, rows64(t, c, Options{Convention: PCL, Search: radius}), want, exactFloat32)
					t.Log(d)
					if d.mean > ownMeanPCL {
						t.Errorf("%v, want mean ≤ %g", d, ownMeanPCL)
					}
				})
			}
		})
	}
}

// requireSums checks what holds whatever rounding decides: finite entries, and
// blocks that sum to 200, to 100 where all neighbours coincide, or to 0.
func requireSums(t *testing.T, rows []float64) {
	t.Helper()
	for i := 0; i < len(rows); i += bins {
		sum := 0.0
		for _, v := range rows[i : i+bins] {
			if !(v >= 0) || math.IsInf(v, 0) {
				t.Fatalf("value %v", v)
			}
			sum += v
		}
		if math.Abs(sum-200) > exactFloat64 && math.Abs(sum-100) > exactFloat64 && sum != 0 {
			t.Fatalf("block %d sums to %v", i/bins, sum)
		}
	}
}

func TestOracleTiny(t *testing.T) {
	for _, tc := range loadOracle(t).Tiny {
		t.Run(tc.Name, func(t *testing.T) {
			c := &pointcloud.Cloud{}
			for _, p := range tc.Points {
				c.XYZ = append(c.XYZ, p[:]...)
			}
			for _, n := range tc.Normals {
				c.Normals = append(c.Normals, n[:]...)
			}
			requireNonzero(t, rows64(t, c, Options{Search: tc.Search.search()}), tc.FPFH)
		})
	}
}

func requireNonzero(t *testing.T, got []float64, nonzero [][][2]float64) {
	t.Helper()
	want := make([]float64, len(got))
	for i, row := range nonzero {
		for _, e := range row {
			want[i*Dim+int(e[0])] = e[1]
		}
	}
	if d := compare(t, got, want, 0); d.max > exactFloat64 {
		t.Errorf("%v: got %v, want %v", d, got, want)
	}
}

// TestOracleProbes holds two points each, placed to reveal the bin edges.
func TestOracleProbes(t *testing.T) {
	probes := loadOracle(t).Probes
	if len(probes) == 0 {
		t.Fatal("no probes")
	}
	for i, p := range probes {
		if !p.Agrees {
			continue // atan2(0, −0): the sign of a zero decides
		}
		c := &pointcloud.Cloud{}
		for _, v := range [][3]float64{p.P1, p.P2} {
			c.XYZ = append(c.XYZ, float32(v[0]), float32(v[1]), float32(v[2]))
		}
		c.Normals = slices.Concat(p.N1[:], p.N2[:])
		t.Run(fmt.Sprint(i, " ", p.Note), func(t *testing.T) {
			requireNonzero(t, rows64(t, c, Options{Search: pointcloud.Search{K: 2}}), p.FPFH)
		})
	}
}

// TestFurther compares the shortcut with the arc cosines it replaces.
func TestFurther(t *testing.T) {
	values := []float64{0, 1e-300, 1e-17, 1e-16, 1e-9, 0.1, 0.1 + 1e-12, 0.1 + 1e-8, 0.5, math.Nextafter(1, 0), 1, math.Nextafter(1, 2), 1.1, math.NaN()}
	for _, a := range values {
		for _, b := range values {
			if got, want := further(a, b), portable.Acos(a) > portable.Acos(b); got != want {
				t.Errorf("further(%v, %v) = %v, acos says %v", a, b, got, want)
			}
		}
	}
}
