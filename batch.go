package iad3d

import (
	"context"
	"iter"
	"math"
	"sync"

	"github.com/iad3d/iad3d/internal/parallel"
)

// Batch calls work for the items of a sequence, each with a detector that scores as d
// does, and yields what work returns in the order of the items. While one scan is scored
// the next ones are, and are read when work reads them: as many at a time as Config.Workers
// says, each with its share of the processors; a sequence of one item has them all. That
// is faster than scoring scans one after the other with all processors for each, and
// results are the same.
//
// An error of work is yielded like a result, and the loop goes on unless its body ends
// it. When ctx ends, its error is the last thing yielded. At most one item more than are
// worked on is taken from the sequence ahead of the loop. When the loop is over, no call
// of work is running, and the sequence has ended; a panic of work or of the sequence is
// raised in the loop.
//
//	for r, err := range iad3d.Batch(ctx, d, files, func(ctx context.Context, d *iad3d.Detector, file string) (*iad3d.Result, error) {
//		s, err := scan.ReadContext(ctx, file, scan.Options{})
//		if err != nil {
//			return nil, err
//		}
//		return d.Score(ctx, s)
//	}) {
//		…
//	}
func Batch[S, R any](ctx context.Context, d *Detector, items iter.Seq[S], work func(ctx context.Context, d *Detector, item S) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		workers := parallel.Workers(math.MaxInt, 1, d.config.Workers)
		lanes := min(workers, maxLanes)
		b := &batch[S, R]{ctx: ctx, work: work, share: workers / lanes, queue: make(chan chan outcome[R], lanes), free: make(chan struct{}, lanes)}
		b.running.Go(func() { b.take(d, items) })
		defer b.running.Wait()
		defer cancel()
		for waiting := range b.queue {
			var o outcome[R]
			select {
			case o = <-waiting:
			case <-ctx.Done(): // work will notice, in its time
			}
			switch {
			case o.caught != nil:
				panic(o.caught)
			case ctx.Err() != nil:
				var none R
				yield(none, ctx.Err())
				return
			case !yield(o.result, o.err):
				return
			}
		}
		if ctx.Err() != nil {
			var none R
			yield(none, ctx.Err())
		}
	}
}

// maxLanes is the most scans that are scored at a time: each needs memory of its own.
const maxLanes = 16

// batch is one call of Batch.
type batch[S, R any] struct {
	ctx     context.Context
	work    func(ctx context.Context, d *Detector, item S) (R, error)
	share   int                  // workers of an item
	queue   chan chan outcome[R] // of the items, in order
	free    chan struct{}        // has an entry for each item that is worked on
	running sync.WaitGroup
}

// outcome is what became of an item.
type outcome[R any] struct {
	result R
	err    error
	caught any // panic
}

// take starts the work on each item.
func (b *batch[S, R]) take(d *Detector, items iter.Seq[S]) {
	defer close(b.queue)
	defer func() {
		if r := recover(); r != nil {
			broken := make(chan outcome[R], 1)
			broken <- outcome[R]{caught: r}
			select {
			case b.queue <- broken:
			case <-b.ctx.Done():
			}
		}
	}()
	// The first item waits for a second: alone it has all processors.
	var first S
	n := 0
	shared := d
	for item := range items {
		if n++; n == 1 {
			first = item
			continue
		}
		if n == 2 {
			shared = d.withWorkers(b.share)
			if !b.start(shared, first) {
				return
			}
		}
		if !b.start(shared, item) {
			return
		}
	}
	if n == 1 {
		b.start(d, first)
	}
}

// start starts the work on an item when there is a processor for it; false when the
// context has ended before.
func (b *batch[S, R]) start(d *Detector, item S) bool {
	done := make(chan outcome[R], 1)
	select {
	case b.queue <- done:
	case <-b.ctx.Done():
		return false
	}
	select {
	case b.free <- struct{}{}:
	case <-b.ctx.Done():
		return false
	}
	b.running.Go(func() {
		var o outcome[R]
		defer func() {
			o.caught = recover()
			<-b.free
			done <- o
		}()
		o.result, o.err = b.work(b.ctx, d, item)
	})
	return true
}

// withWorkers returns the detector with another number of goroutines. They share what a
// detector remembers; the other must not be closed.
func (d *Detector) withWorkers(n int) *Detector {
	c := *d
	c.config.Workers, c.closer = n, nil
	if c.finder != nil {
		c.finder = c.finder.WithWorkers(n)
	}
	return &c
}
