package iad3d_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/rgbd"
)

// numbers are 0 … n−1.
func numbers(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func batchDetector(t *testing.T, workers int) *iad3d.Detector {
	t.Helper()
	d, err := iad3d.Fit(t.Context(), iad3d.Config{Cells: 20, FPFHK: []int{40}, Workers: workers}, goodScans(4))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestBatchIsScore: results in order, the same bits as one after the other, whatever the
// number of workers and scans.
func TestBatchIsScore(t *testing.T) {
	scan := func(i int) *rgbd.Scan { return capture(fmt.Sprint(i), 0.2*float64(i), 0.0005*float64(i%3)) }
	var want []*iad3d.Result
	for i := range 7 {
		r, err := batchDetector(t, 1).Score(t.Context(), scan(i))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	}
	for _, workers := range []int{1, 2, 3, 8, 20} {
		d := batchDetector(t, workers)
		for _, n := range []int{0, 1, 2, 7} {
			before := runtime.NumGoroutine()
			var got []*iad3d.Result
			for r, err := range iad3d.Batch(t.Context(), d, numbers(n), func(ctx context.Context, d *iad3d.Detector, i int) (*iad3d.Result, error) {
				return d.Score(ctx, scan(i))
			}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r)
			}
			if len(got) != n || n > 0 && !reflect.DeepEqual(got, want[:n]) {
				t.Errorf("%d workers, %d scans: %d other results", workers, n, len(got))
			}
			settled(t, before)
		}
	}
}

// TestBatchOrder: errors come in their places and end nothing, the sequence is not run
// through ahead of the loop, and no more are worked on at a time than there are workers.
func TestBatchOrder(t *testing.T) {
	const workers = 3
	d := batchDetector(t, workers)
	before := runtime.NumGoroutine()
	odd := errors.New("odd")
	taken, yielded := 0, 0
	items := func(yield func(int) bool) {
		for i := range 50 {
			taken = i + 1
			if !yield(i) {
				return
			}
		}
	}
	at := make(chan struct{}, workers)
	var got []int
	for i, err := range iad3d.Batch(t.Context(), d, items, func(_ context.Context, _ *iad3d.Detector, i int) (int, error) {
		select {
		case at <- struct{}{}:
		default:
			t.Error("more at a time than workers")
		}
		defer func() { <-at }()
		time.Sleep(time.Duration(i%4) * time.Millisecond)
		if i%2 == 1 {
			return -i, odd
		}
		return i, nil
	}) {
		if i < 0 {
			i = -i
			if !errors.Is(err, odd) {
				t.Fatal(err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, i)
		if yielded++; yielded == 40 {
			break
		}
	}
	settled(t, before)
	if !slices.Equal(got, slices.Collect(numbers(40))) {
		t.Errorf("out of order: %v", got)
	}
	if most := 40 + workers + 2; taken > most {
		t.Errorf("%d items were taken for 40 results, want at most %d", taken, most)
	}
}

// TestBatchEnds: the end of the context and panics end the loop, and leave nothing
// running.
func TestBatchEnds(t *testing.T) {
	d := batchDetector(t, 4)
	for _, from := range []int{0, 1, 9} { // where it ends
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		var ended time.Time
		var last error
		for _, err := range iad3d.Batch(ctx, d, numbers(1000), func(ctx context.Context, _ *iad3d.Detector, i int) (int, error) {
			if i == from {
				ended = time.Now()
				cancel()
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Millisecond):
			}
			return i, ctx.Err()
		}) {
			last = err
		}
		if took := time.Since(ended); !errors.Is(last, context.Canceled) || took > 200*time.Millisecond {
			t.Errorf("ended after %v with %v", took, last)
		}
		settled(t, before)
	}
	for name, run := range map[string]func(){
		"work": func() {
			for range iad3d.Batch(t.Context(), d, numbers(9), func(_ context.Context, _ *iad3d.Detector, i int) (int, error) {
				if i == 5 {
					panic("five")
				}
				return i, nil
			}) {
			}
		},
		"sequence": func() {
			for range iad3d.Batch(t.Context(), d, func(yield func(int) bool) { yield(0); panic("five") }, func(_ context.Context, _ *iad3d.Detector, i int) (int, error) { return i, nil }) {
			}
		},
	} {
		before := runtime.NumGoroutine()
		func() {
			defer func() {
				if r := recover(); r != "five" {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			run()
		}()
		settled(t, before)
	}
}
