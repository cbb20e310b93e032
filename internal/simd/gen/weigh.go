package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets in a Histogram.
const (
	histogramPairs = 33
	histogramXYZ   = 40
)

// weigh512 keeps the 33 sums in registers: four of eight and one alone.
func weigh512() (counts, shares Mem) {
	counts = GLOBL("weighCounts", 8|16) // a byte as a float64
	for i := range 256 {
		DATA(8*i, F64(i))
	}
	shares = GLOBL("weighShares", 8|16) // 100 over a byte
	DATA(0, F64(0))
	for i := 1; i < 256; i++ {
		DATA(8*i, F64(100/float64(i)))
	}
	TEXT("weighAVX512", NOSPLIT, "func(rows *[64]uint8, list *int32, n int, at *[3]float64, sums *[33]float64)")
	Pragma("noescape")
	rows, list, n := Load(Param("rows"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	at, sums := Load(Param("at"), GP64()), Load(Param("sums"), GP64())
	var p [3]VecVirtual
	for d := range 3 {
		p[d] = XMM()
		VMOVSD(Mem{Base: at, Disp: 8 * d}, p[d])
	}
	var s [4]VecVirtual
	for j := range s {
		s[j] = ZMM()
		VPXORQ(s[j], s[j], s[j])
	}
	last, zero := XMM(), XMM()
	VXORPD(last, last, last)
	VXORPD(zero, zero, zero)
	share, count := GP64(), GP64()
	LEAQ(shares, share)
	LEAQ(counts, count)

	Label("loop")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	k := GP64()
	MOVLQSX(Mem{Base: list}, k)
	ADDQ(U8(4), list)
	SHLQ(U8(6), k)
	ADDQ(rows, k)
	var d [3]VecVirtual
	for j := range 3 { // the sign is lost in the square
		d[j] = XMM()
		VSUBSD(Mem{Base: k, Disp: histogramXYZ + 8*j}, p[j], d[j])
		VMULSD(d[j], d[j], d[j])
	}
	VADDSD(d[1], d[0], d[0])
	VADDSD(d[2], d[0], d[0])
	VUCOMISD(d[0], zero)
	JEQ(LabelRef("loop"))
	i, w := GP64(), XMM()
	MOVBQZX(Mem{Base: k, Disp: histogramPairs}, i)
	VMOVSD(Mem{Base: share, Index: i, Scale: 8}, w)
	VDIVSD(d[0], w, w)
	weight := ZMM()
	VBROADCASTSD(w, weight)
	for j := range s {
		b, v := YMM(), ZMM()
		VPMOVZXBD(Mem{Base: k, Disp: 8 * j}, b)
		VCVTDQ2PD(b, v)
		VMULPD(weight, v, v)
		VADDPD(v, s[j], s[j])
	}
	v := XMM()
	MOVBQZX(Mem{Base: k, Disp: 32}, i)
	VMULSD(Mem{Base: count, Index: i, Scale: 8}, w, v)
	VADDSD(v, last, last)
	JMP(LabelRef("loop"))
	Label("done")
	for j := range s {
		VMOVUPD(s[j], Mem{Base: sums, Disp: 64 * j})
	}
	VMOVSD(last, Mem{Base: sums, Disp: 256})
	VZEROUPPER()
	RET()
	return counts, shares
}
