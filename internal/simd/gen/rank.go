package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sorter16 is M. W. Green's network of 60 comparisons for 16 values.
var sorter16 = [][2]int{
	{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}, {12, 13}, {14, 15},
	{0, 2}, {1, 3}, {4, 6}, {5, 7}, {8, 10}, {9, 11}, {12, 14}, {13, 15},
	{0, 4}, {1, 5}, {2, 6}, {3, 7}, {8, 12}, {9, 13}, {10, 14}, {11, 15},
	{0, 8}, {1, 9}, {2, 10}, {3, 11}, {4, 12}, {5, 13}, {6, 14}, {7, 15},
	{5, 10}, {6, 9}, {3, 12}, {13, 14}, {4, 8}, {7, 11}, {1, 2},
	{1, 4}, {7, 13}, {2, 8}, {11, 14},
	{2, 4}, {5, 6}, {9, 10}, {11, 13}, {3, 8}, {7, 12},
	{6, 8}, {10, 12}, {3, 5}, {7, 9},
	{3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12},
	{6, 7}, {8, 9},
}

// rank512 sorts up to 128 keys in 16 registers: a distance's bits, the last seven
// replaced by its place. Lanes are sorted first, each by a network over the
// registers; runs of lanes are then merged, two, four and eight.
func rank512() {
	pads := GLOBL("rankPads", 8|16) // above all distances, all different
	for i := range 128 {
		DATA(8*i, U64(0x7ff0<<48|i<<7))
	}
	places := GLOBL("rankPlaces", 8|16)
	for i := range 128 {
		DATA(8*i, U64(i))
	}
	last := GLOBL("rankMasks", 8|16)
	DATA(0, U64(1<<64-1<<7))
	DATA(8, U64(1<<7))
	mirror := GLOBL("rankMirror", 8|16)
	for i := range 8 {
		DATA(8*i, U64(7-i))
	}

	TEXT("rankAVX512", NOSPLIT, "func(dist2 *float64, near *int32, n, k int, out *int32, keys *[128]uint64) int")
	Pragma("noescape")
	dist2, near := Load(Param("dist2"), GP64()), Load(Param("near"), GP64())
	n, k, out := Load(Param("n"), GP64()), Load(Param("k"), GP64()), Load(Param("out"), GP64())
	sorted := Load(Param("keys"), GP64())
	var r [16]VecVirtual
	cut := ZMM()
	VPBROADCASTQ(last, cut)
	bits := GP64()
	for j := range r {
		r[j] = ZMM()
		VMOVDQU64(pads.Offset(64*j), r[j])
		valid := K()
		XORL(bits.As32(), bits.As32())
		// The mask of the lanes below n − 8j, none when that is negative.
		left := GP64()
		MOVQ(n, left)
		SUBQ(U8(8*j), left)
		CMOVQLT(bits, left)
		MOVQ(I32(-1), bits)
		BZHIQ(left, bits, bits)
		KMOVB(bits.As32(), valid)
		VMOVDQU64(Mem{Base: dist2, Disp: 64 * j}, valid, r[j])
		VPANDQ(cut, r[j], r[j])
		VPORQ(places.Offset(64*j), r[j], r[j])
	}
	exchange := func(a, b int) {
		t := ZMM()
		VPMINUQ(r[a], r[b], t)
		VPMAXUQ(r[a], r[b], r[b])
		r[a] = t
	}
	mask := func(m uint32) Register {
		z, v := K(), GP32()
		MOVL(U32(m), v)
		KMOVB(v, z)
		return z
	}
	for _, c := range sorter16 {
		exchange(c[0], c[1])
	}
	// choose makes of each register and its partner the smaller values, and in the
	// lanes of upper the larger ones.
	choose := func(a, partner VecVirtual, upper Register) VecVirtual {
		t := ZMM()
		VPMINUQ(partner, a, t)
		VPMAXUQ(partner, a, upper, t)
		return t
	}
	swapped := func(a VecVirtual, lanes int) VecVirtual {
		t := ZMM()
		switch lanes {
		case 1:
			VPERMILPD(U8(0x55), a, t)
		case 2:
			VPERMQ(U8(0x4e), a, t)
		}
		return t
	}
	back := ZMM()
	VMOVDQU64(mirror, back)
	odd, high := mask(0xaa), mask(0xcc)
	for _, lanes := range []int{1, 2, 4} { // of a run; two runs become one
		upper := map[int]Register{1: odd, 2: high}[lanes]
		if lanes == 4 {
			upper = mask(0xf0)
		}
		// Element i against the i-th from the end of the other run.
		for a := range 8 {
			b := 15 - a
			opposite := func(v VecVirtual) VecVirtual {
				t := ZMM()
				switch lanes {
				case 1:
					VPERMILPD(U8(0x55), v, t)
				case 2:
					VPERMQ(U8(0x1b), v, t)
				case 4:
					VPERMQ(v, back, t)
				}
				return t
			}
			pa, pb := opposite(r[b]), opposite(r[a])
			r[a], r[b] = choose(r[a], pa, upper), choose(r[b], pb, upper)
		}
		for step := lanes / 2; step >= 1; step /= 2 {
			for j := range r {
				r[j] = choose(r[j], swapped(r[j], step), map[int]Register{1: odd, 2: high}[step])
			}
		}
		for step := 8; step >= 1; step /= 2 {
			for j := range r {
				if j&step == 0 {
					exchange(j, j+step)
				}
			}
		}
	}
	// Keys that differ in their places alone: the order is not known.
	limit, tied := ZMM(), K()
	VPBROADCASTQ(last.Offset(8), limit)
	KXORB(tied, tied, tied)
	next := ZMM() // the first of the next lane
	VALIGNQ(U8(1), r[0], r[0], next)
	for j := range r {
		t, k := ZMM(), K()
		if j < 15 {
			VPXORQ(r[j], r[j+1], t)
		} else {
			VPXORQ(r[j], next, t)
		}
		VPCMPUQ(U8(1), limit, t, k)
		KORB(k, tied, tied)
		VPANDNQ(r[j], cut, t)
		VMOVDQU64(t, Mem{Base: sorted, Disp: 64 * j}) // the places alone
	}
	KTESTB(tied, tied)
	JNZ(LabelRef("unknown"))

	// Element i is in register i%16, lane i/16. The last element asked for first:
	at, lane, place, id := GP64(), GP64(), GP64(), GP32()
	LEAQ(Mem{Base: k, Disp: -1}, lane)
	MOVQ(lane, at)
	ANDQ(U8(15), at)
	SHLQ(U8(6), at)
	SHRQ(U8(4), lane)
	LEAQ(Mem{Base: at, Index: lane, Scale: 8}, at)
	final := GP64()
	MOVBQZX(Mem{Base: sorted, Index: at, Scale: 1}, final)
	Label("loop")
	for j := range r {
		MOVBQZX(Mem{Base: sorted, Disp: 64 * j}, place)
		MOVL(Mem{Base: near, Index: place, Scale: 4}, id)
		MOVL(id, Mem{Base: out, Disp: 4 * j})
	}
	ADDQ(U8(8), sorted)
	ADDQ(U8(64), out)
	SUBQ(U8(16), k)
	JG(LabelRef("loop"))
	Store(final, ReturnIndex(0))
	VZEROUPPER()
	RET()
	Label("unknown")
	MOVQ(I32(-1), place)
	Store(place, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// split512 parts distances at middle, each side in its order; NaN goes to the far one.
func split512() {
	TEXT("splitAVX512", NOSPLIT, "func(dist2 *float64, near *int32, n int, middle float64, low *float64, lowNear *int32, high *float64, highNear *int32) int")
	Pragma("noescape")
	dist2, near, n := Load(Param("dist2"), GP64()), Load(Param("near"), GP64()), Load(Param("n"), GP64())
	low, lowNear := Load(Param("low"), GP64()), Load(Param("lowNear"), GP64())
	high, highNear := Load(Param("high"), GP64()), Load(Param("highNear"), GP64())
	at, err := Param("middle").Resolve()
	if err != nil {
		panic(err)
	}
	middle := broadcast(at.Addr)
	i, found, mask := GP64(), GP64(), GP64()
	XORQ(i, i)
	XORQ(found, found)
	all, below := K(), K()
	MOVL(U32(0xff), mask.As32())
	KMOVB(mask.As32(), all)
	Label("loop")
	left := GP64()
	MOVQ(n, left)
	SUBQ(i, left)
	JLE(LabelRef("done"))
	CMPQ(left, U8(8))
	JGE(LabelRef("full"))
	MOVQ(I32(-1), mask)
	BZHIQ(left, mask, mask)
	KMOVB(mask.As32(), all)
	Label("full")
	d, t, id, u := ZMM(), ZMM(), YMM(), YMM()
	VMOVUPD_Z(Mem{Base: dist2, Index: i, Scale: 8}, all, d)
	VMOVDQU32_Z(Mem{Base: near, Index: i, Scale: 4}, all, id)
	VCMPPD(U8(atMost), middle, d, all, below)
	VCOMPRESSPD_Z(d, below, t)
	VPCOMPRESSD_Z(id, below, u)
	VMOVUPD(t, Mem{Base: low, Index: found, Scale: 8})
	VMOVDQU(u, Mem{Base: lowNear, Index: found, Scale: 4})
	bits, rest := GP64(), GP64()
	KMOVB(below, bits.As32())
	POPCNTL(bits.As32(), bits.As32())
	MOVQ(i, rest) // those above so far
	SUBQ(found, rest)
	ADDQ(bits, found)
	KANDNB(all, below, below)
	VCOMPRESSPD_Z(d, below, t)
	VPCOMPRESSD_Z(id, below, u)
	VMOVUPD(t, Mem{Base: high, Index: rest, Scale: 8})
	VMOVDQU(u, Mem{Base: highNear, Index: rest, Scale: 4})
	ADDQ(U8(8), i)
	JMP(LabelRef("loop"))
	Label("done")
	Store(found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
