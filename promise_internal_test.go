package iad3d

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/rgbd"
)

// TestPromiseOnTheLine draws training scans from a pool of sound ones of the
// synthetic line many times, fits, and counts how many of the scans that were not
// drawn exceed the threshold: in the mean no more than promised. With IAD3D_LONG it
// takes 500 draws, or IAD3D_DRAWS, for each number of scans, an hour; otherwise a few.
func TestPromiseOnTheLine(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	draws, sizes, pool := 20, []int{20}, 60
	if os.Getenv("IAD3D_LONG") != "" {
		draws, sizes, pool = 500, []int{20, 50, 200}, 300
		if v := os.Getenv("IAD3D_DRAWS"); v != "" {
			var err error
			if draws, err = strconv.Atoi(v); err != nil || draws < 1 {
				t.Fatalf("IAD3D_DRAWS=%s", v)
			}
		}
	}
	c, err := Config{Size: 64, Cells: 16, FPFHK: []int{30}, Features: []string{FeatureFPFH, FeatureSurface}, Rows: 2000}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	proto := &fitting{Detector: Detector{describer: describer{config: c}}}
	var scans []*rgbd.Scan
	for i := range pool {
		s, err := synth.Scan(t.Context(), "washer", rgbd.Good, i, synth.Train, synth.Options{Size: 64, Seed: 77})
		if err != nil {
			t.Fatal(err)
		}
		scans = append(scans, s.Scan)
	}
	if err := proto.begin(t.Context(), scans[:mostPilots]); err != nil {
		t.Fatal(err)
	}
	descs := make([]*description, pool)
	for i, s := range scans {
		if descs[i], err = proto.describe(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 9))
	for _, n := range sizes {
		var rates []float64
		promised, tested := 0.0, pool-n
		for range draws {
			order := r.Perm(pool)
			f := &fitting{Detector: Detector{describer: proto.describer}}
			f.begun()
			for k, i := range order[:n] {
				for b, rows := range descs[i].rows {
					f.learners[b].show(k, rows, descs[i].cells)
				}
				f.held.add(k, scans[i].Name, descs[i])
			}
			if err := f.calibrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			promised = f.thresholds.Promised
			alarms := 0
			for _, i := range order[n:] {
				res, err := f.rateView(t.Context(), scans[i], descs[i])
				if err != nil {
					t.Fatal(err)
				}
				if res.Score > f.thresholds.Scan {
					alarms++
				}
			}
			rates = append(rates, float64(alarms)/float64(tested))
		}
		mean := 0.0
		for _, v := range rates {
			mean += v / float64(draws)
		}
		slices.Sort(rates)
		t.Logf("%d scans, %d draws: rate of false alarms %.4f in the mean, 95th percentile %.4f; promised %.4f", n, draws, mean, rates[min(draws-1, draws*95/100)], promised)
		// The draws share a pool: some three standard errors of its rate are allowed for.
		if limit := promised + 3*math.Sqrt(promised*(1-promised)/float64(pool)); mean > limit {
			t.Errorf("%d scans: rate of false alarms %.4f, promised %.4f", n, mean, promised)
		}
	}
}
