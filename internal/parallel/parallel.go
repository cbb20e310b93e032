// Package parallel splits index ranges over goroutines so that results do not
// depend on how many there are.
package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls fn(worker, lo, hi) for consecutive chunks of [0, n), at most
// workers at a time (GOMAXPROCS when workers ≤ 0), and returns when all calls
// have. Chunk bounds depend on n and chunk alone; a caller whose fn writes only
// what its own range determines gets the same bits from any worker count.
// worker is in [0, workers) and never in use twice at once: an index for scratch
// space. A panic in fn is raised again in the caller. When ctx ends, remaining
// chunks are dropped and its error is returned.
func For(ctx context.Context, n, chunk, workers int, fn func(worker, lo, hi int)) error {
	if chunk <= 0 {
		panic("parallel: chunk must be positive")
	}
	chunks := (n + chunk - 1) / chunk
	workers = Workers(n, chunk, workers)
	if workers <= 1 {
		for c := range chunks {
			if err := ctx.Err(); err != nil {
				return err
			}
			fn(0, c*chunk, min((c+1)*chunk, n))
		}
		return ctx.Err()
	}
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		once   sync.Once
		caught any
	)
	for w := range workers {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					once.Do(func() { caught = r })
					next.Store(int64(chunks))
				}
			}()
			for ctx.Err() == nil {
				c := int(next.Add(1)) - 1
				if c >= chunks {
					return
				}
				fn(w, c*chunk, min((c+1)*chunk, n))
			}
		})
	}
	wg.Wait()
	if caught != nil {
		panic(caught)
	}
	return ctx.Err()
}

// Workers returns the number of goroutines that For uses at most for n items in
// chunks, of the number wished for; at least 1. A caller with scratch space for
// each asks once and hands the answer to For: GOMAXPROCS may change in between.
func Workers(n, chunk, wish int) int {
	if wish <= 0 {
		wish = runtime.GOMAXPROCS(0)
	}
	return max(1, min(wish, (n+chunk-1)/chunk))
}
