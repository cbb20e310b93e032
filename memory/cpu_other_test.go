//go:build !unix

package memory

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
