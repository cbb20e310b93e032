package simd

import "golang.org/x/sys/cpu"

// vnni says whether the processor multiplies and adds bytes in one instruction, which
// not all do that have AVX-512.
var vnni = cpu.X86.HasAVX512VNNI

func best() Level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasBMI2 || !x.HasPOPCNT:
		return Generic
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL:
		return AVX2
	}
	return AVX512
}
