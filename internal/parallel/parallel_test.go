package parallel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func TestForVisitsEveryIndexOnce(t *testing.T) {
	for _, n := range []int{0, 1, 7, 100, 1001} {
		for _, chunk := range []int{1, 7, 100, 5000} {
			for _, workers := range []int{0, 1, 2, 9} {
				seen := make([]int32, n)
				busy := make([]atomic.Bool, Workers(n, chunk, workers))
				err := For(t.Context(), n, chunk, workers, func(w, lo, hi int) {
					if !busy[w].CompareAndSwap(false, true) {
						t.Error("a worker index is in use twice")
					}
					if lo%chunk != 0 || hi-lo > chunk || hi <= lo {
						t.Errorf("chunk [%d, %d) of %d", lo, hi, chunk)
					}
					for i := lo; i < hi; i++ {
						seen[i]++
					}
					busy[w].Store(false)
				})
				if err != nil {
					t.Fatal(err)
				}
				for i, k := range seen {
					if k != 1 {
						t.Fatalf("n %d, chunk %d, workers %d: index %d visited %d times", n, chunk, workers, i, k)
					}
				}
			}
		}
	}
}

func TestForStopsWithItsContext(t *testing.T) {
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		err := For(ctx, 1_000_000, 1, workers, func(int, int, int) {
			if calls.Add(1) == 10 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || calls.Load() > 20 {
			t.Errorf("%d workers: error %v after %d calls", workers, err, calls.Load())
		}
	}
}

func TestForRaisesPanics(t *testing.T) {
	for _, workers := range []int{1, 4} {
		func() {
			defer func() {
				if r := recover(); r != "boom" {
					t.Errorf("%d workers: recovered %v, want boom", workers, r)
				}
			}()
			_ = For(t.Context(), 100, 1, workers, func(_, lo, _ int) {
				if lo == 50 {
					panic("boom")
				}
				time.Sleep(time.Microsecond)
			})
			t.Errorf("%d workers: no panic", workers)
		}()
	}
}
