package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/rgbd"
)

// form is how a layer's values lie in its output.
type form int

const (
	planes form = iota // 1×C×h×w, of convolutional networks
	tokens             // 1×T×C, of vision transformers: prefix tokens, then h·w patches row by row
	unseen             // known by name, channels and stride alone
)

// layer is an output that describes places of the image.
type layer struct {
	name   string
	form   form
	h, w   int // of its raster
	c      int
	prefix int // tokens that stand before those of the patches
	stride int
}

// maxPrefix is how many tokens may stand before the patches: a class, a
// distillation and up to four register tokens are in use.
const maxPrefix = 8

// newLayer reads the shape that an output had for an input of h×w pixels.
func newLayer(name string, shape []int64, h, w int) (layer, error) {
	l := layer{name: name}
	var err error
	switch {
	case len(shape) == 4 && shape[0] == 1:
		l.form, l.c, l.h, l.w = planes, int(shape[1]), int(shape[2]), int(shape[3])
		err = l.measure(h, w)
	case len(shape) == 3 && shape[0] == 1 && shape[2] > 0:
		l.form, l.c = tokens, int(shape[2])
		err = l.arrange(int(shape[1]), h, w)
	default:
		err = errors.New("it is no map of the image: want N×C×H×W, or N×T×D of a vision transformer")
	}
	return l, err
}

// measure sets the stride of planes. Padding, or its lack, makes an axis some
// places longer or shorter than the stride says, both axes alike to within one.
func (l *layer) measure(h, w int) error {
	if l.h < 1 || l.w < 1 || l.c < 1 || abs(l.h*w-l.w*h) > h+w {
		return fmt.Errorf("its %d×%d places are no raster of %d×%d pixels (channels last? only N×C×H×W is read)", l.h, l.w, h, w)
	}
	pixels, places := h, l.h
	if l.w > l.h {
		pixels, places = w, l.w
	}
	l.stride = max(1, (2*pixels+places)/(2*places)) // rounded
	return nil
}

func abs(v int) int { return max(v, -v) }

// resized returns the layer for an input of another size, from the shape that
// its output has then.
func (l layer) resized(shape []int64, h, w int) (layer, error) {
	other, err := newLayer(l.name, shape, h, w)
	if err != nil {
		return other, fmt.Errorf("output %s: %w", l.name, err)
	}
	if other.form == planes {
		other.stride = l.stride // few places say little
	}
	if l.form == unseen {
		l.form, l.prefix = other.form, other.prefix // these the first image tells
	}
	if other.form != l.form || other.c != l.c || other.stride != l.stride || other.prefix != l.prefix {
		return other, fmt.Errorf("output %s has %d channels at stride %d for this size, %d at %d for another", l.name, other.c, other.stride, l.c, l.stride)
	}
	return other, nil
}

// arrange finds the raster of n tokens: the square patch size that divides the
// input and leaves the fewest tokens over, which are those before the patches.
func (l *layer) arrange(n, h, w int) error {
	for p := 1; p <= min(h, w); p++ { // the number of patches falls with their size
		if h%p != 0 || w%p != 0 {
			continue
		}
		if over := n - (h/p)*(w/p); over >= 0 {
			if over > maxPrefix {
				break
			}
			l.h, l.w, l.stride, l.prefix = h/p, w/p, p, over
			return nil
		}
	}
	return fmt.Errorf("its %d tokens are no raster of square patches of %d×%d pixels with at most %d tokens before them", n, h, w, maxPrefix)
}

func (l layer) values() int { return l.c * (l.h*l.w + l.prefix) }

func (l layer) shape() []int64 {
	if l.form == tokens {
		return []int64{1, int64(l.h*l.w + l.prefix), int64(l.c)}
	}
	return []int64{1, int64(l.c), int64(l.h), int64(l.w)}
}

func (l layer) info() rgbd.Layer {
	return rgbd.Layer{Name: l.name, Channels: l.c, Stride: l.stride}
}

// choose picks from the outputs that are layers those to use, from fine to
// coarse. Names, when given, decide; see [Options.Layers] for the choice without.
func choose(all []layer, names []string) ([]layer, error) {
	var picked []layer
	if len(names) > 0 {
		for _, name := range names {
			i := slices.IndexFunc(all, func(l layer) bool { return l.name == name })
			if i < 0 {
				return nil, fmt.Errorf("there is no layer %q, but %s", name, list(all))
			}
			if slices.ContainsFunc(picked, func(l layer) bool { return l.name == name }) {
				return nil, fmt.Errorf("layer %q is given twice", name)
			}
			picked = append(picked, all[i])
		}
	} else {
		for _, want := range []int{8, 16} {
			best := -1
			for i, l := range all {
				if l.stride < 4 || l.stride > 32 {
					continue
				}
				if best < 0 || nearer(l.stride, all[best].stride, want) {
					best = i
				}
			}
			if best >= 0 && !slices.Contains(picked, all[best]) {
				picked = append(picked, all[best])
			}
		}
		if len(picked) == 0 {
			return nil, fmt.Errorf("no layer has a stride from 4 to 32; there is %s", list(all))
		}
	}
	slices.SortStableFunc(picked, func(a, b layer) int { return a.stride - b.stride })
	return picked, nil
}

// nearer reports whether stride a is to be preferred to b, which stands before
// it in the file: nearer to want by their ratio, finer where both are as near,
// and later in the file, so deeper, where both are the same.
func nearer(a, b, want int) bool {
	// ratio of a: max(a, want)/min(a, want); compared as cross products
	ra, rb := max(a, want)*min(b, want), max(b, want)*min(a, want)
	return ra < rb || ra == rb && a <= b
}

// list names layers for messages.
func list(all []layer) string {
	if len(all) == 0 {
		return "none"
	}
	s := make([]string, len(all))
	for i, l := range all {
		s[i] = fmt.Sprintf("%s (stride %d)", l.name, l.stride)
	}
	return strings.Join(s, ", ")
}
