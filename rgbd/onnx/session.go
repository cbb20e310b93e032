//go:build cgo && (linux || darwin || windows)

package onnx

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// session is a network in ONNX Runtime. Runs may be under way at the same time.
type session struct {
	ort   *ort.DynamicAdvancedSession
	input string
	outs  []string // all that may be layers
	used  []layer  // those in use

	mu     sync.Mutex
	layers map[[2]int][]layer // in use, by input height and width
}

// maxSizes is how many input sizes are remembered.
const maxSizes = 16

// newSession hands a model to ONNX Runtime.
func newSession(m *Model, in string, outs []string, threads int) (*session, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	for _, set := range []func() error{
		func() error { return o.SetIntraOpNumThreads(threads) },
		func() error { return o.SetInterOpNumThreads(1) },
		// Idle threads that spin would take the processor from other work.
		func() error { return o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0") },
		func() error { return o.AddSessionConfigEntry("session.inter_op.allow_spinning", "0") },
		// A pattern is kept for every input size, for ever.
		func() error { return o.SetMemPattern(false) },
		// Errors are returned; it must not print them as well.
		func() error { return o.SetLogSeverityLevel(ort.LoggingLevelFatal) },
	} {
		if err := set(); err != nil {
			return nil, err
		}
	}
	s := &session{input: in, outs: outs, layers: map[[2]int][]layer{}}
	if len(m.External) > 0 { // looked for beside the file
		s.ort, err = ort.NewDynamicAdvancedSession(m.Path, []string{in}, outs, o)
	} else { // what was hashed
		s.ort, err = ort.NewDynamicAdvancedSessionWithONNXData(m.content, []string{in}, outs, o)
	}
	m.content = nil
	if err != nil {
		return nil, err
	}
	return s, nil
}

// use makes runs return these layers, whose sizes are those for h×w pixels; with h = 0
// the first image will tell.
func (s *session) use(picked []layer, h, w int) {
	s.used = picked
	if h > 0 {
		s.layers[[2]int{h, w}] = picked
	}
}

// shapes runs the network on a blank image and returns the shapes of all outputs.
func (s *session) shapes(h, w int) ([][]int64, error) {
	shapes, _, err := s.run(h, w, make([]float32, 3*h*w), nil)
	return shapes, err
}

// run runs the network on an image of 3 planes, without knowing the shapes of its
// outputs, and returns those of all and the values of the outputs named.
func (s *session) run(h, w int, image []float32, names []string) (shapes [][]int64, values [][]float32, err error) {
	in, err := ort.NewTensor(ort.NewShape(1, 3, int64(h), int64(w)), image)
	if err != nil {
		return nil, nil, err
	}
	defer in.Destroy()
	out := make([]ort.Value, len(s.outs))
	err = s.ort.Run([]ort.Value{in}, out)
	defer func() {
		for _, v := range out {
			if v != nil {
				v.Destroy()
			}
		}
	}()
	if err != nil {
		return nil, nil, err
	}
	for _, v := range out {
		shapes = append(shapes, v.GetShape())
	}
	for _, name := range names {
		t, ok := out[slices.Index(s.outs, name)].(*ort.Tensor[float32])
		if !ok {
			return nil, nil, fmt.Errorf("output %s: its values are not float32", name)
		}
		values = append(values, slices.Clone(t.GetData()))
	}
	return shapes, values, nil
}

// at returns the layers in use for an input size; nil where it is a new one.
func (s *session) at(h, w int) []layer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.layers[[2]int{h, w}]
}

// learn runs the network on the first image of a size, which tells the shapes of the
// layers in use, and returns these and their values.
func (s *session) learn(h, w int, image []float32) ([]layer, [][]float32, error) {
	var names []string
	for _, u := range s.used {
		names = append(names, u.name)
	}
	shapes, values, err := s.run(h, w, image, names)
	if err != nil {
		return nil, nil, err
	}
	var all []layer
	for i, u := range s.used {
		l, err := u.resized(shapes[slices.Index(s.outs, u.name)], h, w)
		if err != nil {
			return nil, nil, err
		}
		if len(values[i]) != l.values() {
			return nil, nil, fmt.Errorf("output %s has %d values, its shape says %d", l.name, len(values[i]), l.values())
		}
		all = append(all, l)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.layers) >= maxSizes {
		clear(s.layers)
	}
	s.layers[[2]int{h, w}] = all
	return all, values, nil
}

func (s *session) destroy() { s.ort.Destroy() }

// runner is what one run at a time needs: the memory of input and outputs, bound
// to the session once for all runs of the same size.
type runner struct {
	session *session
	h, w    int
	layers  []layer
	in      []float32   // 3 planes
	out     [][]float32 // as the layers' shapes say

	binding *ort.IoBinding
	tensors []*ort.Tensor[float32]
	pinner  runtime.Pinner // ONNX Runtime keeps the slices' addresses
}

// run runs the network on an image of h×w pixels, three values each, and leaves what
// comes out in layers and out.
func (r *runner) run(h, w int, image []float32) error {
	if r.binding == nil || r.h != h || r.w != w {
		r.destroy()
		layers := r.session.at(h, w)
		if layers == nil {
			planes := make([]float32, len(image))
			toPlanes(planes, image)
			var err error
			r.layers, r.out, err = r.session.learn(h, w, planes)
			return err
		}
		if err := r.bind(layers, h, w); err != nil {
			r.destroy()
			return err
		}
	}
	toPlanes(r.in, image)
	return r.session.ort.RunWithBinding(r.binding)
}

// bind makes the runner fit an input size.
func (r *runner) bind(layers []layer, h, w int) (err error) {
	if r.binding, err = r.session.ort.CreateIoBinding(); err != nil {
		return err
	}
	r.layers, r.h, r.w = layers, h, w
	in, err := r.tensor([]int64{1, 3, int64(h), int64(w)}, 3*h*w)
	if err != nil {
		return err
	}
	r.in = in.GetData()
	if err := r.binding.BindInput(r.session.input, in); err != nil {
		return err
	}
	for _, l := range r.layers {
		out, err := r.tensor(l.shape(), l.values())
		if err != nil {
			return err
		}
		r.out = append(r.out, out.GetData())
		if err := r.binding.BindOutput(l.name, out); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) tensor(shape []int64, n int) (*ort.Tensor[float32], error) {
	data := make([]float32, n)
	r.pinner.Pin(&data[0])
	t, err := ort.NewTensor(ort.Shape(slices.Clone(shape)), data)
	if err == nil {
		r.tensors = append(r.tensors, t)
	}
	return t, err
}

// destroy frees what bind made.
func (r *runner) destroy() {
	if r.binding != nil {
		r.binding.Destroy()
	}
	for _, t := range r.tensors {
		t.Destroy()
	}
	r.pinner.Unpin()
	*r = runner{session: r.session}
}
