//go:build !amd64

package simd

func best() Level { return Generic }

const none = "simd: no kernel for this processor"

func walk(*Node, int, *Box, float64, int, *Run) (found, points int) { panic(none) }

func within(_, _, _ *float64, _ *int32, _ *Run, _ int, _ *[4]float64, _ *float64, _ *int32) int {
	panic(none)
}

func pairBins(*[8]float32, int, *int32, int, *Bins) { panic(none) }

func count(*Bins, int, *[33]uint8) { panic(none) }

func weigh(*Histogram, *int32, int, *[3]float64, *[33]float64) { panic(none) }

func moments(*float32, *int32, int, *[9]float64) { panic(none) }

func split(_ *float64, _ *int32, _ int, _ float64, _ *float64, _ *int32, _ *float64, _ *int32) int {
	panic(none)
}

func rank(_ *float64, _ *int32, _, _ int, _ *int32, _ *[rankAtOnce]uint64) int { panic(none) }

func products(*float32, int, *float32, int, *float32, int, *float32, int) { panic(none) }

func byteProducts(*uint8, int, *int8, int, *int32, *float32, int, *float32, int) { panic(none) }

func distances(*float64, int, *float32, *int32, int, *float64) { panic(none) }

func product(*float32, *float32, int, *float32) float32 { panic(none) }

func boxes(*float32, int, *float32, *float32, int, *float32) { panic(none) }

func slide(_, _, _, _ *float64, _ int) { panic(none) }

func transpose(*float64, int, *float64, int, int) { panic(none) }

func directions(_, _ *float64, _ int, _ *float64, _ int) { panic(none) }

func saturate(*float32, *float64, int, *[3]float64) { panic(none) }

func addRoots(_, _ *float64, _ int) { panic(none) }

func bounds(*float32, *int32, int, *[8]float32) { panic(none) }

func addSquares(*float64, *float32, int) { panic(none) }

func addScaled(_, _, _ *float32, _ float32, _ int) { panic(none) }

func fromPlanes(*float32, int, *float32, int, int) { panic(none) }

func addPairs(_, _, _ *float64, _ float64, _ int) { panic(none) }

func mixRows(_, _ *uint8, _ int, _ *int32, _ int, _ int32, _, _ int) { panic(none) }
