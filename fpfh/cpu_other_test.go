//go:build !unix

package fpfh

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
