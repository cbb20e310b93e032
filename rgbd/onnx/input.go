package onnx

import (
	"errors"
	"fmt"
)

// input is what a model is fed with.
type input struct {
	name string
	h, w int // 0: any
}

// maxPixels bounds the image size that a file can ask for.
const maxPixels = 1 << 24

// input checks that a model takes one colour image and nothing else.
func (m *Model) input() (input, error) {
	if len(m.Inputs) != 1 {
		return input{}, fmt.Errorf("it has %d inputs, want one image", len(m.Inputs))
	}
	t := m.Inputs[0]
	in := input{name: t.Name}
	switch {
	case t.Type != "float32":
		return in, fmt.Errorf("its input %s takes %s, want float32: export it in single precision", t.Name, t.Type)
	case !t.Ranked:
		return in, nil
	case len(t.Shape) != 4:
		return in, fmt.Errorf("its input %s is %s, want N×3×H×W", t.Name, t)
	}
	n, c, h, w := t.Shape[0].Size, t.Shape[1].Size, t.Shape[2].Size, t.Shape[3].Size
	switch {
	case w == 3 && c != 3:
		return in, fmt.Errorf("its input %s is %s, channels last, want N×3×H×W: export it with channels first", t.Name, t)
	case c != 3 && c > 0:
		return in, fmt.Errorf("its input %s is %s, want N×3×H×W: three channels", t.Name, t)
	case n > 1:
		return in, fmt.Errorf("its input %s is %s: it takes batches of %d images only; export it with a batch of 1 or of any size", t.Name, t, n)
	case h > maxPixels || w > maxPixels || max(h, 1)*max(w, 1) > maxPixels:
		return in, fmt.Errorf("its input %s is %s, more than %d pixels", t.Name, t, maxPixels)
	}
	in.h, in.w = int(max(h, 0)), int(max(w, 0))
	return in, nil
}

// candidates returns the outputs that can be layers.
func (m *Model) candidates() ([]string, error) {
	if len(m.Outputs) == 0 {
		return nil, errors.New("it has no outputs")
	}
	var names []string
	why := ""
	for _, t := range m.Outputs {
		switch {
		case t.Type != "float32":
			why += fmt.Sprintf("; output %s is %s, not float32", t.Name, t.Type)
		case t.Ranked && len(t.Shape) != 3 && len(t.Shape) != 4:
			why += fmt.Sprintf("; output %s is %s", t.Name, t)
		default:
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w%s", errNoLayers, why)
	}
	return names, nil
}
