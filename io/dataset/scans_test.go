package dataset_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

func openMade(t *testing.T) *dataset.Set {
	t.Helper()
	class := t.TempDir()
	makeClass(t, class)
	s, err := dataset.OpenMVTec3D(class, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScans(t *testing.T) {
	s := openMade(t)
	seq := s.Scans(t.Context(), dataset.Test)
	for range 2 { // a sequence can be used again
		var got []string
		for l, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Name)
		}
		if want := names(s.Items(dataset.Test)); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The reading goroutine must be gone when the loop is, however it ends.
func TestScansAreJoined(t *testing.T) {
	s := openMade(t)
	before := runtime.NumGoroutine()
	for range 50 {
		for _, err := range s.Scans(t.Context(), dataset.Test) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		func() {
			defer func() {
				if r := recover(); r != "consumer" {
					t.Errorf("recovered %v", r)
				}
			}()
			for range s.Scans(t.Context(), dataset.Test) {
				panic("consumer")
			}
		}()
	}
	// A goroutine that is done may be counted for a moment longer.
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestScansEndWithContext(t *testing.T) {
	s := openMade(t)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	var last error
	for l, err := range s.Scans(ctx, dataset.Train) {
		if last = err; err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, l.Name)
		cancel()
	}
	if !slices.Equal(got, []string{"good/000", "error"}) || !errors.Is(last, context.Canceled) {
		t.Errorf("%q, %v", got, last)
	}
	for l, err := range s.Scans(ctx, dataset.Train) {
		if l != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v from a context that has ended", l, err)
		}
	}
	// A context that ends when all was handed over is no error.
	ctx, cancel = context.WithCancel(t.Context())
	n := 0
	for _, err := range s.Scans(ctx, dataset.Train) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == len(s.Items(dataset.Train)) {
			cancel()
		}
	}
	cancel()
}

func TestScansStopAtError(t *testing.T) {
	s := openMade(t)
	bad := filepath.Join(s.Root, "train", "good", "xyz", "001.tiff")
	writeFile(t, bad, "")
	var scans []*rgbd.Labelled
	var errs []error
	for l, err := range s.Scans(t.Context(), dataset.Train) {
		scans = append(scans, l)
		errs = append(errs, err)
	}
	if len(scans) != 2 || scans[0] == nil || scans[1] != nil || errs[0] != nil {
		t.Fatalf("%v, %v", scans, errs)
	}
	checkError(t, errs[1], bad, "is empty")
}

func TestScansOfMissingSplit(t *testing.T) {
	class := t.TempDir()
	addScan(t, class, "train", "good", "000", 0)
	addScan(t, class, "validation", "good", "000", 0)
	s, err := dataset.OpenMVTec3D(class, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for l, err := range s.Scans(t.Context(), dataset.Test) {
		n++
		if l != nil {
			t.Error("a scan came with the error")
		}
		checkError(t, err, class, "no test scans; the set has: train, validation")
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}
