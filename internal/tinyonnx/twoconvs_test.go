package tinyonnx

import (
	"slices"
	"testing"
)

// TestApplyByHand has an image of one place whose only value that is not zero is
// the green of pixel (2, 3).
func TestApplyByHand(t *testing.T) {
	n := TwoConvs()
	w1, b1 := n.Weights[0].Floats, n.Weights[1].Floats
	image := make([]float32, 8*8*3)
	image[(2*8+3)*3+1] = 10
	fine, coarse := Apply(image, 8, 8)
	for o := range FineChannels {
		want := max(0, b1[o]+10*w1[((o*3+1)*8+2)*8+3])
		if fine[o] != want {
			t.Errorf("channel %d: %v, want %v", o, fine[o], want)
		}
	}
	if len(fine) != FineChannels || len(coarse) != 0 {
		t.Errorf("%d fine and %d coarse values", len(fine), len(coarse))
	}
	for v := float32(-2); v <= 2; v++ {
		if !slices.Contains(w1, v) {
			t.Errorf("no weight is %v", v)
		}
	}
	if !slices.Equal(n.Encode(), TwoConvs().Encode()) {
		t.Error("two encodings differ")
	}
}
