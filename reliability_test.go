package iad3d_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

func fitSheets(t *testing.T, c iad3d.Config, n int, loose bool) *iad3d.Detector {
	t.Helper()
	var scans []*rgbd.Scan
	for i := range n {
		scans = append(scans, sheet(i, 0, loose))
	}
	d, err := iad3d.Fit(t.Context(), c, scansOf(scans...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// digest hashes what a detector says of a scan.
func digest(r *iad3d.Result) [32]byte {
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, r.Score)
	if r.Map != nil {
		binary.Write(h, binary.LittleEndian, r.Map.Data)
		binary.Write(h, binary.LittleEndian, r.Map.Valid)
	}
	binary.Write(h, binary.LittleEndian, r.Points)
	fmt.Fprint(h, r.Peak.X, r.Peak.Y, r.Peak.Value, r.Invalid)
	if r.Peak.Point != nil {
		fmt.Fprint(h, *r.Peak.Point)
	}
	return [32]byte(h.Sum(nil))
}

// TestDeterminism: the hash of the model and of what it says of a sound and of a
// dented scan does not depend on GOMAXPROCS, the workers, the instruction set or the
// race detector, with which CI runs this test, too.
func TestDeterminism(t *testing.T) {
	for kind, config := range releasedConfigs() {
		if testing.Short() && kind != "default" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			loose := kind == "loose"
			outcome := func(procs, workers int, level simd.Level) (out [3][32]byte) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				defer simd.Use(level)()
				c := config
				c.Workers = workers
				d := fitSheets(t, c, 3, loose)
				path := filepath.Join(t.TempDir(), "model")
				if err := d.Save(path); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				out[0] = sha256.Sum256(b)
				for i, dent := range []float64{0, 0.003} {
					r, err := d.Score(t.Context(), sheet(100, dent, loose))
					if err != nil {
						t.Fatal(err)
					}
					out[1+i] = digest(r)
				}
				return out
			}
			levels := simd.Levels()
			want := outcome(1, 1, simd.Generic)
			pairs := [][2]int{{1, 0}, {2, 1}, {2, 3}, {7, 0}, {1, 16}, {7, 16}} // GOMAXPROCS, workers
			if testing.Short() {
				pairs = pairs[2:4]
			}
			for i, p := range pairs {
				level := levels[(i+1)%len(levels)]
				if got := outcome(p[0], p[1], level); got != want {
					t.Errorf("GOMAXPROCS %d, %d workers, %v: other bits in (model, sound, dented): %v", p[0], p[1], level,
						[3]bool{got[0] != want[0], got[1] != want[1], got[2] != want[2]})
				}
			}
		})
	}
}

// corner is the part of a sheet around its dent: 10×8 pixels.
func corner(index int, dent float64) *rgbd.Scan {
	const x0, y0, w, h = 22, 8, 10, 8
	s := sheet(index, dent, false)
	c := &pointcloud.Cloud{Width: w, Height: h}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := (y0+y)*s.Cloud.Width + x0 + x
			c.XYZ = append(c.XYZ, s.Cloud.XYZ[3*i:3*i+3]...)
			img.SetNRGBA(x, y, s.Colour.NRGBAAt(x0+x, y0+y))
		}
	}
	return &rgbd.Scan{Name: s.Name, Cloud: c, Colour: img}
}

