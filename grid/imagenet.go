package grid

import "fmt"

// NormaliseImageNet turns h×w pixels of red, green, blue bytes into the
// h×w×3 input of a network pretrained on ImageNet: (v/255 − mean)/deviation,
// each step in float32 as torchvision's ToTensor and Normalize do.
func NormaliseImageNet(pix []uint8, h, w int) *Map {
	mustBeSize(h, w)
	if len(pix) != 3*h*w {
		panic(fmt.Sprintf("grid: %d bytes do not make a %d×%d colour image", len(pix), h, w))
	}
	// Mean and standard deviation of ImageNet's training images in [0, 1], as
	// torchvision's documentation gives them.
	mean, deviation := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	var level [3][256]float32
	for c := range level {
		for v := range level[c] {
			level[c][v] = (float32(v)/255 - mean[c]) / deviation[c]
		}
	}
	m := New(h, w, 3)
	for i := 0; i < len(pix); i += 3 {
		m.Data[i] = level[0][pix[i]]
		m.Data[i+1] = level[1][pix[i+1]]
		m.Data[i+2] = level[2][pix[i+2]]
	}
	return m
}
