//go:build unix

// Package cputime tells what the process has used of its processors: what benchmarks
// report, because it depends less than the clock on what else the machine does.
package cputime

import (
	"syscall"
	"time"
)

// Used is the processor time of the process so far.
func Used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
