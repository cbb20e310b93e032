package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Loops over planes take four values at a time; n is a multiple of it, and positive.

func slide256() {
	TEXT("slideAVX2", NOSPLIT, "func(line, sums, in, out *float64, n int)")
	Pragma("noescape")
	line, sums := Load(Param("line"), GP64()), Load(Param("sums"), GP64())
	in, out := Load(Param("in"), GP64()), Load(Param("out"), GP64())
	n, i := Load(Param("n"), GP64()), GP64()
	XORQ(i, i)
	Label("loop")
	s := YMM()
	VMOVUPD(Mem{Base: sums, Index: i, Scale: 8}, s)
	VMOVUPD(s, Mem{Base: line, Index: i, Scale: 8})
	VADDPD(Mem{Base: in, Index: i, Scale: 8}, s, s)
	VSUBPD(Mem{Base: out, Index: i, Scale: 8}, s, s)
	VMOVUPD(s, Mem{Base: sums, Index: i, Scale: 8})
	ADDQ(U8(4), i)
	CMPQ(i, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transpose256 takes four rows of n values; the strides are counted in values.
func transpose256() {
	TEXT("transposeAVX2", NOSPLIT, "func(src *float64, srcStride int, dst *float64, dstStride, n int)")
	Pragma("noescape")
	src, from := Load(Param("src"), GP64()), Load(Param("srcStride"), GP64())
	dst, to := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(U8(3), from)
	SHLQ(U8(3), to)
	from3, to3, to4 := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: from, Index: from, Scale: 2}, from3)
	LEAQ(Mem{Base: to, Index: to, Scale: 2}, to3)
	LEAQ(Mem{Base: to, Index: to3, Scale: 1}, to4)
	Label("loop")
	var a, b [4]VecVirtual
	for k := range a {
		a[k], b[k] = YMM(), YMM()
	}
	VMOVUPD(Mem{Base: src}, a[0])
	VMOVUPD(Mem{Base: src, Index: from, Scale: 1}, a[1])
	VMOVUPD(Mem{Base: src, Index: from, Scale: 2}, a[2])
	VMOVUPD(Mem{Base: src, Index: from3, Scale: 1}, a[3])
	VUNPCKLPD(a[1], a[0], b[0])
	VUNPCKHPD(a[1], a[0], b[1])
	VUNPCKLPD(a[3], a[2], b[2])
	VUNPCKHPD(a[3], a[2], b[3])
	VPERM2F128(U8(0x20), b[2], b[0], a[0])
	VPERM2F128(U8(0x20), b[3], b[1], a[1])
	VPERM2F128(U8(0x31), b[2], b[0], a[2])
	VPERM2F128(U8(0x31), b[3], b[1], a[3])
	VMOVUPD(a[0], Mem{Base: dst})
	VMOVUPD(a[1], Mem{Base: dst, Index: to, Scale: 1})
	VMOVUPD(a[2], Mem{Base: dst, Index: to, Scale: 2})
	VMOVUPD(a[3], Mem{Base: dst, Index: to3, Scale: 1})
	ADDQ(U8(32), src)
	ADDQ(to4, dst)
	SUBQ(U8(4), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func directions256() {
	TEXT("directionsAVX2", NOSPLIT, "func(x, y *float64, n int, out *float64, stride int)")
	Pragma("noescape")
	px, py, n := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	out, stride := Load(Param("out"), GP64()), Load(Param("stride"), GP64())
	SHLQ(U8(3), stride)
	stride3, half := GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	LEAQ(Mem{Base: out, Index: stride, Scale: 4}, half) // of the negatives
	zero := YMM()
	VXORPD(zero, zero, zero)
	Label("loop")
	x, y, s, d := YMM(), YMM(), YMM(), YMM()
	VMOVUPD(Mem{Base: px}, x)
	VMOVUPD(Mem{Base: py}, y)
	VADDPD(y, x, s)
	VSUBPD(x, y, d)
	at := func(base Register, k int) Mem {
		switch k {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: stride3, Scale: 1}
		}
		return Mem{Base: base, Index: stride, Scale: uint8(k)}
	}
	for k, v := range []VecVirtual{x, s, y, d} {
		p, m := YMM(), YMM()
		VMAXPD(zero, v, p) // of equal ones the first operand
		VSUBPD(v, zero, m)
		VMAXPD(zero, m, m)
		VMOVUPD(p, at(out, k))
		VMOVUPD(m, at(half, k))
	}
	for _, p := range []Register{px, py, out, half} {
		ADDQ(U8(32), p)
	}
	SUBQ(U8(4), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func saturate256() {
	TEXT("saturateAVX2", NOSPLIT, "func(dst *float32, v *float64, n int, curve *[3]float64)")
	Pragma("noescape")
	dst, v, n := Load(Param("dst"), GP64()), Load(Param("v"), GP64()), Load(Param("n"), GP64())
	curve := Load(Param("curve"), GP64())
	gain, peak, half := YMM(), YMM(), YMM()
	VBROADCASTSD(Mem{Base: curve}, gain)
	VBROADCASTSD(Mem{Base: curve, Disp: 8}, peak)
	VBROADCASTSD(Mem{Base: curve, Disp: 16}, half)
	Label("loop")
	s, top := YMM(), YMM()
	VMULPD(Mem{Base: v}, gain, s)
	VMULPD(s, peak, top)
	VADDPD(half, s, s)
	VDIVPD(s, top, s)
	narrow := XMM()
	VCVTPD2PSY(s, narrow)
	VMOVUPS(narrow, Mem{Base: dst})
	ADDQ(U8(32), v)
	ADDQ(U8(16), dst)
	SUBQ(U8(4), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func addRoots256() {
	TEXT("addRootsAVX2", NOSPLIT, "func(sums, row *float64, n int)")
	Pragma("noescape")
	sums, row, n := Load(Param("sums"), GP64()), Load(Param("row"), GP64()), Load(Param("n"), GP64())
	Label("loop")
	v, narrow := YMM(), XMM()
	VCVTPD2PSY(Mem{Base: row}, narrow)
	VSQRTPS(narrow, narrow)
	VCVTPS2PD(narrow, v)
	VADDPD(Mem{Base: sums}, v, v)
	VMOVUPD(v, Mem{Base: sums})
	ADDQ(U8(32), row)
	ADDQ(U8(32), sums)
	SUBQ(U8(4), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func addPairs256() {
	TEXT("addPairsAVX2", NOSPLIT, "func(sums, a, b *float64, k float64, n int)")
	Pragma("noescape")
	sums, a, b := Load(Param("sums"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	one, k := Load(Param("k"), XMM()), YMM()
	VBROADCASTSD(one, k)
	n, i := Load(Param("n"), GP64()), GP64()
	XORQ(i, i)
	Label("loop")
	v := YMM()
	VMOVUPD(Mem{Base: a, Index: i, Scale: 8}, v)
	VADDPD(Mem{Base: b, Index: i, Scale: 8}, v, v)
	VMULPD(k, v, v)
	VADDPD(Mem{Base: sums, Index: i, Scale: 8}, v, v)
	VMOVUPD(v, Mem{Base: sums, Index: i, Scale: 8})
	ADDQ(U8(4), i)
	CMPQ(i, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// mixRows256 makes n values, a multiple of 8, eight at a time from all taps.
func mixRows256() {
	TEXT("mixRowsAVX2", NOSPLIT, "func(dst, src *uint8, stride int, weights *int32, taps int, start int32, shift, n int)")
	Pragma("noescape")
	dst, src, stride := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("stride"), GP64())
	weights, taps := Load(Param("weights"), GP64()), Load(Param("taps"), GP64())
	first, shift, start := GP32(), XMM(), YMM()
	Load(Param("start"), first)
	one := XMM()
	VMOVD(first, one)
	VPBROADCASTD(one, start)
	VMOVQ(Load(Param("shift"), GP64()), shift)
	n := Load(Param("n"), GP64())
	Label("loop")
	sum, from, j := YMM(), GP64(), GP64()
	VMOVDQA(start, sum)
	MOVQ(src, from)
	XORQ(j, j)
	Label("tap")
	v, w := YMM(), YMM()
	VPMOVZXBD(Mem{Base: from}, v)
	VPBROADCASTD(Mem{Base: weights, Index: j, Scale: 4}, w)
	VPMULLD(w, v, v)
	VPADDD(v, sum, sum)
	ADDQ(stride, from)
	INCQ(j)
	CMPQ(j, taps)
	JLT(LabelRef("tap"))
	high := XMM()
	VPSRAD(shift, sum, sum)
	VEXTRACTI128(U8(1), sum, high)
	VPACKSSDW(high, sum.AsX(), high)
	VPACKUSWB(high, high, high)
	VMOVQ(high, Mem{Base: dst})
	ADDQ(U8(8), src)
	ADDQ(U8(8), dst)
	SUBQ(U8(8), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
