// Package simd holds the loops that most of the time is spent in, each in Go and,
// for amd64, in assembly that gives the same bits; the generator of the assembly is
// in gen, a module of its own. The Go functions define what the kernels compute.
//
// No kernel fuses a product and a sum.
package simd

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg simd

// Level is an instruction set that kernels are written for.
type Level uint8

// The levels, each including those before.
const (
	Generic Level = iota // Go
	AVX2                 // with BMI2 and POPCNT
	AVX512               // F, BW, DQ and VL
)

func (l Level) String() string { return [...]string{"generic", "AVX2", "AVX-512"}[l] }

// level is the one in use: the best that the processor has.
var level = best()

// Levels returns the levels that this processor can use.
func Levels() []Level {
	return []Level{Generic, AVX2, AVX512}[:best()+1]
}

// Use makes all kernels run at level l, one of Levels, and returns a function that
// restores what was in use. It is for tests, and not safe beside running kernels.
func Use(l Level) (restore func()) {
	old := level
	level = min(l, best())
	return func() { level = old }
}
