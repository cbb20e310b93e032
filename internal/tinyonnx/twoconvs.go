package tinyonnx

// Sizes of the network of [TwoConvs].
const (
	FineStride, CoarseStride     = 8, 16
	FineChannels, CoarseChannels = 6, 5
)

// TwoConvs returns a network with the input "image", N×3×H×W of any N, H and W,
// and two outputs: "fine", the positive part of a convolution of 8×8 pixels with
// stride 8, and "coarse", a convolution of 2×2 places of it with stride 2. All
// weights are whole numbers from −2 to 2, so that for whole inputs up to 255 every
// sum is exact in float32, in any order.
func TwoConvs() *Net {
	return &Net{
		Inputs: []Value{{"image", Float, []any{"N", 3, "H", "W"}}},
		Outputs: []Value{
			{"fine", Float, []any{"N", FineChannels, "h8", "w8"}},
			{"coarse", Float, []any{"N", CoarseChannels, "h16", "w16"}},
		},
		Nodes: []Node{
			conv([]string{"image", "w1", "b1"}, "sum", FineStride),
			{Op: "Relu", In: []string{"sum"}, Out: []string{"fine"}},
			conv([]string{"fine", "w2", "b2"}, "coarse", 2),
		},
		Weights: []Tensor{
			{Name: "w1", Dims: []int{FineChannels, 3, FineStride, FineStride}, Floats: weights(FineChannels * 3 * FineStride * FineStride)},
			{Name: "b1", Dims: []int{FineChannels}, Floats: weights(FineChannels)},
			{Name: "w2", Dims: []int{CoarseChannels, FineChannels, 2, 2}, Floats: weights(CoarseChannels * FineChannels * 4)},
			{Name: "b2", Dims: []int{CoarseChannels}, Floats: weights(CoarseChannels)},
		},
	}
}

func conv(in []string, out string, size int) Node {
	return Node{Op: "Conv", In: in, Out: []string{out}, Attr: []Attr{
		{"kernel_shape", []int{size, size}}, {"strides", []int{size, size}},
	}}
}

// weights returns n whole numbers from −2 to 2 without an evident pattern.
func weights(n int) []float32 {
	w := make([]float32, n)
	x := uint32(n)
	for i := range w {
		x = x*1664525 + 1013904223
		w[i] = float32(int(x>>24)%5 - 2)
	}
	return w
}

// Apply returns what the network of [TwoConvs] gives for an image of h×w pixels
// with channels last, both outputs with channels last too.
func Apply(image []float32, h, w int) (fine, coarse []float32) {
	n := TwoConvs()
	fine = apply(image, h, w, 3, FineStride, n.Weights[0].Floats, n.Weights[1].Floats)
	for i, v := range fine {
		fine[i] = max(v, 0)
	}
	return fine, apply(fine, h/FineStride, w/FineStride, FineChannels, 2, n.Weights[2].Floats, n.Weights[3].Floats)
}

// apply is a convolution of size×size pixels with stride size.
func apply(in []float32, h, w, c, size int, weight, bias []float32) []float32 {
	oh, ow, oc := h/size, w/size, len(bias)
	out := make([]float32, oh*ow*oc)
	for y := range oh {
		for x := range ow {
			for o := range oc {
				sum := bias[o]
				for k := range c {
					for i := range size {
						for j := range size {
							v := in[((y*size+i)*w+x*size+j)*c+k]
							sum += float32(v * weight[((o*c+k)*size+i)*size+j])
						}
					}
				}
				out[(y*ow+x)*oc+o] = sum
			}
		}
	}
	return out
}
