package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Offsets in a Node.
const (
	nodeLo    = 0
	nodeStart = 24
	nodeEnd   = 28
	nodeHi    = 32
	nodeNext  = 56
)

// walk256 takes the three axes of a box at once; the fourth lane, which holds the
// node's numbers, is cleared.
func walk256() {
	TEXT("walkAVX2", NOSPLIT, "func(nodes *[64]uint8, n int, box *[8]float64, worst float64, limit int, runs *[2]int32) (found, points int)")
	Pragma("noescape")
	nodes, n, box := Load(Param("nodes"), GP64()), Load(Param("n"), GP64()), Load(Param("box"), GP64())
	worst, limit, runs := Load(Param("worst"), XMM()), Load(Param("limit"), GP64()), Load(Param("runs"), GP64())
	lo, hi, zero := YMM(), YMM(), YMM()
	VMOVUPD(Mem{Base: box}, lo)
	VMOVUPD(Mem{Base: box, Disp: 32}, hi)
	VXORPD(zero, zero, zero)
	points, first, last, node, end := GP64(), GP64(), GP64(), GP64(), GP64()
	XORQ(points, points)
	MOVQ(runs, first)
	MOVQ(I32(-1), last) // the end of the last run
	MOVQ(nodes, node)
	MOVQ(n, end)
	SHLQ(U8(6), end)
	ADDQ(nodes, end)

	Label("loop")
	CMPQ(node, end)
	JGE(LabelRef("done"))
	a, b := YMM(), YMM()
	VMOVUPD(Mem{Base: node, Disp: nodeLo}, a)
	VSUBPD(hi, a, a)
	VSUBPD(Mem{Base: node, Disp: nodeHi}, lo, b)
	VMAXPD(a, b, a)
	VMAXPD(zero, a, a)
	VBLENDPD(U8(8), zero, a, a)
	VMULPD(a, a, a)
	y, z := XMM(), XMM()
	VUNPCKHPD(a.AsX(), a.AsX(), y)
	VEXTRACTF128(U8(1), a, z)
	VADDSD(y, a.AsX(), y)
	VADDSD(z, y, y)
	next := GP64()
	MOVLQSX(Mem{Base: node, Disp: nodeNext}, next)
	SHLQ(U8(6), next)
	ADDQ(nodes, next)
	VUCOMISD(worst, y)
	JHI(LabelRef("skip"))
	inner := GP64()
	MOVQ(node, inner)
	ADDQ(U8(64), node)
	CMPQ(node, next)
	JNE(LabelRef("loop"))
	start, stop := GP64(), GP64()
	MOVLQSX(Mem{Base: inner, Disp: nodeStart}, start)
	MOVLQSX(Mem{Base: inner, Disp: nodeEnd}, stop)
	CMPQ(start, last)
	JEQ(LabelRef("append"))
	CMPQ(points, limit)
	JGT(LabelRef("done"))
	MOVL(start.As32(), Mem{Base: runs})
	ADDQ(U8(8), runs)
	Label("append")
	MOVL(stop.As32(), Mem{Base: runs, Disp: -4})
	MOVQ(stop, last)
	SUBQ(start, stop)
	ADDQ(stop, points)
	JMP(LabelRef("loop"))
	Label("skip")
	MOVQ(next, node)
	JMP(LabelRef("loop"))

	Label("done")
	SUBQ(first, runs)
	SHRQ(U8(3), runs)
	Store(runs, ReturnIndex(0))
	Store(points, ReturnIndex(1))
	VZEROUPPER()
	RET()
}
