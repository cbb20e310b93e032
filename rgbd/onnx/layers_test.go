package onnx

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestNewLayer(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape []int64
		h, w  int
		want  layer
	}{
		{"ResNet", []int64{1, 512, 28, 28}, 224, 224, layer{h: 28, w: 28, c: 512, stride: 8}},
		{"padded odd size", []int64{1, 8, 29, 13}, 225, 100, layer{h: 29, w: 13, c: 8, stride: 8}},
		{"unpadded", []int64{1, 288, 35, 35}, 299, 299, layer{h: 35, w: 35, c: 288, stride: 9}},
		{"full size", []int64{1, 16, 40, 30}, 40, 30, layer{h: 40, w: 30, c: 16, stride: 1}},
		{"pooled", []int64{1, 2048, 1, 1}, 224, 224, layer{h: 1, w: 1, c: 2048, stride: 224}},
		{"ViT-B/16, class token", []int64{1, 197, 768}, 224, 224, layer{form: tokens, h: 14, w: 14, c: 768, prefix: 1, stride: 16}},
		{"DeiT, class and distillation", []int64{1, 198, 192}, 224, 224, layer{form: tokens, h: 14, w: 14, c: 192, prefix: 2, stride: 16}},
		{"DINOv2, /14", []int64{1, 257, 384}, 224, 224, layer{form: tokens, h: 16, w: 16, c: 384, prefix: 1, stride: 14}},
		{"DINOv2 with registers", []int64{1, 261, 384}, 224, 224, layer{form: tokens, h: 16, w: 16, c: 384, prefix: 5, stride: 14}},
		{"DINOv2 at 518", []int64{1, 1374, 384}, 518, 518, layer{form: tokens, h: 37, w: 37, c: 384, prefix: 5, stride: 14}},
		{"ViT/8", []int64{1, 785, 384}, 224, 224, layer{form: tokens, h: 28, w: 28, c: 384, prefix: 1, stride: 8}},
		{"CLIP /32", []int64{1, 50, 768}, 224, 224, layer{form: tokens, h: 7, w: 7, c: 768, prefix: 1, stride: 32}},
		{"no class token", []int64{1, 196, 768}, 224, 224, layer{form: tokens, h: 14, w: 14, c: 768, stride: 16}},
		{"wide image", []int64{1, 281, 64}, 224, 320, layer{form: tokens, h: 14, w: 20, c: 64, prefix: 1, stride: 16}},
	} {
		c.want.name = c.name
		got, err := newLayer(c.name, c.shape, c.h, c.w)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
		if got.values() != int(c.shape[1]*c.shape[2]*append(c.shape, 1)[3]) || !slices.Equal(got.shape(), c.shape) {
			t.Errorf("%s: shape %v of %d values", c.name, got.shape(), got.values())
		}
	}
	for _, c := range []struct {
		says  string
		shape []int64
	}{
		{"no raster of 224×224 pixels", []int64{1, 28, 28, 512}}, // channels last
		{"no raster", []int64{1, 512, 28, 7}},
		{"no raster", []int64{1, 512, 0, 0}},
		{"no map of the image", []int64{1, 1000}},
		{"no map of the image", []int64{2, 512, 28, 28}},
		{"no map of the image", []int64{1, 197, 0}},
		{"no raster of square patches", []int64{1, 230, 768}},
		{"no raster of square patches", []int64{1, 0, 768}},
	} {
		if l, err := newLayer("x", c.shape, 224, 224); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %+v, %v, want %q", c.shape, l, err, c.says)
		}
	}
}

func TestResized(t *testing.T) {
	l, err := newLayer("x", []int64{1, 8, 14, 14}, 224, 224)
	if err != nil {
		t.Fatal(err)
	}
	// 3 places for 40 pixels are 13 each, and still stride 16.
	if r, err := l.resized([]int64{1, 8, 3, 3}, 40, 40); err != nil || r.stride != 16 || r.h != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := l.resized([]int64{1, 9, 3, 3}, 40, 40); err == nil {
		t.Error("another number of channels is accepted")
	}
	v, err := newLayer("x", []int64{1, 197, 8}, 224, 224)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := v.resized([]int64{1, 257, 8}, 256, 256); err != nil || r.h != 16 || r.prefix != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := v.resized([]int64{1, 196, 8}, 224, 224); err == nil {
		t.Error("a token less is accepted")
	}
}

func TestChoose(t *testing.T) {
	of := func(strides ...int) []layer {
		var all []layer
		for i, s := range strides {
			all = append(all, layer{name: string(rune('a' + i)), stride: s})
		}
		return all
	}
	for _, c := range []struct {
		strides []int
		names   string
		want    string // names, or what the error says
	}{
		{[]int{4, 8, 16, 32}, "", "b c"},
		{[]int{32, 16, 8, 4}, "", "c b"}, // from fine to coarse
		{[]int{8, 8, 16, 16}, "", "b d"}, // the deeper of two
		{[]int{14, 14, 14}, "", "c"},
		{[]int{4, 32}, "", "a b"},
		{[]int{4, 16}, "", "a b"}, // 4 and 16 are as near to 8: the finer
		{[]int{2, 7, 15, 30, 224}, "", "b c"},
		{[]int{1, 2, 33, 224}, "", "! no layer has a stride from 4 to 32"},
		{[]int{4, 8, 16}, "c,a", "a c"},
		{[]int{16, 16}, "b,a", "b a"},
		{[]int{4, 8}, "z", "! there is no layer \"z\", but a (stride 4), b (stride 8)"},
		{[]int{4, 8}, "a,a", "! layer \"a\" is given twice"},
	} {
		var names []string
		if c.names != "" {
			names = strings.Split(c.names, ",")
		}
		picked, err := choose(of(c.strides...), names)
		got := ""
		if err != nil {
			got = "! " + err.Error()
		}
		for _, l := range picked {
			got += l.name + " "
		}
		if says := strings.HasPrefix(c.want, "!") && strings.HasPrefix(got, c.want); !says && strings.TrimSpace(got) != c.want {
			t.Errorf("strides %v, names %q: %s, want %s", c.strides, c.names, got, c.want)
		}
	}
}

// TestToPlanes compares with the index formula.
func TestToPlanes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := 1 + r.IntN(100)
		planes, image := make([]float32, 3*n), make([]float32, 3*n)
		for i := range image {
			image[i] = r.Float32()
		}
		toPlanes(planes, image)
		for i := range image {
			if planes[i%3*n+i/3] != image[i] {
				t.Fatalf("%d pixels: value %d", n, i)
			}
		}
	}
}
