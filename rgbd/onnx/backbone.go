package onnx

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/rgbd"
)

var (
	// ErrLibrary is wrapped by every error that says ONNX Runtime's library is
	// missing or cannot be used, or that this build cannot use any.
	ErrLibrary = ortlib.ErrLibrary
	// ErrOptions is wrapped by every error about [Options].
	ErrOptions = errors.New("bad backbone options")
	// ErrClosed is returned by Features of a backbone that was closed.
	ErrClosed = errors.New("the backbone is closed")
)

// Library is a file of ONNX Runtime's library and where it was found.
type Library = ortlib.Library

// Options says how a model is used.
type Options struct {
	// Library is the file of ONNX Runtime's shared library. Empty: the file that the
	// environment variable IAD3D_ORT_LIBRARY names, else what "iad3d ort install" put
	// into the user's cache, else one beside the program, else one of the system. A
	// process can load one only; the first Open decides.
	Library string
	// Layers names the outputs to use. Empty: the two whose strides are nearest to
	// 8 and to 16 (by ratio; the finer of two that are as near; strides below 4 and
	// above 32 are left out); of outputs with the same stride the last of the file;
	// one layer alone where that is nearest to both.
	Layers []string
	// Known is what an earlier Open of the network found, as detectors keep it. Where the
	// file is the same, by its SHA-256, its layers are used, and the network is not run to
	// learn their shapes: the first image tells. Otherwise it is of no account.
	Known *rgbd.BackboneInfo
	// Threads is how many threads share the work on one image; 0 means 1. Images
	// of one call, and calls, run beside each other in any case, so that more than
	// one helps only where single images must come fast.
	Threads int
}

// maxThreads bounds what a configuration can ask for.
const maxThreads = 1024

// Backbone is a network that ONNX Runtime runs on the processor. It implements
// [rgbd.OutputBackbone]: safe for concurrent use, and the same bits for an image
// whatever is in its batch or runs beside it.
type Backbone struct {
	info    rgbd.BackboneInfo
	library Library
	session *session
	slots   chan *runner  // one per run that may be under way
	closed  chan struct{} // closed by Close
	once    sync.Once
}

var _ rgbd.OutputBackbone = (*Backbone)(nil)

// probeSide is the input size that layers are measured at where a model takes
// any: a multiple of the patch sizes and strides in use (7, 8, 14, 16, 28, 32).
const probeSide = 224

// Open reads an ONNX file and opens it, see [Model.Open]. Close frees what it
// holds; a backbone that is forgotten is closed by the garbage collector.
func Open(path string, o Options) (*Backbone, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := Read(path)
	if err != nil {
		return nil, err
	}
	return m.Open(o)
}

func (o *Options) check() error {
	if o.Threads < 0 || o.Threads > maxThreads {
		return fmt.Errorf("%w: %d threads: want 0 (one) to %d", ErrOptions, o.Threads, maxThreads)
	}
	return nil
}

// Open loads ONNX Runtime's library when that was not yet done in this process, and runs
// the network once on a blank image to learn the layers' true shapes, unless they are
// known. It can be called once for what [Read] returned. Close frees what the backbone
// holds.
//
// Errors wrap [ErrModel] when the file cannot be used, [ErrLibrary] when the
// library cannot, [ErrOptions] when o asks for what is not there.
func (m *Model) Open(o Options) (*Backbone, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if m.content == nil {
		return nil, badModel(m.Path, errors.New("its content is not there any more: read it again"))
	}
	in, err := m.input()
	if err != nil {
		return nil, badModel(m.Path, err)
	}
	outs, err := m.candidates()
	if err != nil {
		return nil, badModel(m.Path, err)
	}
	lib, err := load(o.Library)
	if err != nil {
		return nil, err
	}
	s, err := newSession(m, in.name, outs, max(1, o.Threads))
	if err != nil {
		return nil, badModel(m.Path, fmt.Errorf("ONNX Runtime %s refuses it: %w", lib.Version, err))
	}
	b := &Backbone{library: *lib, session: s, closed: make(chan struct{})}
	if err := b.init(m, in, outs, o); err != nil {
		s.destroy()
		return nil, err
	}
	n := max(1, runtime.GOMAXPROCS(0)/max(1, o.Threads))
	b.slots = make(chan *runner, n)
	for range n {
		b.slots <- &runner{session: s}
	}
	// One that is forgotten is closed: nobody runs it any more. The pinned memory in its
	// slots would otherwise end the program when it is collected.
	runtime.SetFinalizer(b, (*Backbone).Close)
	return b, nil
}

