package onnx_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/tinyonnx"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// transformer returns the first layer of the tiny network as a vision
// transformer would give it: prefix tokens, all zero, then the patches row by row.
func transformer(prefix int) *tinyonnx.Net {
	n := tinyonnx.TwoConvs()
	n.Nodes = append(n.Nodes[:2],
		tinyonnx.Node{Op: "Reshape", In: []string{"fine", "flat"}, Out: []string{"rows"}},
		tinyonnx.Node{Op: "Transpose", In: []string{"rows"}, Out: []string{"patches"}, Attr: []tinyonnx.Attr{{Name: "perm", Value: []int{0, 2, 1}}}},
	)
	n.Weights = append(n.Weights[:2], tinyonnx.Tensor{Name: "flat", Dims: []int{3}, Ints: []int64{0, tinyonnx.FineChannels, -1}})
	out := "patches"
	if prefix > 0 {
		out = "tokens"
		n.Weights = append(n.Weights, tinyonnx.Tensor{Name: "class", Dims: []int{1, prefix, tinyonnx.FineChannels}, Floats: make([]float32, prefix*tinyonnx.FineChannels)})
		n.Nodes = append(n.Nodes, tinyonnx.Node{Op: "Concat", In: []string{"class", "patches"}, Out: []string{out}, Attr: []tinyonnx.Attr{{Name: "axis", Value: 1}}})
	}
	n.Outputs = []tinyonnx.Value{{Name: out, Type: tinyonnx.Float, Dims: []any{"N", "T", tinyonnx.FineChannels}}}
	return n
}

// TestTokens puts patches back into their raster.
func TestTokens(t *testing.T) {
	for prefix := range 6 {
		t.Run(fmt.Sprint(prefix), func(t *testing.T) {
			b := open(t, write(t, transformer(prefix)), onnx.Options{})
			if l := b.Info().Layers; len(l) != 1 || l[0].Stride != 8 || l[0].Channels != tinyonnx.FineChannels {
				t.Fatalf("layers %+v", l)
			}
			for _, size := range [][2]int{{224, 224}, {64, 96}, {32, 32}} {
				in := pixels(uint64(prefix), size[0], size[1])
				fine, _ := tinyonnx.Apply(in.Data, size[0], size[1])
				m := features(t, b, in)[0][0]
				if m.H != size[0]/8 || m.W != size[1]/8 || m.C != tinyonnx.FineChannels || !slices.Equal(m.Data, fine) {
					t.Errorf("%v: %d×%d×%d, or wrong values", size, m.H, m.W, m.C)
				}
			}
		})
	}
	needLibrary(t)
	if _, err := onnx.Open(write(t, transformer(9)), onnx.Options{}); err == nil || !strings.Contains(err.Error(), "at most 8 tokens before them") {
		t.Errorf("nine prefix tokens: %v", err)
	}
}

// TestSizes has images that the network or the caller does not allow.
func TestSizes(t *testing.T) {
	n := tinyonnx.TwoConvs()
	n.Inputs[0].Dims = []any{1, 3, 32, "W"}
	b := open(t, write(t, n), onnx.Options{})
	if info := b.Info(); info.Height != 32 || info.Width != 0 {
		t.Errorf("%+v", info)
	}
	features(t, b, pixels(1, 32, 64))
	none := pixels(1, 32, 32)
	none.Data = none.Data[1:]
	for _, c := range []struct {
		says string
		h, w []int
	}{
		{"input 1 of 1 of tiny.onnx: it has 48×32 pixels, the network takes 32×any only", []int{48}, []int{32}},
		{"input 2 of 2 of tiny.onnx: it has 32×48 pixels, the first has 32×32", []int{32, 32}, []int{32, 48}},
		{"fails on an image of 32×7 pixels", []int{32}, []int{7}},
	} {
		in := []*grid.Map{}
		for i := range c.h {
			in = append(in, pixels(1, c.h[i], c.w[i]))
		}
		if m, err := b.Features(t.Context(), in); err == nil || m != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, %v, want %q", m, err, c.says)
		}
	}
	for _, in := range [][]*grid.Map{{nil}, {none}} {
		if _, err := b.Features(t.Context(), in); err == nil {
			t.Error("a broken map is accepted")
		}
	}
	features(t, b, pixels(1, 32, 64)) // it still works
	for _, o := range []onnx.Options{{Threads: -1}, {Threads: 1 << 20}, {Layers: []string{"none"}}, {Layers: []string{"fine", "fine"}}, {Layers: []string{""}}} {
		if _, err := onnx.Open(write(t, n), o); err == nil || !strings.Contains(err.Error(), onnx.ErrOptions.Error()) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestManySizes changes the image's size all the time, from several goroutines.
func TestManySizes(t *testing.T) {
	b := open(t, write(t, tinyonnx.TwoConvs()), onnx.Options{Threads: 2})
	done := make(chan string)
	for g := range 4 {
		go func() {
			why := ""
			for i := range 60 {
				h, w := 16*(1+(i+g)%5), 16*(1+(i*g)%7)
				in := pixels(uint64(i), h, w)
				m, err := b.Features(t.Context(), []*grid.Map{in, in})
				fine, coarse := tinyonnx.Apply(in.Data, h, w)
				if err != nil || !slices.Equal(m[0][0].Data, fine) || !slices.Equal(m[1][1].Data, coarse) {
					why = fmt.Sprintf("%d×%d: wrong values, or %v", h, w, err)
				}
			}
			done <- why
		}()
	}
	for range 4 {
		if why := <-done; why != "" {
			t.Error(why)
		}
	}
}
