package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// addSquares256 takes n values, a multiple of 4.
func addSquares256() {
	TEXT("addSquaresAVX2", NOSPLIT, "func(sums *float64, v *float32, n int)")
	Pragma("noescape")
	sums, v, n := Load(Param("sums"), GP64()), Load(Param("v"), GP64()), Load(Param("n"), GP64())
	i := GP64()
	XORQ(i, i)
	Label("loop")
	x := YMM()
	VCVTPS2PD(Mem{Base: v, Index: i, Scale: 4}, x)
	VMULPD(x, x, x)
	VADDPD(Mem{Base: sums, Index: i, Scale: 8}, x, x)
	VMOVUPD(x, Mem{Base: sums, Index: i, Scale: 8})
	ADDQ(U8(4), i)
	CMPQ(i, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// addScaled256 takes n values, a multiple of 8.
func addScaled256() {
	TEXT("addScaledAVX2", NOSPLIT, "func(sums, v, scale *float32, sign float32, n int)")
	Pragma("noescape")
	sums, v, scale := Load(Param("sums"), GP64()), Load(Param("v"), GP64()), Load(Param("scale"), GP64())
	one, sign := Load(Param("sign"), XMM()), YMM()
	VBROADCASTSS(one, sign)
	n, i := Load(Param("n"), GP64()), GP64()
	XORQ(i, i)
	Label("loop")
	x := YMM()
	VMOVUPS(Mem{Base: v, Index: i, Scale: 4}, x)
	VMULPS(Mem{Base: scale, Index: i, Scale: 4}, x, x)
	VMULPS(sign, x, x)
	VADDPS(Mem{Base: sums, Index: i, Scale: 4}, x, x)
	VMOVUPS(x, Mem{Base: sums, Index: i, Scale: 4})
	ADDQ(U8(8), i)
	CMPQ(i, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// fromPlanes256 takes n pixels, a multiple of 8, of eight planes; the strides, between
// planes and between pixels, are counted in values.
func fromPlanes256() {
	TEXT("fromPlanesAVX2", NOSPLIT, "func(src *float32, srcStride int, dst *float32, dstStride, n int)")
	Pragma("noescape")
	src, from := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	dst, to := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(U8(2), from)
	SHLQ(U8(2), to)
	from3, to3, src4, dst4 := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: from, Index: from, Scale: 2}, from3)
	LEAQ(Mem{Base: to, Index: to, Scale: 2}, to3)
	LEAQ(Mem{Base: src, Index: from, Scale: 4}, src4)
	at := func(low, high, stride, stride3 Register, k int) Mem {
		base := low
		if k >= 4 {
			base = high
		}
		switch k % 4 {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: stride3, Scale: 1}
		}
		return Mem{Base: base, Index: stride, Scale: uint8(k % 4)}
	}
	Label("loop")
	LEAQ(Mem{Base: dst, Index: to, Scale: 4}, dst4)
	var a, b [8]VecVirtual
	for k := range a {
		a[k], b[k] = YMM(), YMM()
		VMOVUPS(at(src, src4, from, from3, k), a[k])
	}
	for k := 0; k < 8; k += 2 { // pairs of planes
		VUNPCKLPS(a[k+1], a[k], b[k])
		VUNPCKHPS(a[k+1], a[k], b[k+1])
	}
	for k := 0; k < 8; k += 4 { // fours
		VUNPCKLPD(b[k+2], b[k], a[k])
		VUNPCKHPD(b[k+2], b[k], a[k+1])
		VUNPCKLPD(b[k+3], b[k+1], a[k+2])
		VUNPCKHPD(b[k+3], b[k+1], a[k+3])
	}
	for k := range 4 { // all eight
		VPERM2F128(U8(0x20), a[k+4], a[k], b[k])
		VPERM2F128(U8(0x31), a[k+4], a[k], b[k+4])
	}
	for k := range b {
		VMOVUPS(b[k], at(dst, dst4, to, to3, k))
	}
	ADDQ(U8(32), src)
	ADDQ(U8(32), src4)
	LEAQ(Mem{Base: dst4, Index: to, Scale: 4}, dst)
	SUBQ(U8(8), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
