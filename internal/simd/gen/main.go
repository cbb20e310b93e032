// Command gen writes the kernels of package simd. It is a module of its own, so
// that the product does not depend on the generator:
//
//	go generate ./internal/simd
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	walk256()
	within512()
	within256()
	rank512()
	split512()
	c, bits := pairConstants()
	pairBins512(c, bits)
	pairBins256(c, bits)
	count512()
	count256()
	weigh256(weigh512())
	moments256()
	bounds256()
	slide256()
	transpose256()
	directions256()
	saturate256()
	addRoots256()
	addPairs256()
	mixRows256()
	addSquares256()
	addScaled256()
	fromPlanes256()
	products512()
	products256()
	byteProductsVNNI()
	byteProducts256()
	product512()
	product256()
	boxes256()
	distances256()
	Generate()
}

// constants are float32 values that kernels read from memory.
type constants struct {
	data   Mem
	offset map[float64]int
}

func newConstants(name string, values ...float64) constants {
	c := constants{GLOBL(name, 8|16), map[float64]int{}} // RODATA|NOPTR
	for i, v := range values {
		DATA(4*i, F32(v))
		c.offset[v] = 4 * i
	}
	return c
}

func (c constants) at(v float64) Mem {
	o, ok := c.offset[v]
	if !ok {
		panic("constant not declared")
	}
	return c.data.Offset(o)
}

// broadcast loads a float64 argument or value into all lanes.
func broadcast(m Mem) VecVirtual {
	z := ZMM()
	VBROADCASTSD(m, z)
	return z
}

// broadcast32 is broadcast for a float32.
func broadcast32(m Mem) VecVirtual {
	z := ZMM()
	VBROADCASTSS(m, z)
	return z
}

// Predicates of VCMPPD; all are false for NaN.
const (
	less    = 0x11
	atMost  = 0x12
	greater = 0x1e
)
