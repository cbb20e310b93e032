package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Sizes of the blocks that productsAVX512 and productsAVX2 compute.
const (
	blockRows = 6
	panelRows = 64
)

const productsSignature = "func(x *float32, stride int, panel *float32, n int, out *float32, outStride int, peaks *float32, peakStride int)"

// productsArgs are the arguments, strides in bytes. Row i of x is at row(i).
type productsArgs struct {
	x, x3, stride     Register
	panel, n          Register
	out, outStride    Register
	peaks, peakStride Register
}

func loadProducts() *productsArgs {
	a := &productsArgs{
		x: Load(Param("x"), GP64()), stride: Load(Param("stride"), GP64()),
		panel: Load(Param("panel"), GP64()), n: Load(Param("n"), GP64()),
		out: Load(Param("out"), GP64()), outStride: Load(Param("outStride"), GP64()),
		peaks: Load(Param("peaks"), GP64()), peakStride: Load(Param("peakStride"), GP64()),
		x3: GP64(),
	}
	LEAQ(Mem{Base: a.stride, Index: a.stride, Scale: 2}, a.x3)
	ADDQ(a.x, a.x3)
	return a
}

// row is the next value of row i, of six.
func (a *productsArgs) row(i int) Mem {
	base := a.x
	if i >= 3 {
		base = a.x3
	}
	if i%3 == 0 {
		return Mem{Base: base}
	}
	return Mem{Base: base, Index: a.stride, Scale: uint8(i % 3)}
}

// products512 keeps 6×64 sums in registers.
func products512() {
	TEXT("productsAVX512", NOSPLIT, productsSignature)
	Pragma("noescape")
	a := loadProducts()
	var s [blockRows][4]VecVirtual
	for i := range s {
		for j := range s[i] {
			s[i][j] = ZMM()
			VPXORQ(s[i][j], s[i][j], s[i][j])
		}
	}
	Label("loop")
	SUBQ(U8(1), a.n)
	JLT(LabelRef("done"))
	var p [4]VecVirtual
	for j := range p {
		p[j] = ZMM()
		VMOVUPS(Mem{Base: a.panel, Disp: 64 * j}, p[j])
	}
	for i := range s {
		v := ZMM()
		VBROADCASTSS(a.row(i), v)
		for j := range p {
			t := ZMM()
			VMULPS(p[j], v, t)
			VADDPS(t, s[i][j], s[i][j])
		}
	}
	ADDQ(U32(4*panelRows), a.panel)
	ADDQ(U8(4), a.x)
	ADDQ(U8(4), a.x3)
	JMP(LabelRef("loop"))
	Label("done")
	for i := range s {
		a.finish512(s[i])
	}
	VZEROUPPER()
	RET()
}

// finish512 stores the sums of a row and the largest, and goes on to the next row.
func (a *productsArgs) finish512(s [4]VecVirtual) {
	for j := range s {
		VMOVUPS(s[j], Mem{Base: a.out, Disp: 64 * j})
	}
	VMAXPS(s[1], s[0], s[0])
	VMAXPS(s[3], s[2], s[2])
	VMAXPS(s[2], s[0], s[0])
	half := YMM()
	VEXTRACTF32X8(U8(1), s[0], half)
	VMAXPS(half, s[0].AsY(), half)
	a.storePeak(half)
	ADDQ(a.outStride, a.out)
	ADDQ(a.peakStride, a.peaks)
}

// keepPeak makes the largest of eight values the peak of row i, in the first of columns
// columns, or takes it into account.
func keepPeak(column Register, columns, i int, y VecVirtual, peaks Register) {
	label := "first" + string(rune('0'+i))
	CMPQ(column, U8(columns))
	JEQ(LabelRef(label))
	t := YMM()
	VBROADCASTSS(Mem{Base: peaks}, t)
	VMAXPS(t, y, y)
	Label(label)
	(&productsArgs{peaks: peaks}).storePeak(y)
}

// storePeak stores the largest of eight values.
func (a *productsArgs) storePeak(y VecVirtual) { VMOVSS(largest(y), Mem{Base: a.peaks}) }

// largest returns the largest of eight values, which it overwrites.
func largest(y VecVirtual) Register {
	x := y.AsX()
	t := XMM()
	VEXTRACTF128(U8(1), y, t)
	VMAXPS(t, x, x)
	VPERMILPS(U8(0x4e), x, t)
	VMAXPS(t, x, x)
	VPERMILPS(U8(0xb1), x, t)
	VMAXPS(t, x, x)
	return x
}

