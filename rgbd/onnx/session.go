//go:build cgo && (linux || darwin || windows)

package onnx

import (
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

// use makes runs return these layers, whose sizes are those for h×w pixels.
func (s *session) use(picked []layer, h, w int) {
	s.used = picked
	s.layers[[2]int{h, w}] = picked
}

// shapes runs the network on a blank image and returns the shapes of all outputs.
func (s *session) shapes(h, w int) ([][]int64, error) {
	in, err := ort.NewTensor(ort.NewShape(1, 3, int64(h), int64(w)), make([]float32, 3*h*w))
	if err != nil {
		return nil, err
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
		return nil, err
	}
	shapes := make([][]int64, len(out))
	for i, v := range out {
		shapes[i] = v.GetShape()
	}
	return shapes, nil
}

// at returns the layers in use for an input size.
func (s *session) at(h, w int) ([]layer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.layers[[2]int{h, w}]; l != nil {
		return l, nil
	}
	shapes, err := s.shapes(h, w)
	if err != nil {
		return nil, err
	}
	var all []layer
	for _, u := range s.used {
		l, err := u.resized(shapes[slices.Index(s.outs, u.name)], h, w)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	if len(s.layers) >= maxSizes {
		clear(s.layers)
	}
	s.layers[[2]int{h, w}] = all
	return all, nil
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

// resize makes the runner fit an input size.
func (r *runner) resize(h, w int) (err error) {
	if r.binding != nil && r.h == h && r.w == w {
		return nil
	}
	r.destroy()
	defer func() {
		if err != nil {
			r.destroy()
		}
	}()
	if r.layers, err = r.session.at(h, w); err != nil {
		return err
	}
	if r.binding, err = r.session.ort.CreateIoBinding(); err != nil {
		return err
	}
	r.h, r.w = h, w
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

// run turns in into out.
func (r *runner) run() error { return r.session.ort.RunWithBinding(r.binding) }

// destroy frees what resize made.
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
