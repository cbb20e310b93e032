package rgbd

import (
	"image"

	"github.com/iad3d/iad3d/grid"
)

// ImageNetInput prepares a colour image for a network pretrained on ImageNet:
// resized to h×w pixels as Pillow and torchvision do it ([grid.ResizeBicubic]),
// whatever its aspect ratio, then normalised ([grid.NormaliseImageNet]). The
// opacity of pixels is ignored, as that of a measured image should be.
func ImageNetInput(img *image.NRGBA, h, w int) *grid.Map {
	return grid.NormaliseImageNet(resizedBytes(img, h, w), h, w)
}

// resizedBytes returns h×w pixels of red, green and blue bytes.
func resizedBytes(img *image.NRGBA, h, w int) []uint8 {
	b := img.Bounds()
	pix := make([]uint8, 0, 3*b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := img.Pix[img.PixOffset(b.Min.X, y):][:4*b.Dx()]
		for ; len(row) > 0; row = row[4:] {
			pix = append(pix, row[0], row[1], row[2])
		}
	}
	return grid.ResizeBicubic(pix, b.Dy(), b.Dx(), 3, h, w)
}
