package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// distances256 measures four rows at a time, each with its four sums in a register.
// What is left of the list is measured in the place of all four.
func distances256() {
	TEXT("distancesAVX2", NOSPLIT, "func(q *float64, d int, rows *float32, list *int32, n int, dist2 *float64)")
	Pragma("noescape")
	q, d := Load(Param("q"), GP64()), Load(Param("d"), GP64())
	rows, list, n := Load(Param("rows"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	dist2 := Load(Param("dist2"), GP64())

	Label("four")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	var row [4]GPVirtual
	for j := range row {
		row[j] = GP64()
		MOVLQSX(Mem{Base: list, Disp: 0}, row[j])
		if j < 3 { // the last one again where there is none
			CMPQ(n, U8(j+1))
			JLE(LabelRef("at" + string(rune('0'+j))))
			ADDQ(U8(4), list)
			Label("at" + string(rune('0'+j)))
		}
		IMULQ(d, row[j])
		LEAQ(Mem{Base: rows, Index: row[j], Scale: 4}, row[j])
	}
	ADDQ(U8(4), list)
	var s [4]VecVirtual
	for j := range s {
		s[j] = YMM()
		VXORPD(s[j], s[j], s[j])
	}
	i := GP64()
	XORQ(i, i)
	end := GP64()
	MOVQ(d, end)
	ANDQ(I8(-4), end)
	Label("values")
	CMPQ(i, end)
	JGE(LabelRef("tail"))
	v := YMM()
	VMOVUPD(Mem{Base: q, Index: i, Scale: 8}, v)
	for j := range s {
		t := YMM()
		VCVTPS2PD(Mem{Base: row[j], Index: i, Scale: 4}, t)
		VSUBPD(t, v, t)
		VMULPD(t, t, t)
		VADDPD(t, s[j], s[j])
	}
	ADDQ(U8(4), i)
	JMP(LabelRef("values"))
	// The rest counts in the first sums, of which the others are parted first: an
	// addition of 0 would turn no sum, but one of a square that is not finite would.
	Label("tail")
	var high, odd [4]VecVirtual
	for j := range s {
		high[j], odd[j] = XMM(), XMM()
		VEXTRACTF128(U8(1), s[j], high[j])
		VPERMILPD(U8(1), s[j].AsX(), odd[j])
	}
	Label("one")
	CMPQ(i, d)
	JGE(LabelRef("sum"))
	w := XMM()
	VMOVSD(Mem{Base: q, Index: i, Scale: 8}, w)
	for j := range s {
		t := XMM()
		VXORPS(t, t, t)
		VCVTSS2SD(Mem{Base: row[j], Index: i, Scale: 4}, t, t)
		VSUBSD(t, w, t)
		VMULSD(t, t, t)
		VADDSD(t, s[j].AsX(), s[j].AsX())
	}
	INCQ(i)
	JMP(LabelRef("one"))
	Label("sum")
	for j := range s {
		VADDSD(odd[j], s[j].AsX(), s[j].AsX()) // s0 + s1
		t := XMM()
		VPERMILPD(U8(1), high[j], t)
		VADDSD(t, high[j], high[j]) // s2 + s3
		VADDSD(high[j], s[j].AsX(), s[j].AsX())
		VMOVSD(s[j].AsX(), Mem{Base: dist2})
		ADDQ(U8(8), dist2)
		if j < 3 {
			SUBQ(U8(1), n)
			JEQ(LabelRef("done"))
		}
	}
	SUBQ(U8(1), n)
	JMP(LabelRef("four"))
	Label("done")
	VZEROUPPER()
	RET()
}
