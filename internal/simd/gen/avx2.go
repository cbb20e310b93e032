package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// kept returns the lanes of mask, of four, from the lowest on, and lane 0 for the
// rest.
func kept(mask int) (lanes [4]int) {
	n := 0
	for lane := range 4 {
		if mask>>lane&1 == 1 {
			lanes[n] = lane
			n++
		}
	}
	return lanes
}

// within256 is within512 in fours; tables of permutations stand for its compressing
// moves.
func within256() {
	distances := GLOBL("within256Distances", 8|16) // by mask, 8 halves
	for mask := range 16 {
		for j, lane := range kept(mask) {
			DATA(32*mask+8*j, U32(2*lane))
			DATA(32*mask+8*j+4, U32(2*lane+1))
		}
	}
	numbers := GLOBL("within256IDs", 8|16) // by mask, 16 bytes
	for mask := range 16 {
		for j, lane := range kept(mask) {
			DATA(16*mask+4*j, U32(0x03020100+0x04040404*uint32(lane)))
		}
	}
	tails := GLOBL("within256Tails", 8|16) // −1 four times, then 0
	for j := range 8 {
		v := uint64(0)
		if j < 4 {
			v = 1<<64 - 1
		}
		DATA(8*j, U64(v))
	}

	TEXT("withinAVX2", NOSPLIT, "func(x, y, z *float64, ids *int32, runs *[2]int32, n int, query *[4]float64, dist2 *float64, near *int32) int")
	Pragma("noescape")
	x, y, z := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("z"), GP64())
	ids, runs, n := Load(Param("ids"), GP64()), Load(Param("runs"), GP64()), Load(Param("n"), GP64())
	query := Load(Param("query"), GP64())
	dist2, near := Load(Param("dist2"), GP64()), Load(Param("near"), GP64())
	var q [4]VecVirtual
	for j := range q {
		q[j] = YMM()
		VBROADCASTSD(Mem{Base: query, Disp: 8 * j}, q[j])
	}
	i, end, found := GP64(), GP64(), GP64()
	XORQ(found, found)
	valid := YMM()

	Label("run")
	SUBQ(U8(1), n)
	JLT(LabelRef("done"))
	MOVLQSX(Mem{Base: runs}, i)
	MOVLQSX(Mem{Base: runs, Disp: 4}, end)
	ADDQ(U8(8), runs)
	VPCMPEQQ(valid, valid, valid)

	Label("loop")
	left := GP64()
	MOVQ(end, left)
	SUBQ(i, left)
	JLE(LabelRef("run"))
	CMPQ(left, U8(4))
	JGE(LabelRef("full"))
	tail := GP64()
	LEAQ(tails.Offset(32), tail)
	SHLQ(U8(3), left)
	SUBQ(left, tail)
	VMOVDQU(Mem{Base: tail}, valid)
	Label("full")
	d, t := YMM(), YMM()
	for j, v := range []Register{x, y, z} {
		to := t
		if j == 0 {
			to = d
		}
		VMASKMOVPD(Mem{Base: v, Index: i, Scale: 8}, valid, to)
		VSUBPD(q[j], to, to)
		VMULPD(to, to, to)
		if j > 0 {
			VADDPD(t, d, d)
		}
	}
	accepted, mask := YMM(), GP32()
	VCMPPD(U8(atMost), q[3], d, accepted)
	VANDPD(valid, accepted, accepted)
	VMOVMSKPD(accepted, mask)
	at := GP64()
	LEAQ(distances, at)
	row := GP64()
	MOVL(mask, row.As32())
	SHLQ(U8(5), row)
	order := YMM()
	VMOVDQU(Mem{Base: at, Index: row, Scale: 1}, order)
	VPERMD(d, order, d)
	VMOVUPD(d, Mem{Base: dist2, Index: found, Scale: 8})
	id, half := XMM(), XMM()
	// The mask of the ids: every other half of the distances'.
	VEXTRACTI128(U8(1), valid, half)
	VSHUFPS(U8(0x88), half, valid.AsX(), half)
	VPMASKMOVD(Mem{Base: ids, Index: i, Scale: 4}, half, id)
	LEAQ(numbers, at)
	SHRQ(U8(1), row)
	VPSHUFB(Mem{Base: at, Index: row, Scale: 1}, id, id)
	VMOVDQU(id, Mem{Base: near, Index: found, Scale: 4})
	POPCNTL(mask, mask)
	ADDQ(mask.As64(), found)
	ADDQ(U8(4), i)
	JMP(LabelRef("loop"))
	Label("done")
	Store(found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// count256 is count512 in halves; what lies behind the bins is slack.
func count256() {
	values := GLOBL("binValues256", 8|16)
	for bin := range 11 {
		DATA(bin, U8(bin))
	}
	TEXT("countAVX2", NOSPLIT, "func(f1, f2, f3 *uint8, n int, counts *[33]uint8)")
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
	mask := GP32()
	MOVL(U32(1<<32-1), mask)

	Label("loop")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	CMPQ(n, U8(32))
	JGE(LabelRef("full"))
	BZHIL(n.(GPVirtual).As32(), mask, mask)
	Label("full")
	for block := range 3 {
		v := YMM()
		VMOVDQU(f[block], v)
		for bin := range 11 {
			value, r := YMM(), GP32()
			VPBROADCASTB(values.Offset(bin), value)
			VPCMPEQB(value, v, value)
			VPMOVMSKB(value, r)
			ANDL(mask, r)
			POPCNTL(r, r)
			ADDB(r.As8(), Mem{Base: counts, Disp: 11*block + bin})
		}
		ADDQ(U8(32), f[block].Base)
	}
	SUBQ(U8(32), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

// weigh256 is weigh512 with eight sums of four.
func weigh256(counts, shares Mem) {
	TEXT("weighAVX2", NOSPLIT, "func(rows *[64]uint8, list *int32, n int, at *[3]float64, sums *[33]float64)")
	Pragma("noescape")
	rows, list, n := Load(Param("rows"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	at, sums := Load(Param("at"), GP64()), Load(Param("sums"), GP64())
	var s [8]VecVirtual
	for j := range s {
		s[j] = YMM()
		VXORPD(s[j], s[j], s[j])
	}
	last := XMM()
	VXORPD(last, last, last)
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
	d, t := XMM(), XMM()
	for j := range 3 { // the sign is lost in the square
		to := t
		if j == 0 {
			to = d
		}
		VMOVSD(Mem{Base: at, Disp: 8 * j}, to)
		VSUBSD(Mem{Base: k, Disp: histogramXYZ + 8*j}, to, to)
		VMULSD(to, to, to)
		if j > 0 {
			VADDSD(t, d, d)
		}
	}
	zero := XMM()
	VXORPD(zero, zero, zero)
	VUCOMISD(d, zero)
	JEQ(LabelRef("loop"))
	i, w, weight := GP64(), XMM(), YMM()
	MOVBQZX(Mem{Base: k, Disp: histogramPairs}, i)
	VMOVSD(Mem{Base: share, Index: i, Scale: 8}, w)
	VDIVSD(d, w, w)
	VBROADCASTSD(w, weight)
	for j := range s {
		b, v := XMM(), YMM()
		VPMOVZXBD(Mem{Base: k, Disp: 4 * j}, b)
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
		VMOVUPD(s[j], Mem{Base: sums, Disp: 32 * j})
	}
	VMOVSD(last, Mem{Base: sums, Disp: 256})
	VZEROUPPER()
	RET()
}