// init measures the layers and chooses those to use.
func (b *Backbone) init(m *Model, in input, outs []string, o Options) error {
	if k := o.Known; k != nil && k.SHA256 == m.SHA256 && k.Height == in.h && k.Width == in.w && len(k.Layers) > 0 {
		var used []layer
		for _, l := range k.Layers {
			if slices.Contains(outs, l.Name) {
				used = append(used, layer{name: l.Name, form: unseen, c: l.Channels, stride: l.Stride})
			}
		}
		if len(used) == len(k.Layers) {
			b.info = *k
			b.info.Name, b.info.Layers = filepath.Base(m.Path), slices.Clone(k.Layers)
			b.session.use(used, 0, 0)
			return nil
		}
	}
	h, w := in.h, in.w
	if h == 0 {
		h = probeSide
	}
	if w == 0 {
		w = probeSide
	}
	shapes, err := b.session.shapes(h, w)
	if err != nil {
		return badModel(m.Path, fmt.Errorf("it fails on an image of %d×%d pixels: %w", h, w, err))
	}
	var all []layer
	why := ""
	for i, name := range outs {
		l, err := newLayer(name, shapes[i], h, w)
		if err == nil {
			all = append(all, l)
		} else if why += fmt.Sprintf("; output %s: %v", name, err); slices.Contains(o.Layers, name) {
			return fmt.Errorf("%w: layer %q of %s: %w", ErrOptions, name, m.Path, err)
		}
	}
	if len(all) == 0 {
		return badModel(m.Path, fmt.Errorf("%w%s", errNoLayers, why))
	}
	picked, err := choose(all, o.Layers)
	if err != nil && len(o.Layers) > 0 {
		return fmt.Errorf("%w: %s: %w", ErrOptions, m.Path, err)
	}
	if err != nil {
		return badModel(m.Path, fmt.Errorf("%w: %w", errNoLayers, err))
	}
	b.info = rgbd.BackboneInfo{Name: filepath.Base(m.Path), SHA256: m.SHA256, Height: in.h, Width: in.w}
	for _, l := range picked {
		b.info.Layers = append(b.info.Layers, l.info())
	}
	b.session.use(picked, h, w)
	return nil
}

// errNoLayers is the error of a model that only classifies.
var errNoLayers = errors.New("its inner layers are not among its outputs: export it with them, see docs/backbones.md")

// Info describes the network.
func (b *Backbone) Info() rgbd.BackboneInfo {
	info := b.info
	info.Layers = slices.Clone(info.Layers)
	return info
}

// Library describes the ONNX Runtime library that the process has loaded.
func (b *Backbone) Library() Library { return b.library }

// Close waits for runs under way and frees the network. Later calls of Features
// return [ErrClosed]. It always returns nil.
func (b *Backbone) Close() error {
	b.once.Do(func() {
		runtime.SetFinalizer(b, nil)
		close(b.closed)
		for range cap(b.slots) {
			(<-b.slots).destroy()
		}
		b.session.destroy()
	})
	return nil
}

// Features runs the network on each input, several at a time; see
// [rgbd.Backbone]. Inputs are never put into one batch: a processor gains
// nothing by it, and ONNX Runtime does not promise the same bits for it.
func (b *Backbone) Features(ctx context.Context, inputs []*grid.Map) ([][]*grid.Map, error) {
	maps := make([][]*grid.Map, len(inputs))
	err := b.Outputs(ctx, inputs, func(i int, layers []rgbd.Output) error {
		maps[i] = make([]*grid.Map, len(layers))
		for l, o := range layers {
			m := grid.New(o.H, o.W, o.C)
			if o.Planes {
				simd.FromPlanes(m.Data, o.C, o.Data, o.H*o.W, o.C)
			} else {
				copy(m.Data, o.Data)
			}
			maps[i][l] = m
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return maps, nil
}

// Outputs runs the network as Features does and calls fn with what comes out, which is
// overwritten when fn has returned; see [rgbd.OutputBackbone]. Of an input the
// network's memory is in use until then: fn must not run the network itself.
func (b *Backbone) Outputs(ctx context.Context, inputs []*grid.Map, fn func(i int, layers []rgbd.Output) error) error {
	for i, in := range inputs {
		if err := b.check(in, inputs[0]); err != nil {
			return fmt.Errorf("onnx: input %d of %d of %s: %w", i+1, len(inputs), b.info.Name, err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(len(inputs), cap(b.slots)) {
		wg.Go(func() {
			for i := range next {
				if err := b.one(ctx, i, inputs[i], fn); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
feed:
	for i := range inputs {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// check refuses an input that the network cannot take.
func (b *Backbone) check(in, first *grid.Map) error {
	switch {
	case in == nil:
		return errors.New("it is nil")
	case in.C != 3 || in.H <= 0 || in.W <= 0 || len(in.Data) != 3*in.H*in.W:
		return fmt.Errorf("%d values are no %d×%d×%d colour image", len(in.Data), in.H, in.W, in.C)
	case b.info.Height > 0 && in.H != b.info.Height || b.info.Width > 0 && in.W != b.info.Width:
		return fmt.Errorf("it has %d×%d pixels, the network takes %s×%s only", in.H, in.W, side(b.info.Height), side(b.info.Width))
	case in.H != first.H || in.W != first.W:
		return fmt.Errorf("it has %d×%d pixels, the first has %d×%d", in.H, in.W, first.H, first.W)
	}
	return nil
}

func side(n int) string {
	if n == 0 {
		return "any"
	}
	return fmt.Sprint(n)
}

// one runs the network on one input as soon as a slot is free and calls fn with what
// comes out.
func (b *Backbone) one(ctx context.Context, i int, in *grid.Map, fn func(i int, layers []rgbd.Output) error) error {
	select { // a closed backbone must not hand out its last slots
	case <-b.closed:
		return ErrClosed
	default:
	}
	var r *runner
	select {
	case r = <-b.slots:
	case <-b.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { b.slots <- r }()
	if err := r.run(in.H, in.W, in.Data); err != nil {
		return fmt.Errorf("onnx: %s fails on an image of %d×%d pixels: %w", b.info.Name, in.H, in.W, err)
	}
	layers := make([]rgbd.Output, len(r.layers))
	for k, l := range r.layers {
		layers[k] = rgbd.Output{H: l.h, W: l.w, C: l.c, Planes: l.form == planes, Data: r.out[k][l.prefix*l.c:]}
	}
	return fn(i, layers)
}
