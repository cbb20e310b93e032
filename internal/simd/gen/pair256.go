package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pairBins256 is pairBins512 in eights. Sixteen registers do not hold its values:
// those that are used again lie in scratch memory, a slot of 32 bytes each.
func pairBins256(c constants, bits Mem) {
	tails := GLOBL("pair256Tails", 8|16) // −1 eight times, then 0
	for j := range 16 {
		v := uint32(0)
		if j < 8 {
			v = 1<<32 - 1
		}
		DATA(4*j, U32(v))
	}

	TEXT("pairBinsAVX2", NOSPLIT, "func(points *[8]float32, i int, list *int32, n int, f1, f2, f3 *uint8, scratch *[8]float32)")
	Pragma("noescape")
	points, at := Load(Param("points"), GP64()), Load(Param("i"), GP64())
	list, n := Load(Param("list"), GP64()), Load(Param("n"), GP64())
	o := []Register{Load(Param("f1"), GP64()), Load(Param("f2"), GP64()), Load(Param("f3"), GP64())}
	scratch := Load(Param("scratch"), GP64())
	slots := 0
	slot := func() Mem {
		slots++
		if slots > pairSlots {
			panic("more slots than the caller gives")
		}
		return Mem{Base: scratch, Disp: 32 * (slots - 1)}
	}
	keep := func(v VecVirtual) Mem {
		m := slot()
		VMOVUPS(v, m)
		return m
	}
	take := func(m Op) VecVirtual {
		v := YMM()
		VMOVUPS(m, v)
		return v
	}
	spread := func(m Mem) VecVirtual {
		v := YMM()
		VBROADCASTSS(m, v)
		return v
	}
	constant := func(v float64) VecVirtual { return spread(c.at(v)) }
	SHLQ(U8(5), at)
	ADDQ(points, at)
	var p, m [3]Mem
	for d := range 3 {
		p[d] = keep(spread(Mem{Base: at, Disp: 4 * d}))
		m[d] = keep(spread(Mem{Base: at, Disp: 16 + 4*d}))
	}
	absolute, sign := keep(spread(bits)), keep(spread(bits.Offset(4)))
	rest := slot()

	Label("loop")
	CMPQ(n, U8(8))
	JGE(LabelRef("body"))
	TESTQ(n, n)
	JLE(LabelRef("done"))
	// The last few: the missing ones are the point 0, and their bins are slack.
	tail, few, last := GP64(), YMM(), YMM()
	LEAQ(tails.Offset(32), tail)
	k := GP64()
	MOVQ(n, k)
	SHLQ(U8(2), k)
	SUBQ(k, tail)
	VMOVDQU(Mem{Base: tail}, few)
	VPMASKMOVD(Mem{Base: list}, few, last)
	VMOVDQU(last, rest)
	LEAQ(rest, list)

	Label("body")
	quarters := func(first int) (x, y, z VecVirtual) {
		var r [4]VecVirtual
		for j := range r {
			k := GP64()
			MOVLQSX(Mem{Base: list, Disp: 4 * (first + j)}, k)
			SHLQ(U8(5), k)
			r[j] = take(Mem{Base: points, Index: k, Scale: 1})
		}
		xy, zw, xy2, zw2 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(r[1], r[0], xy)
		VUNPCKHPS(r[1], r[0], zw)
		VUNPCKLPS(r[3], r[2], xy2)
		VUNPCKHPS(r[3], r[2], zw2)
		x, y, z = YMM(), YMM(), YMM()
		VUNPCKLPD(xy2, xy, x)
		VUNPCKHPD(xy2, xy, y)
		VUNPCKLPD(zw2, zw, z)
		return x, y, z
	}
	var low, high [3]VecVirtual
	low[0], low[1], low[2] = quarters(0)
	high[0], high[1], high[2] = quarters(4)
	var d, q [3]Mem // differences, normals
	for j := range 3 {
		a, b := YMM(), YMM()
		VPERM2F128(U8(0x20), high[j], low[j], a)
		VPERM2F128(U8(0x31), high[j], low[j], b)
		VSUBPS(p[j], a, a)
		d[j], q[j] = keep(a), keep(b)
	}
	dot := func(a, b [3]Mem) VecVirtual {
		var sum VecVirtual
		for j := range 3 {
			t := take(a[j])
			VMULPS(b[j], t, t)
			if j == 0 {
				sum = t
				continue
			}
			VADDPS(t, sum, sum)
		}
		return sum
	}
	abs := func(v VecVirtual) VecVirtual {
		t := YMM()
		VANDPS(absolute, v, t)
		return t
	}
	compare := func(predicate uint8, a VecVirtual, b Op) VecVirtual { // a ? b
		t := YMM()
		VCMPPS(U8(predicate), b, a, t)
		return t
	}
	blend := func(mask VecVirtual, yes, no Mem) VecVirtual {
		t := take(no)
		VBLENDVPS(mask, yes, t, t)
		return t
	}
	// negate changes the sign of v where mask is set.
	negate := func(v, mask VecVirtual) VecVirtual {
		t := YMM()
		VANDPS(sign, mask, t)
		VXORPS(t, v, t)
		return t
	}

	length2 := dot(d, d)
	known := compare(greater, length2, constant(small))
	and := func(mask VecVirtual) { VANDPS(mask, known, known) }
	and(compare(less, length2, constant(large)))
	length := YMM()
	VSQRTPS(length2, length)
	lengths := keep(length)
	inverse := constant(one)
	VDIVPS(length, inverse, inverse)
	da, db := dot(m, d), dot(q, d)
	das, dbs := keep(da), keep(db)
	VMULPS(inverse, da, da)
	VMULPS(inverse, db, db)
	a, b := keep(da), keep(db)
	aa, ab, gap := abs(da), abs(db), YMM()
	VSUBPS(ab, aa, gap)
	and(compare(greater, abs(gap), constant(tie)))
	and(compare(less, aa, constant(top)))
	and(compare(less, ab, constant(top)))
	swap := compare(less, aa, ab)

	var source, other [3]Mem
	for j := range 3 {
		source[j], other[j] = keep(blend(swap, q[j], m[j])), keep(blend(swap, m[j], q[j]))
		d[j] = keep(negate(take(d[j]), swap))
	}
	f3 := keep(negate(blend(swap, b, a), swap))
	ps, po := keep(negate(blend(swap, dbs, das), swap)), keep(negate(blend(swap, das, dbs), swap))
	var v [3]Mem
	for j := range 3 {
		s, t := take(d[(j+1)%3]), take(d[(j+2)%3])
		VMULPS(source[(j+2)%3], s, s)
		VMULPS(source[(j+1)%3], t, t)
		VSUBPS(t, s, s)
		v[j] = keep(s)
	}
	norm, turn := dot(v, v), constant(one)
	VSQRTPS(norm, norm)
	VDIVPS(norm, turn, turn)
	turns := keep(turn)
	bound := constant(slant)
	VMULPS(lengths, bound, bound)
	and(compare(greater, norm, bound))
	f2 := dot(v, other)
	VMULPS(turns, f2, f2)
	f2s := keep(f2)
	x := dot(source, other)
	y, t := take(po), YMM()
	VMULPS(ps, x, t)
	VSUBPS(t, y, y)
	VMULPS(turns, y, y)

	ax, ay := abs(x), abs(y)
	steep := compare(greater, ay, ax)
	short, long := YMM(), YMM()
	VMINPS(ax, ay, short)
	VMAXPS(ax, ay, long)
	and(compare(greater, long, constant(least)))
	VDIVPS(long, short, short)
	u, u2 := YMM(), YMM()
	VMULPS(short, short, u)
	VMULPS(u, u, u2)
	poly, part, term := constant(a9), constant(a7), constant(a5)
	VMULPS(u2, poly, poly)
	VMULPS(u, part, part)
	VSUBPS(part, term, part)
	VADDPS(poly, part, poly)
	VMULPS(poly, u2, poly)
	part, term = constant(a3), constant(a1)
	VMULPS(u, part, part)
	VSUBPS(part, term, part)
	VADDPS(poly, part, poly)
	VMULPS(poly, short, poly)
	zero := YMM()
	VXORPS(zero, zero, zero)
	turned := constant(quarterTurn)
	VSUBPS(poly, turned, turned)
	VBLENDVPS(steep, turned, poly, poly)
	turned = constant(halfTurn)
	VSUBPS(poly, turned, turned)
	VBLENDVPS(compare(less, x, zero), turned, poly, poly)
	poly = negate(poly, compare(less, y, zero))
	VADDPS(constant(halfTurn), poly, poly)
	VMULPS(constant(perTurn), poly, poly)

	whole := func(v VecVirtual, lo, hi float64) VecVirtual {
		z, f := YMM(), YMM()
		VROUNDPS(U8(1), v, z)
		VSUBPS(z, v, f)
		and(compare(greater, f, constant(lo)))
		and(compare(less, f, constant(hi)))
		return z
	}
	store := func(v VecVirtual, to Register) {
		w, h := YMM(), XMM()
		VCVTTPS2DQ(v, w)
		VEXTRACTI128(U8(1), w, h)
		VPACKUSDW(h, w.AsX(), h)
		VPACKUSWB(h, h, h)
		VMOVQ(h, Mem{Base: to})
	}
	b1 := whole(poly, angleGuard, angleHi)
	for j, f := range []Mem{f2s, f3} {
		g := take(f)
		VADDPS(constant(one), g, g)
		VMULPS(constant(half), g, g)
		VMULPS(constant(bins), g, g)
		store(whole(g, guard, guardHi), o[1+j])
	}
	none := constant(undecided)
	VBLENDVPS(known, b1, none, none)
	store(none, o[0])
	for j := range o {
		ADDQ(U8(8), o[j])
	}
	ADDQ(U8(32), list)
	SUBQ(U8(8), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

// pairSlots is the length of the scratch memory of pairBinsAVX2.
const pairSlots = 40