// columns goes through the panel in as many columns of rows, advancing by panelStep bytes
// of it each time: step adds the next values of the panel to the sums of a row in two
// registers, for all rows, and finish makes eight results at a time of them.
func (a *productsArgs) columns(columns, panelStep int, step func(b *productsArgs, s *[blockRows][2]VecVirtual), finish func(s [2]VecVirtual) []VecVirtual, next func()) {
	column := GP64()
	MOVQ(U32(columns), column)
	Label("column")
	var s [blockRows][2]VecVirtual
	for i := range s {
		for j := range s[i] {
			s[i][j] = YMM()
			VPXOR(s[i][j], s[i][j], s[i][j])
		}
	}
	b := &productsArgs{x: GP64(), x3: GP64(), panel: GP64(), n: GP64(), stride: a.stride}
	MOVQ(a.x, b.x)
	MOVQ(a.x3, b.x3)
	MOVQ(a.panel, b.panel)
	MOVQ(a.n, b.n)
	Label("loop")
	SUBQ(U8(1), b.n)
	JLT(LabelRef("done"))
	step(b, &s)
	ADDQ(U32(4*panelRows), b.panel)
	ADDQ(U8(4), b.x)
	ADDQ(U8(4), b.x3)
	JMP(LabelRef("loop"))
	Label("done")
	out, peaks := GP64(), GP64()
	MOVQ(a.out, out)
	MOVQ(a.peaks, peaks)
	width := 0
	for i := range s {
		results := finish(s[i])
		width = 32 * len(results)
		for j, y := range results {
			VMOVUPS(y, Mem{Base: out, Disp: 32 * j})
			if j > 0 {
				VMAXPS(y, results[0], results[0])
			}
		}
		keepPeak(column, columns, i, results[0], peaks)
		ADDQ(a.outStride, out)
		ADDQ(a.peakStride, peaks)
	}
	ADDQ(U8(panelStep), a.panel)
	ADDQ(U8(width), a.out)
	next()
	SUBQ(U8(1), column)
	JNE(LabelRef("column"))
	VZEROUPPER()
	RET()
}

// products256 goes through the panel four times, sixteen of its rows at a time.
func products256() {
	TEXT("productsAVX2", NOSPLIT, productsSignature)
	Pragma("noescape")
	loadProducts().columns(4, 64, func(b *productsArgs, s *[blockRows][2]VecVirtual) {
		var p [2]VecVirtual
		for j := range p {
			p[j] = YMM()
			VMOVUPS(Mem{Base: b.panel, Disp: 32 * j}, p[j])
		}
		for i := range s {
			v, t := YMM(), YMM()
			VBROADCASTSS(b.row(i), v)
			VMULPS(p[0], v, t)
			VADDPS(t, s[i][0], s[i][0])
			VMULPS(p[1], v, v)
			VADDPS(v, s[i][1], s[i][1])
		}
	}, func(s [2]VecVirtual) []VecVirtual { return s[:] }, func() {})
}

const productSignature = "func(x *float32, panel *float32, n int, out *float32) float32"

