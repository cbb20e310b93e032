//go:build unix

package scan

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRead reads the files of the folder that IAD3D_SPEED names, and tells
// the processor time, user and system, of one read. testdata/speed.py writes
// the files and runs this and Open3D in turns.
func BenchmarkRead(b *testing.B) {
	dir := os.Getenv("IAD3D_SPEED")
	if dir == "" {
		b.Skip("IAD3D_SPEED names no folder")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.p[cl]?"))
	if err != nil {
		b.Fatal(err)
	}
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for _, path := range files {
		b.Run(strings.ReplaceAll(filepath.Base(path), ".", "_"), func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				if _, err := Read(path, Options{NoColour: true}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
