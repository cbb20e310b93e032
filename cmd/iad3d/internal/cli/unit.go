package cli

import (
	"fmt"
	"iter"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// doubtUnit tells the user when the numbers of a scan suit another unit than the
// one they are taken for, unless that was declared. It reports whether it did.
func (a *app) doubtUnit(s *rgbd.Scan, declared bool) bool {
	if declared {
		return false
	}
	doubt := unitDoubt(s)
	if doubt != "" {
		a.note("%s", doubt)
	}
	return doubt != ""
}

// unitDoubt returns what to tell then, "" for nothing.
func unitDoubt(s *rgbd.Scan) string {
	g := pointcloud.GuessUnit(s.Cloud)
	if !g.Sure || g.Unit == s.Cloud.Unit {
		return ""
	}
	return fmt.Sprintf("warning: %s: %s; its numbers are taken for %v (--unit %v says otherwise)", s.Label(), g.Reason, s.Cloud.Unit, g.Unit)
}

// doubting passes scans on and looks at the unit of the first.
func (a *app) doubting(scans iter.Seq2[*rgbd.Scan, error], declared bool) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		first := true
		for s, err := range scans {
			if first && err == nil {
				a.doubtUnit(s, declared)
				first = false
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
