package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// moments256 keeps the nine sums in three registers: x, y, z; xx, xy, xz, yy; yz, zz.
func moments256() {
	TEXT("momentsAVX2", NOSPLIT, "func(xyz *float32, list *int32, n int, sums *[9]float64)")
	Pragma("noescape")
	xyz, list, n := Load(Param("xyz"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	sums := Load(Param("sums"), GP64())
	s, q, r := YMM(), YMM(), YMM()
	VXORPD(s, s, s)
	VXORPD(q, q, q)
	VXORPD(r, r, r)
	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	k := GP64()
	MOVLQSX(Mem{Base: list}, k)
	ADDQ(U8(4), list)
	LEAQ(Mem{Base: k, Index: k, Scale: 2}, k)
	point, a := XMM(), YMM()
	VMOVSD(Mem{Base: xyz, Index: k, Scale: 4}, point)
	VINSERTPS(U8(0x20), Mem{Base: xyz, Index: k, Scale: 4, Disp: 8}, point, point)
	VCVTPS2PD(point, a)
	b, c := YMM(), YMM()
	VPERMPD(U8(0x40), a, b) // x, x, x, y
	VPERMPD(U8(0x64), a, c) // x, y, z, y
	VMULPD(b, c, c)
	VADDPD(c, q, q)
	d, e := YMM(), YMM()
	VPERMPD(U8(0xf9), a, d) // y, z
	VPERMPD(U8(0xfa), a, e) // z, z
	VMULPD(d, e, e)
	VADDPD(e, r, r)
	VADDPD(a, s, s)
	JMP(LabelRef("loop"))
	Label("done")
	VMOVUPD(s, Mem{Base: sums}) // the fourth is written over
	VMOVUPD(q, Mem{Base: sums, Disp: 24})
	VMOVUPD(r.AsX(), Mem{Base: sums, Disp: 56})
	VZEROUPPER()
	RET()
}

// bounds256 takes the three coordinates of a point at once. Of equal ones, as zeros of
// either sign are, the earlier stays.
func bounds256() {
	TEXT("boundsAVX2", NOSPLIT, "func(xyz *float32, list *int32, n int, box *[8]float32)")
	Pragma("noescape")
	xyz, list, n := Load(Param("xyz"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	box := Load(Param("box"), GP64())
	lo, hi := XMM(), XMM()
	VMOVUPS(Mem{Base: box}, lo)
	VMOVUPS(Mem{Base: box, Disp: 16}, hi)
	Label("loop")
	k, point := GP64(), XMM()
	MOVLQSX(Mem{Base: list}, k)
	ADDQ(U8(4), list)
	LEAQ(Mem{Base: k, Index: k, Scale: 2}, k)
	VMOVSD(Mem{Base: xyz, Index: k, Scale: 4}, point)
	VINSERTPS(U8(0x20), Mem{Base: xyz, Index: k, Scale: 4, Disp: 8}, point, point)
	VMINPS(lo, point, lo)
	VMAXPS(hi, point, hi)
	SUBQ(U8(1), n)
	JG(LabelRef("loop"))
	VMOVUPS(lo, Mem{Base: box})
	VMOVUPS(hi, Mem{Base: box, Disp: 16})
	RET()
}
