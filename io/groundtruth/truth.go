package groundtruth

import (
	"errors"
	"fmt"
	"image"

	"github.com/iad3d/iad3d/io/scan"
)

// Truth is the ground truth of one scan, row-major.
type Truth struct {
	Width, Height int // 0 when nothing says: a good scan without a mask
	// Mask is true in defects; nil in a good scan and where there are channels.
	Mask []bool
	// Channels are MVTec LOCO's defects, each with its own mask.
	Channels []Channel
}

// Channel is one defect of MVTec LOCO.
type Channel struct {
	Defect
	Mask []bool
	Area int // pixels in it
	Path string
}

// Truth reads the ground truth of an item. A pixel is defective where its value
// is above 0; in MVTec LOCO the value names the defect.
func (s *Set) Truth(it *Item) (*Truth, error) {
	t := new(Truth)
	for _, path := range it.Masks {
		m, err := scan.ReadMask(path)
		if err != nil {
			return nil, err
		}
		w, h := m.Rect.Dx(), m.Rect.Dy()
		if t.Width != 0 && (w != t.Width || h != t.Height) {
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("is %d×%d, the masks before it are %d×%d", w, h, t.Width, t.Height)}
		}
		t.Width, t.Height = w, h
		if s.Layout == LOCO {
			c, err := s.channel(m)
			if err != nil {
				return nil, &scan.Error{Path: path, Err: err}
			}
			c.Path = path
			t.Channels = append(t.Channels, c)
			continue
		}
		mask, n := make([]bool, w*h), 0
		for y := range h {
			for x, v := range m.Pix[y*m.Stride:][:w] {
				if v > 0 {
					mask[y*w+x] = true
					n++
				}
			}
		}
		switch {
		case n > 0 && it.Good():
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("marks %d pixels as defective, but the scan is labelled %s", n, Good)}
		case n > 0:
			t.Mask = mask
		case !it.Good():
			t.Mask = mask // all sound; the scan counts among the defective ones
		}
	}
	return t, nil
}

// channel reads a mask of MVTec LOCO: 0 and one value of the defect list.
func (s *Set) channel(m *image.Gray) (Channel, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	c := Channel{Mask: make([]bool, w*h)}
	value := uint8(0)
	for y := range h {
		for x, v := range m.Pix[y*m.Stride:][:w] {
			switch {
			case v == 0:
				continue
			case value == 0:
				value = v
			case v != value:
				return c, fmt.Errorf("has the values %d and %d; a channel has one beside 0", value, v)
			}
			c.Mask[y*w+x] = true
			c.Area++
		}
	}
	if value == 0 {
		return c, errors.New("marks no pixel")
	}
	d, known := s.defects[value]
	if !known {
		return c, fmt.Errorf("has the value %d, which %s does not list", value, configFile)
	}
	c.Defect = d
	return c, nil
}
