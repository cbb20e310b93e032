package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// What pairBinsGeneric measures against, and the coefficients of its series.
const (
	tie, top              = 4e-6, 1 - 4e-6
	slant, least          = 0.25, 0.25
	small, large          = 1e-30, 1e30
	guard, angleGuard     = 3e-4, 1e-3
	guardHi, angleHi      = 1 - guard, 1 - angleGuard
	half, one, bins       = 0.5, 1.0, 11.0
	a1, a3, a5, a7, a9    = 0.9998660, 0.3302995, 0.1801410, 0.0851330, 0.0208351
	perTurn               = 11 / (2 * math.Pi)
	undecided             = 255.0
	quarterTurn, halfTurn = math.Pi / 2, math.Pi
)

// pairConstants declares those constants, and the masks of a float32 without its sign
// and of its sign.
func pairConstants() (constants, Mem) {
	c := newConstants("pairConstants", tie, top, slant, least, small, large, guard, angleGuard, half, one, bins,
		a1, a3, a5, a7, a9, perTurn, undecided, guardHi, angleHi, quarterTurn, halfTurn)
	bits := GLOBL("pairBits", 8|16)
	DATA(0, U32(1<<31-1))
	DATA(4, U32(1<<31))
	return c, bits
}

// pairBins512 follows pairBinsGeneric operation by operation, sixteen neighbours at a
// time.
func pairBins512(c constants, bits Mem) {
	TEXT("pairBinsAVX512", NOSPLIT, "func(points *[8]float32, i int, list *int32, n int, f1, f2, f3 *uint8)")
	Pragma("noescape")
	points, at := Load(Param("points"), GP64()), Load(Param("i"), GP64())
	list, n := Load(Param("list"), GP64()), Load(Param("n"), GP64())
	o1, o2, o3 := Load(Param("f1"), GP64()), Load(Param("f2"), GP64()), Load(Param("f3"), GP64())
	rest := AllocLocal(64)
	SHLQ(U8(5), at)
	ADDQ(points, at)
	var m [3]VecVirtual
	for d := range 3 {
		m[d] = broadcast32(Mem{Base: at, Disp: 16 + 4*d})
	}
	absolute, sign := ZMM(), ZMM()
	VBROADCASTSS(bits, absolute)
	VBROADCASTSS(bits.Offset(4), sign)

	Label("loop")
	CMPQ(n, U8(16))
	JGE(LabelRef("body"))
	TESTQ(n, n)
	JLE(LabelRef("done"))
	// The last few: the missing ones are the point 0, and their bins are slack.
	mask, few, tail := GP64(), K(), ZMM()
	MOVQ(I32(-1), mask)
	BZHIQ(n, mask, mask)
	KMOVW(mask.As32(), few)
	VMOVDQU32_Z(Mem{Base: list}, few, tail)
	VMOVDQU32(tail, rest)
	LEAQ(rest, list)

	Label("body")
	// Points 0 to 3 beside 4 to 7, and 8 to 11 beside 12 to 15: then four values of
	// each are transposed in every quarter of a register.
	address := func(j int) Mem {
		k := GP64()
		MOVLQSX(Mem{Base: list, Disp: 4 * j}, k)
		SHLQ(U8(5), k)
		return Mem{Base: points, Index: k, Scale: 1}
	}
	quarters := func(first int) (x, y, z VecVirtual) {
		var r [4]VecVirtual
		for j := range r {
			r[j] = ZMM()
			VBROADCASTF32X8(address(first+j), r[j])
			VINSERTF32X8(U8(1), address(first+j+4), r[j], r[j])
		}
		xy, zw, xy2, zw2 := ZMM(), ZMM(), ZMM(), ZMM()
		VUNPCKLPS(r[1], r[0], xy)
		VUNPCKHPS(r[1], r[0], zw)
		VUNPCKLPS(r[3], r[2], xy2)
		VUNPCKHPS(r[3], r[2], zw2)
		x, y, z = ZMM(), ZMM(), ZMM()
		VUNPCKLPD(xy2, xy, x)
		VUNPCKHPD(xy2, xy, y)
		VUNPCKLPD(zw2, zw, z)
		return x, y, z
	}
	var d, q, low, high [3]VecVirtual // differences, normals
	low[0], low[1], low[2] = quarters(0)
	high[0], high[1], high[2] = quarters(8)
	for j := range 3 {
		d[j], q[j] = ZMM(), ZMM()
		VSHUFF32X4(U8(0x88), high[j], low[j], d[j])
		VSHUFF32X4(U8(0xdd), high[j], low[j], q[j])
	}
	for j := range 3 {
		VSUBPS_BCST(Mem{Base: at, Disp: 4 * j}, d[j], d[j])
	}
	dot := func(a, b [3]VecVirtual) VecVirtual {
		s, t := ZMM(), ZMM()
		VMULPS(a[0], b[0], s)
		VMULPS(a[1], b[1], t)
		VADDPS(t, s, s)
		VMULPS(a[2], b[2], t)
		VADDPS(t, s, s)
		return s
	}
	compare := func(predicate uint8, a, b VecVirtual) Register { // a ? b
		k := K()
		VCMPPS(U8(predicate), b, a, k)
		return k
	}
	against := func(predicate uint8, a VecVirtual, v float64) Register {
		k := K()
		VCMPPS_BCST(U8(predicate), c.at(v), a, k)
		return k
	}
	abs := func(a VecVirtual) VecVirtual {
		z := ZMM()
		VANDPS(absolute, a, z)
		return z
	}
	blend := func(k Register, yes, no VecVirtual) VecVirtual {
		z := ZMM()
		VBLENDMPS(yes, no, k, z)
		return z
	}
	zero := ZMM()
	VPXORQ(zero, zero, zero)

	length2 := dot(d, d)
	length, inverse := ZMM(), ZMM()
	VSQRTPS(length2, length)
	unit := broadcast32(c.at(one))
	VDIVPS(length, unit, inverse)
	da, db := dot(m, d), dot(q, d)
	a, b := ZMM(), ZMM()
	VMULPS(inverse, da, a)
	VMULPS(inverse, db, b)
	aa, ab, gap := abs(a), abs(b), ZMM()
	VSUBPS(ab, aa, gap)
	VANDPS(absolute, gap, gap)
	sure := against(greater, gap, tie)
	KANDW(sure, against(less, aa, top), sure)
	KANDW(sure, against(less, ab, top), sure)
	KANDW(sure, against(greater, length2, small), sure)
	KANDW(sure, against(less, length2, large), sure)
	swap := compare(less, aa, ab)

	var s, o [3]VecVirtual // normals of the source and of the other point
	for j := range 3 {
		s[j], o[j] = blend(swap, q[j], m[j]), blend(swap, m[j], q[j])
		VXORPS(sign, d[j], swap, d[j])
	}
	f3 := ZMM()
	VMOVAPS(a, f3)
	VXORPS(sign, b, swap, f3)
	// Projections of the line on both normals, from the source.
	ps, po := blend(swap, db, da), blend(swap, da, db)
	VXORPS(sign, ps, swap, ps)
	VXORPS(sign, po, swap, po)

	var v [3]VecVirtual
	for j := range 3 {
		t := ZMM()
		v[j] = ZMM()
		VMULPS(d[(j+1)%3], s[(j+2)%3], v[j])
		VMULPS(d[(j+2)%3], s[(j+1)%3], t)
		VSUBPS(t, v[j], v[j])
	}
	norm2 := dot(v, v)
	norm, turn := ZMM(), ZMM()
	VSQRTPS(norm2, norm)
	VDIVPS(norm, unit, turn)
	bound := ZMM()
	VMULPS_BCST(c.at(slant), length, bound)
	known := compare(greater, norm, bound)
	KANDW(known, sure, known)
	f2 := dot(v, o)
	VMULPS(turn, f2, f2)
	x, y := dot(s, o), ZMM()
	VMULPS(x, ps, y)
	VSUBPS(y, po, y)
	VMULPS(turn, y, y)

	ax, ay := abs(x), abs(y)
	steep := compare(greater, ay, ax)
	short, long := ZMM(), ZMM()
	VMINPS(ax, ay, short)
	VMAXPS(ax, ay, long)
	KANDW(known, against(greater, long, least), known)
	t, u, u2 := ZMM(), ZMM(), ZMM()
	VDIVPS(long, short, t)
	VMULPS(t, t, u)
	VMULPS(u, u, u2)
	// ((a1 − a3·u) + u2·((a5 − a7·u) + u2·a9))·t
	poly, part := ZMM(), ZMM()
	VMULPS_BCST(c.at(a9), u2, poly)
	VMULPS_BCST(c.at(a7), u, part)
	fifth := broadcast32(c.at(a5))
	VSUBPS(part, fifth, part)
	VADDPS(poly, part, poly)
	VMULPS(poly, u2, poly)
	VMULPS_BCST(c.at(a3), u, part)
	first := broadcast32(c.at(a1))
	VSUBPS(part, first, part)
	VADDPS(poly, part, poly)
	VMULPS(poly, t, poly)
	turned := broadcast32(c.at(quarterTurn))
	VSUBPS(poly, turned, steep, poly)
	VBROADCASTSS(c.at(halfTurn), turned)
	VSUBPS(poly, turned, compare(less, x, zero), poly)
	VXORPS(sign, poly, compare(less, y, zero), poly)
	VADDPS(turned, poly, poly)
	VMULPS_BCST(c.at(perTurn), poly, poly)

	whole := func(v VecVirtual, lo, hi float64) VecVirtual {
		z, f := ZMM(), ZMM()
		VRNDSCALEPS(U8(1), v, z)
		VSUBPS(z, v, f)
		KANDW(known, against(greater, f, lo), known)
		KANDW(known, against(less, f, hi), known)
		return z
	}
	b1 := whole(poly, angleGuard, angleHi)
	cosine := func(f VecVirtual) VecVirtual {
		VADDPS(unit, f, f)
		VMULPS_BCST(c.at(half), f, f)
		VMULPS_BCST(c.at(bins), f, f)
		return whole(f, guard, guardHi)
	}
	b2, b3 := cosine(f2), cosine(f3)

	KNOTW(known, known)
	for j, b := range []VecVirtual{b1, b2, b3} {
		if j == 0 {
			VBROADCASTSS(c.at(undecided), known, b)
		}
		w, bytes := ZMM(), XMM()
		VCVTTPS2DQ(b, w)
		VPMOVDB(w, bytes)
		VMOVDQU(bytes, Mem{Base: []GPVirtual{o1.(GPVirtual), o2.(GPVirtual), o3.(GPVirtual)}[j]})
	}
	ADDQ(U8(16), o1)
	ADDQ(U8(16), o2)
	ADDQ(U8(16), o3)
	ADDQ(U8(64), list)
	SUBQ(U8(16), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}
