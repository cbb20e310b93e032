package grid

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// preproc is the oracle file of this package: results of Pillow 9.4.0, PyTorch
// 1.13.1 and torchvision 0.14.1, made by the code paths that BTF's program
// takes. It names the version that made it and the files of its arrays.
type preproc struct {
	Normalised struct {
		Array golden.Ref
	} `json:"imagenet_normalised"`
	Bicubic []struct {
		Input  string `json:"input_png"`
		In     [2]int `json:"in_hw"`
		Out    [2]int `json:"out_hw"`
		Output golden.Ref
	} `json:"pil_bicubic"`
	Nearest struct {
		Cases []struct {
			In, Out int
			Torch   []int `json:"torch_nearest"`
			PIL     []int `json:"pil_nearest"`
		}
	} `json:"nearest_index"`
	Cloud struct {
		Input  golden.Ref
		Target [2]int
		Output golden.Ref `json:"output_hwc"`
	} `json:"resize_organized_pc"`
	Truth struct {
		Input, Output golden.Ref
	} `json:"gt_mask"`
	Pool struct {
		Cases []struct {
			Name     string
			Input    golden.Ref
			Avg      *golden.Ref `json:"avgpool3"`
			Adaptive golden.Ref  `json:"adaptive28"`
			Rows     [][2]int    `json:"bin_edges_rows"`
			Columns  [][2]int    `json:"bin_edges_cols"`
		}
	} `json:"avgpool3_adaptive28"`
	PatchOrder struct {
		Check [][]float32
	} `json:"patch_order"`
	Bilinear struct {
		Cases []struct{ In, Out golden.Ref }
	} `json:"bilinear_align_corners_false"`
	Blur struct {
		Cases []struct {
			Name      string
			Map       golden.Ref
			Max       float64
			Quantised golden.Ref
			Blurred   golden.Ref `json:"blurred_u8"`
			Final     golden.Ref
		}
	} `json:"knn_gaussian_blur"`
	Constants []struct {
		Radius float64
		Size   float32 `json:"box_radius"`
		Int    int     `json:"int_radius"`
		Inner  uint32  `json:"ww"`
		Outer  uint32  `json:"fw"`
	} `json:"pil_gaussian_blur_constants"`
}

// oracle returns the decoded oracle file.
func oracle(t *testing.T) *preproc {
	t.Helper()
	p := new(preproc)
	golden.JSON(t, "preproc/preproc.json", p)
	return p
}

// worst returns the largest absolute difference; a NaN in one of the two counts
// as infinite.
func worst[A, B float](t *testing.T, got []A, want []B) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	d := 0.0
	for i := range got {
		e := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(e) {
			return math.Inf(1)
		}
		d = max(d, e)
	}
	return d
}

// channelsLast turns C×H×W into H×W×C.
func channelsLast[T any](src []T, c, h, w int) []T {
	dst := make([]T, 0, len(src))
	for p := range h * w {
		for k := range c {
			dst = append(dst, src[k*h*w+p])
		}
	}
	return dst
}

// noise returns a map of values in [0, 100). With holes, a fifth of the pixels
// is invalid and holds NaN, which shows in any result that reads it.
func noise(r *rand.Rand, h, w, c int, holes bool) *Map {
	m := New(h, w, c)
	for i := range m.Data {
		m.Data[i] = 100 * r.Float32()
	}
	if holes {
		m.Valid = make([]bool, h*w)
		for i := range m.Valid {
			m.Valid[i] = r.IntN(5) > 0
			if !m.Valid[i] {
				for k := range c {
					m.Data[i*c+k] = float32(math.NaN())
				}
			}
		}
	}
	return m
}

func randomBytes(r *rand.Rand, n int) []uint8 {
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(r.Uint32())
	}
	return b
}

// rounding is how far two float64 computations of the same value below 128 may
// lie apart once stored as float32: one unit in the last place, 2⁻¹⁷.
const rounding = 8e-6
