package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// count512 compares 64 bins at once with each value.
func count512() {
	values := GLOBL("binValues", 8|16)
	for bin := range 11 {
		DATA(bin, U8(bin))
	}
	TEXT("countAVX512", NOSPLIT, "func(f1, f2, f3 *uint8, n int, counts *[33]uint8)")
	Pragma("noescape")
	var f [3]Mem
	for j, name := range []string{"f1", "f2", "f3"} {
		f[j] = Mem{Base: Load(Param(name), GP64())}
	}
	n, counts := Load(Param("n"), GP64()), Load(Param("counts"), GP64())
	zero := YMM()
	VPXOR(zero, zero, zero)
	VMOVDQU(zero, Mem{Base: counts})
	MOVB(U8(0), Mem{Base: counts, Disp: 32})
	mask, all := GP64(), K()
	MOVQ(I32(-1), mask)
	KMOVQ(mask, all)

	Label("loop")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	CMPQ(n, U8(64))
	JGE(LabelRef("full"))
	BZHIQ(n, mask, mask)
	KMOVQ(mask, all)
	Label("full")
	for block := range 3 {
		v := ZMM()
		VMOVDQU8_Z(f[block], all, v)
		for bin := range 11 {
			value, k, r := ZMM(), K(), GP64()
			VPBROADCASTB(values.Offset(bin), value)
			VPCMPEQB(value, v, all, k)
			KMOVQ(k, r)
			POPCNTQ(r, r)
			ADDB(r.As8(), Mem{Base: counts, Disp: 11*block + bin})
		}
		ADDQ(U8(64), f[block].Base)
	}
	SUBQ(U8(64), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}
