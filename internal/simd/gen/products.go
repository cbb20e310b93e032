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

// products256 goes through the panel four times, sixteen of its rows at a time.
func products256() {
	TEXT("productsAVX2", NOSPLIT, productsSignature)
	Pragma("noescape")
	a := loadProducts()
	column := GP64()
	MOVQ(U32(4), column)
	Label("column")
	var s [blockRows][2]VecVirtual
	for i := range s {
		for j := range s[i] {
			s[i][j] = YMM()
			VXORPS(s[i][j], s[i][j], s[i][j])
		}
	}
	x, x3, panel, n := GP64(), GP64(), GP64(), GP64()
	MOVQ(a.x, x)
	MOVQ(a.x3, x3)
	MOVQ(a.panel, panel)
	MOVQ(a.n, n)
	b := &productsArgs{x: x, x3: x3, stride: a.stride}
	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	var p [2]VecVirtual
	for j := range p {
		p[j] = YMM()
		VMOVUPS(Mem{Base: panel, Disp: 32 * j}, p[j])
	}
	for i := range s {
		v, t := YMM(), YMM()
		VBROADCASTSS(b.row(i), v)
		VMULPS(p[0], v, t)
		VADDPS(t, s[i][0], s[i][0])
		VMULPS(p[1], v, v)
		VADDPS(v, s[i][1], s[i][1])
	}
	ADDQ(U32(4*panelRows), panel)
	ADDQ(U8(4), x)
	ADDQ(U8(4), x3)
	JMP(LabelRef("loop"))
	Label("done")
	out, peaks := GP64(), GP64()
	MOVQ(a.out, out)
	MOVQ(a.peaks, peaks)
	for i := range s {
		VMOVUPS(s[i][0], Mem{Base: out})
		VMOVUPS(s[i][1], Mem{Base: out, Disp: 32})
		VMAXPS(s[i][1], s[i][0], s[i][0])
		keepPeak(column, 4, i, s[i][0], peaks)
		ADDQ(a.outStride, out)
		ADDQ(a.peakStride, peaks)
	}
	ADDQ(U8(64), a.panel)
	ADDQ(U8(64), a.out)
	SUBQ(U8(1), column)
	JNE(LabelRef("column"))
	VZEROUPPER()
	RET()
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
	a := loadProducts()
	column := GP64()
	MOVQ(U32(8), column)
	Label("column")
	var s [blockRows][2]VecVirtual
	for i := range s {
		for j := range s[i] {
			s[i][j] = YMM()
			VPXOR(s[i][j], s[i][j], s[i][j])
		}
	}
	x, x3, panel, n := GP64(), GP64(), GP64(), GP64()
	MOVQ(a.x, x)
	MOVQ(a.x3, x3)
	MOVQ(a.panel, panel)
	MOVQ(a.n, n)
	b := &productsArgs{x: x, x3: x3, stride: a.stride}
	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	var p [2]VecVirtual
	for j := range p {
		p[j] = YMM()
		VPMOVSXBW(Mem{Base: panel, Disp: 16 * j}, p[j])
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
	ADDQ(U32(4*panelRows), panel)
	ADDQ(U8(4), x)
	ADDQ(U8(4), x3)
	JMP(LabelRef("loop"))
	Label("done")
	out, peaks := GP64(), GP64()
	MOVQ(a.out, out)
	MOVQ(a.peaks, peaks)
	for i := range s {
		sum := s[i][0]
		VPHADDD(s[i][1], sum, sum) // rows 0 1 4 5 2 3 6 7
		VPERMQ(U8(0xd8), sum, sum)
		VPADDD(Mem{Base: start}, sum, sum)
		VCVTDQ2PS(sum, sum)
		VMOVUPS(sum, Mem{Base: out})
		keepPeak(column, 8, i, sum, peaks)
		ADDQ(a.outStride, out)
		ADDQ(a.peakStride, peaks)
	}
	ADDQ(U8(32), a.panel)
	ADDQ(U8(32), a.out)
	ADDQ(U8(32), start)
	SUBQ(U8(1), column)
	JNE(LabelRef("column"))
	VZEROUPPER()
	RET()
}