// TestConcurrency: many goroutines score on one loaded detector, each all scans in an
// order of its own, and get what one after the other gives.
func TestConcurrency(t *testing.T) {
	goroutines, each := 16, 12
	if os.Getenv("IAD3D_LONG") != "" {
		goroutines, each = 64, 1000
	}
	path := filepath.Join(t.TempDir(), "model")
	// Few pixels: what many goroutines may disturb is the same.
	fitted, err := iad3d.Fit(t.Context(), iad3d.Config{Size: 8, Cells: 4, NormalK: 6, FPFHK: []int{6}, Blur: 1, Features: []string{iad3d.FeatureFPFH}},
		scansOf(corner(0, 0), corner(1, 0), corner(2, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if err := fitted.Save(path); err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const scans = 8
	var list [scans]*rgbd.Scan
	var want [scans][32]byte
	for i := range list {
		list[i] = corner(50+i, 0.001*float64(i))
		r, err := d.Score(t.Context(), list[i])
		if err != nil {
			t.Fatal(err)
		}
		want[i] = digest(r)
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for k := range each {
				i := (g + k*(2*g+1)) % scans
				r, err := d.Score(t.Context(), list[i])
				if err != nil {
					t.Error(err)
					return
				}
				if digest(r) != want[i] {
					t.Errorf("goroutine %d, round %d: scan %d scores otherwise", g, k, i)
					return
				}
			}
		})
	}
	wg.Wait()
}

// stopWithin is how long the library may go on after its context has ended. On a busy
// machine, or with the race detector, a goroutine may not even run for that long:
// there the test looks at the best of several tries.
const stopWithin = 200 * time.Millisecond

// TestCancellation ends the context at moments spread over a fit, a score and an
// evaluation. Each returns the context's error soon, and no goroutine stays.
func TestCancellation(t *testing.T) {
	if testing.Short() {
		t.Skip("measures times")
	}
	big := func(i int) *rgbd.Scan { return wavy(i, 100, 80) }
	c := iad3d.Config{Coreset: 0.5, Cells: 40}
	fit := func(ctx context.Context, n int) error {
		_, err := iad3d.Fit(ctx, c, func(yield func(*rgbd.Scan, error) bool) {
			for i := range n {
				if !yield(big(i), nil) {
					return
				}
			}
		})
		return err
	}
	d, err := iad3d.Fit(t.Context(), c, scansOf(big(0), big(1), big(2)))
	if err != nil {
		t.Fatal(err)
	}
	for name, work := range map[string]func(ctx context.Context) error{
		"fit":   func(ctx context.Context) error { return fit(ctx, 5) },
		"score": func(ctx context.Context) error { _, err := d.Score(ctx, big(9)); return err },
		"evaluate": func(ctx context.Context) error {
			_, err := d.Evaluate(ctx, func(yield func(*rgbd.Labelled, error) bool) {
				for i := range 4 {
					if !yield(&rgbd.Labelled{Scan: big(i), Defect: rgbd.Good}, nil) {
						return
					}
				}
			}, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if err := work(t.Context()); err != nil && !errors.Is(err, iad3d.ErrEvaluate) { // good scans alone cannot be evaluated
				t.Fatal(err)
			}
			took := time.Since(start)
			goroutines := runtime.NumGoroutine()
			const moments, tries = 5, 4
			worst := time.Duration(0)
			for m := range moments {
				best := time.Hour
				for range tries {
					ctx, cancel := context.WithCancel(t.Context())
					var ended time.Time
					timer := time.AfterFunc(took*time.Duration(m)/moments, func() { ended = time.Now(); cancel() })
					err := work(ctx)
					if late := time.Since(ended); !timer.Stop() && err != nil {
						<-ctx.Done()
						best = min(best, late)
					}
					cancel()
					if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, iad3d.ErrEvaluate) {
						t.Fatalf("moment %d: %v", m, err)
					}
					if best < stopWithin {
						break
					}
				}
				if best < time.Hour {
					worst = max(worst, best)
				}
			}
			t.Logf("takes %d ms; ends at most %d ms after its context", took.Milliseconds(), worst.Milliseconds())
			if worst > stopWithin {
				t.Errorf("ends %v after its context", worst)
			}
			settled(t, goroutines)
		})
	}
}

// settled fails when there stay more goroutines than there were.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// wavy is a sheet of w×h pixels.
func wavy(index, w, h int) *rgbd.Scan {
	c := &pointcloud.Cloud{Width: w, Height: h}
	for y := range h {
		for x := range w {
			z := 0.5 + 0.001*math.Sin(0.15*float64(x)+0.1*float64(index)) + 0.001*math.Cos(0.2*float64(y))
			c.XYZ = append(c.XYZ, float32(x)*0.0005, float32(y)*0.0005, float32(z))
		}
	}
	return &rgbd.Scan{Name: fmt.Sprint("wavy ", index), Cloud: c}
}

// TestSoak scores thousands of scans in one process: scores stay what they were,
// memory and goroutines do not grow. It reports the times.
func TestSoak(t *testing.T) {
	n := 200
	if os.Getenv("IAD3D_LONG") != "" {
		n = 20_000
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := fitSheets(t, releasedConfigs()["default"], 3, false).Save(path); err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const scans = 10
	var list [scans]*rgbd.Scan
	var want [scans][32]byte
	score := func(i int) [32]byte {
		r, err := d.Score(t.Context(), list[i])
		if err != nil {
			t.Fatal(err)
		}
		return digest(r)
	}
	for i := range list {
		list[i] = sheet(50+i, 0.0005*float64(i), false)
		want[i] = score(i)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	times := make([]time.Duration, 0, n)
	var early uint64
	var rss int64
	goroutines := runtime.NumGoroutine()
	for k := range n {
		if k == n/10 {
			early = heap()
			rss = resident(t, "VmRSS")
		}
		start := time.Now()
		got := score(k % scans)
		times = append(times, time.Since(start))
		if got != want[k%scans] {
			t.Fatalf("score %d is another than at first", k)
		}
	}
	late := heap()
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	at := func(q float64) time.Duration { return times[min(n-1, int(q*float64(n)))].Round(10 * time.Microsecond) }
	t.Logf("%d scores: p50 %v, p99 %v, max %v; heap %.2f MiB after a tenth, %.2f MiB at the end; resident %.1f and %.1f MiB",
		n, at(0.5), at(0.99), at(1), float64(early)/(1<<20), float64(late)/(1<<20), float64(rss)/(1<<20), float64(resident(t, "VmRSS"))/(1<<20))
	const slack = 1 << 20
	if late > early+slack {
		t.Errorf("%d bytes of heap, %d after a tenth of the scores", late, early)
	}
	settled(t, goroutines)
}
