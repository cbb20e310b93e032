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
		for j := range s[i] {
			VMOVUPS(s[i][j], Mem{Base: a.out, Disp: 64 * j})
		}
		VMAXPS(s[i][1], s[i][0], s[i][0])
		VMAXPS(s[i][3], s[i][2], s[i][2])
		VMAXPS(s[i][2], s[i][0], s[i][0])
		half := YMM()
		VEXTRACTF32X8(U8(1), s[i][0], half)
		VMAXPS(half, s[i][0].AsY(), half)
		a.storePeak(half)
		ADDQ(a.outStride, a.out)
		ADDQ(a.peakStride, a.peaks)
	}
	VZEROUPPER()
	RET()
}

// storePeak stores the largest of eight values.
func (a *productsArgs) storePeak(y VecVirtual) {
	x := y.AsX()
	t := XMM()
	VEXTRACTF128(U8(1), y, t)
	VMAXPS(t, x, x)
	VPERMILPS(U8(0x4e), x, t)
	VMAXPS(t, x, x)
	VPERMILPS(U8(0xb1), x, t)
	VMAXPS(t, x, x)
	VMOVSS(x, Mem{Base: a.peaks})
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
		CMPQ(column, U8(4))
		JEQ(LabelRef("first" + string(rune('0'+i))))
		t := YMM()
		VBROADCASTSS(Mem{Base: peaks}, t)
		VMAXPS(t, s[i][0], s[i][0])
		Label("first" + string(rune('0'+i)))
		(&productsArgs{peaks: peaks}).storePeak(s[i][0])
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
