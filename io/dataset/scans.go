package dataset

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// Scans loads the scans of a split one after the other, in the order of Items.
// While the consumer works on one the next is read, so two are in memory at a
// time; a scan is the consumer's and is not used again. The sequence ends
// after the first error, which comes with a nil scan: a file that cannot be
// read, a split without scans, or the context's error when ctx ends before the
// last scan was handed over. It can be ranged over again, from the start.
func (s *Set) Scans(ctx context.Context, split Split) iter.Seq2[*rgbd.Labelled, error] {
	return func(yield func(*rgbd.Labelled, error) bool) {
		items := s.items[split]
		if len(items) == 0 {
			yield(nil, s.without(split))
			return
		}
		inner, cancel := context.WithCancel(ctx)
		next := make(chan loaded)
		var wg sync.WaitGroup
		defer wg.Wait() // after cancel
		defer cancel()
		wg.Go(func() {
			defer close(next)
			s.feed(inner, items, next)
		})
		for range items {
			r := <-next // without a value only when ctx ended
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(r.scan, r.err) || r.err != nil {
				return
			}
		}
	}
}

type loaded struct {
	scan *rgbd.Labelled
	err  error
}

// feed sends the items' scans until the first that cannot be read, which it
// sends too, or until ctx ends.
func (s *Set) feed(ctx context.Context, items []Item, next chan<- loaded) {
	for _, it := range items {
		if ctx.Err() != nil {
			return
		}
		l, err := s.load(ctx, it)
		select {
		case next <- loaded{l, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// without returns the error for a split that has no scans.
func (s *Set) without(split Split) error {
	var has []string
	for _, sp := range s.Splits() {
		has = append(has, string(sp))
	}
	return &scan.Error{Path: s.Root, Err: fmt.Errorf("no %s scans; the set has: %s", split, strings.Join(has, ", "))}
}