// product512 is products512 for one row.
func product512() {
	TEXT("productAVX512", NOSPLIT, productSignature)
	Pragma("noescape")
	x, panel, n := Load(Param("x"), GP64()), Load(Param("panel"), GP64()), Load(Param("n"), GP64())
	out := Load(Param("out"), GP64())
	var s [4]VecVirtual
	for j := range s {
		s[j] = ZMM()
		VPXORQ(s[j], s[j], s[j])
	}
	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	v := ZMM()
	VBROADCASTSS(Mem{Base: x}, v)
	for j := range s {
		t := ZMM()
		VMULPS(Mem{Base: panel, Disp: 64 * j}, v, t)
		VADDPS(t, s[j], s[j])
	}
	ADDQ(U32(4*panelRows), panel)
	ADDQ(U8(4), x)
	JMP(LabelRef("loop"))
	Label("done")
	for j := range s {
		VMOVUPS(s[j], Mem{Base: out, Disp: 64 * j})
	}
	VMAXPS(s[1], s[0], s[0])
	VMAXPS(s[3], s[2], s[2])
	VMAXPS(s[2], s[0], s[0])
	half := YMM()
	VEXTRACTF32X8(U8(1), s[0], half)
	VMAXPS(half, s[0].AsY(), half)
	Store(largest(half), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// product256 is product512 with eight sums.
func product256() {
	TEXT("productAVX2", NOSPLIT, productSignature)
	Pragma("noescape")
	x, panel, n := Load(Param("x"), GP64()), Load(Param("panel"), GP64()), Load(Param("n"), GP64())
	out := Load(Param("out"), GP64())
	var s [8]VecVirtual
	for j := range s {
		s[j] = YMM()
		VXORPS(s[j], s[j], s[j])
	}
	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	v := YMM()
	VBROADCASTSS(Mem{Base: x}, v)
	for j := range s {
		t := YMM()
		VMULPS(Mem{Base: panel, Disp: 32 * j}, v, t)
		VADDPS(t, s[j], s[j])
	}
	ADDQ(U32(4*panelRows), panel)
	ADDQ(U8(4), x)
	JMP(LabelRef("loop"))
	Label("done")
	for j := range s {
		VMOVUPS(s[j], Mem{Base: out, Disp: 32 * j})
	}
	for gap := 4; gap > 0; gap /= 2 {
		for j := range gap {
			VMAXPS(s[j+gap], s[j], s[j])
		}
	}
	Store(largest(s[0]), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// boxes256 measures eight boxes at a time.
func boxes256() {
	TEXT("boxesAVX2", NOSPLIT, "func(x *float32, m int, lo, hi *float32, n int, dist2 *float32)")
	Pragma("noescape")
	x, m := Load(Param("x"), GP64()), Load(Param("m"), GP64())
	lo, hi, n := Load(Param("lo"), GP64()), Load(Param("hi"), GP64()), Load(Param("n"), GP64())
	dist2 := Load(Param("dist2"), GP64())
	stride, zero := GP64(), YMM()
	LEAQ(Mem{Base: n, Disp: 0}, stride)
	SHLQ(U8(2), stride)
	VXORPS(zero, zero, zero)
	Label("eight")
	SUBQ(U8(8), n)
	JLT(LabelRef("done"))
	sum := YMM()
	VXORPS(sum, sum, sum)
	j, at := GP64(), GP64()
	XORQ(j, j)
	XORQ(at, at)
	Label("value")
	CMPQ(j, m)
	JGE(LabelRef("store"))
	v, below, above := YMM(), YMM(), YMM()
	VBROADCASTSS(Mem{Base: x, Index: j, Scale: 4}, v)
	VMOVUPS(Mem{Base: lo, Index: at, Scale: 1}, below)
	VSUBPS(v, below, below)
	VSUBPS(Mem{Base: hi, Index: at, Scale: 1}, v, above)
	VMAXPS(above, below, below)
	VMAXPS(zero, below, below)
	VMULPS(below, below, below)
	VADDPS(below, sum, sum)
	ADDQ(stride, at)
	INCQ(j)
	JMP(LabelRef("value"))
	Label("store")
	VMOVUPS(sum, Mem{Base: dist2})
	ADDQ(U8(32), dist2)
	ADDQ(U8(32), lo)
	ADDQ(U8(32), hi)
	JMP(LabelRef("eight"))
	Label("done")
	VZEROUPPER()
	RET()
}

const byteProductsSignature = "func(x *uint8, stride int, panel *int8, n int, start *int32, out *float32, outStride int, peaks *float32, peakStride int)"

// byteProductsVNNI is products512 for bytes, four at a time.
func byteProductsVNNI() {
	TEXT("byteProductsVNNI", NOSPLIT, byteProductsSignature)
	Pragma("noescape")
	start := Load(Param("start"), GP64())
	a := loadProducts()
	var s [blockRows][4]VecVirtual
	for i := range s {
		for j := range s[i] {
			s[i][j] = ZMM()
			VMOVDQU32(Mem{Base: start, Disp: 64 * j}, s[i][j])
		}
	}
	Label("loop")
	SUBQ(U8(1), a.n)
	JLT(LabelRef("done"))
	var p [4]VecVirtual
	for j := range p {
		p[j] = ZMM()
		VMOVDQU32(Mem{Base: a.panel, Disp: 64 * j}, p[j])
	}
	for i := range s {
		v := ZMM()
		VPBROADCASTD(a.row(i), v)
		for j := range p {
			VPDPBUSD(p[j], v, s[i][j])
		}
	}
	ADDQ(U32(4*panelRows), a.panel)
	ADDQ(U8(4), a.x)
	ADDQ(U8(4), a.x3)
	JMP(LabelRef("loop"))
	Label("done")
	for i := range s {
		for j := range s[i] {
			VCVTDQ2PS(s[i][j], s[i][j])
		}
		a.finish512(s[i])
	}
	VZEROUPPER()
	RET()
}

// byteProducts256 goes through the panel eight times, eight of its rows at a time. A
// row's sum is kept in two parts, over even and odd pairs of bytes.
func byteProducts256() {
	TEXT("byteProductsAVX2", NOSPLIT, byteProductsSignature)
	Pragma("noescape")
	start := Load(Param("start"), GP64())
	loadProducts().columns(8, 32, func(b *productsArgs, s *[blockRows][2]VecVirtual) {
		var p [2]VecVirtual
		for j := range p {
			p[j] = YMM()
			VPMOVSXBW(Mem{Base: b.panel, Disp: 16 * j}, p[j])
		}
		for i := range s {
			v, t := YMM(), YMM()
			VPBROADCASTD(b.row(i), v.AsX())
			VPMOVZXBW(v.AsX(), v)
			VPMADDWD(p[0], v, t)
			VPADDD(t, s[i][0], s[i][0])
			VPMADDWD(p[1], v, v)
			VPADDD(v, s[i][1], s[i][1])
		}
	}, func(s [2]VecVirtual) []VecVirtual {
		VPHADDD(s[1], s[0], s[0]) // rows 0 1 4 5 2 3 6 7
		VPERMQ(U8(0xd8), s[0], s[0])
		VPADDD(Mem{Base: start}, s[0], s[0])
		VCVTDQ2PS(s[0], s[0])
		return s[:1]
	}, func() { ADDQ(U8(32), start) })
}
