// Package synth is a procedural inspection line: parts on a table under a
// structured-light scanner, some of them with a defect, and the exact ground
// truth of each. It lets the demo and the tests run without any data set.
//
// A part is a signed distance function, traced by a pinhole camera. A defect
// changes that function, or the colour, within a ball. The ground truth of a
// defect is the set of pixels at which two noiseless renderings of the same
// pose, with and without it, differ: see [TruthEpsilon]. A piece that is missing
// is thus marked where the part used to be.
//
// The sensor adds what such scanners are known for: noise that grows with
// distance, slope and darkness, the ripple of the fringes, no measurement where
// the projector does not reach or a highlight blinds the camera, random
// dropouts on dark cloth, and lost or flying pixels along edges.
//
// All of it follows from [Options].Seed: the same options give the same scans
// whatever the number of processors.
package synth

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"math/rand/v2"
	"slices"

	"github.com/iad3d/iad3d/rgbd"
)

// Options describe a line. The zero value makes 125 scans of 224×224 pixels:
// five parts with 12 training, 2 validation and 4 sound test scans and one of
// each of seven defects.
type Options struct {
	Seed uint64
	Size int // pixels per side, 48 to 2048; 0 = 224. The field of view stays the same
	// Scans per part; 0 = the default, negative = none.
	Train      int // sound training scans; default 12
	Validation int // sound validation scans; default 2
	Good       int // sound test scans; default 4
	PerDefect  int // test scans of each defect; default 1
	// Parts and Defects choose from Parts() and Defects(); nil = all. They do not
	// change what a scan looks like.
	Parts, Defects []string
}

// ErrOptions is wrapped by every error about options that make no sense.
var ErrOptions = errors.New("synth: bad options")

const (
	minSize, maxSize = 48, 2048 // below 48 a small hole no longer shows
	maxScans         = 1000     // per folder: names have three digits
)

// The splits of a data set, as MVTec 3D-AD names them.
const (
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

// Parts returns the names of all parts, ascending.
func Parts() []string {
	var names []string
	for _, k := range catalogue() {
		names = append(names, k.name)
	}
	return names
}

// Defects returns the names of all defects, ascending. The class id of the
// first is 255, of the next 254, and so on, whatever Options chooses.
func Defects() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// normal returns o with the defaults filled in, or what is wrong with it.
func (o Options) normal() (Options, error) {
	if o.Size == 0 {
		o.Size = 224
	}
	if o.Size < minSize || o.Size > maxSize {
		return o, fmt.Errorf("%w: size %d, want %d to %d pixels", ErrOptions, o.Size, minSize, maxSize)
	}
	for _, c := range []struct {
		name  string
		n     *int
		usual int
	}{{"train", &o.Train, 12}, {"validation", &o.Validation, 2}, {"good", &o.Good, 4}, {"per defect", &o.PerDefect, 1}} {
		switch {
		case *c.n == 0:
			*c.n = c.usual
		case *c.n < 0:
			*c.n = -1
		case *c.n > maxScans:
			return o, fmt.Errorf("%w: %d scans for %q, at most %d", ErrOptions, *c.n, c.name, maxScans)
		}
	}
	for _, c := range []struct {
		name   string
		chosen *[]string
		all    []string
	}{{"part", &o.Parts, Parts()}, {"defect", &o.Defects, Defects()}} {
		if *c.chosen == nil {
			*c.chosen = c.all
		}
		for i, s := range *c.chosen {
			if !slices.Contains(c.all, s) {
				return o, fmt.Errorf("%w: no %s %q, there are %q", ErrOptions, c.name, s, c.all)
			}
			if slices.Contains((*c.chosen)[:i], s) {
				return o, fmt.Errorf("%w: %s %q named twice", ErrOptions, c.name, s)
			}
		}
	}
	return o, nil
}

// Scan makes scan number index of a split: of a sound part when defect is
// [rgbd.Good], else with that defect. Of o only Seed and Size count. The cloud
// is organised, in metres, in the camera's frame (x right, y down, z forward);
// a missing pixel is (0,0,0) and not valid. Truth holds the defect's class id
// (255 for the first of [Defects]) at each pixel it changes, else 0.
func Scan(ctx context.Context, part, defect string, index int, split string, o Options) (*rgbd.Labelled, error) {
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	m, err := scan(ctx, job{part, defect, split, index}, o, 0)
	if err != nil {
		return nil, err
	}
	return m.Labelled, nil
}

// job names one scan.
type job struct {
	part, defect, split string
	index               int
}

// name is the scan's name within its part's split.
func (j job) name() string { return fmt.Sprintf("%s/%03d", j.defect, j.index) }

// source returns one of a scan's random sources. Each stage has its own, so
// that a change to one leaves the others alone.
func (j job) source(seed uint64, stage string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d/%s", j.part, j.split, j.defect, j.index, stage)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// classID is the value of a defect's pixels in the ground truth.
func classID(defect string) uint8 { return uint8(255 - slices.Index(Defects(), defect)) }

// made is a scan and what is known about it.
type made struct {
	*rgbd.Labelled
	found  *finding // nil for a sound part
	onPart []bool   // pixels that show the part
}

// scan makes one scan with the given number of workers. o must be normal.
func scan(ctx context.Context, j job, o Options, workers int) (*made, error) {
	at := slices.IndexFunc(catalogue(), func(k *part) bool { return k.name == j.part })
	switch {
	case at < 0:
		return nil, fmt.Errorf("%w: no part %q, there are %q", ErrOptions, j.part, Parts())
	case j.defect != rgbd.Good && !slices.Contains(Defects(), j.defect):
		return nil, fmt.Errorf("%w: no defect %q, there are %q", ErrOptions, j.defect, Defects())
	case j.split != Train && j.split != Validation && j.split != Test:
		return nil, fmt.Errorf("%w: no split %q", ErrOptions, j.split)
	}
	s := newScene(catalogue()[at], o.Size, j.source(o.Seed, "pose"))
	c := newSensor(j.source(o.Seed, "sensor"))
	f, err := s.render(ctx, nil, nil, workers)
	if err != nil {
		return nil, err
	}
	var (
		fl    *flaw
		found *finding
		truth = image.NewGray(image.Rect(0, 0, o.Size, o.Size))
	)
	if j.defect != rgbd.Good {
		k := kinds()[slices.Index(Defects(), j.defect)]
		p, err := s.plant(ctx, k, f, c, j.source(o.Seed, "defect"), workers)
		if err != nil {
			return nil, fmt.Errorf("synth: %s %s: %w", j.part, j.name(), err)
		}
		id := classID(j.defect)
		for _, i := range p.at {
			truth.Pix[i] = id
		}
		found = s.find(j, f, p, id)
		fl, f = p.flaw, p.frame
	}
	cloud, img, err := s.capture(ctx, f, fl, c, workers)
	if err != nil {
		return nil, err
	}
	return &made{
		Labelled: &rgbd.Labelled{
			Scan:   &rgbd.Scan{Name: j.name(), Cloud: cloud, Colour: img},
			Defect: j.defect,
			Truth:  truth,
		},
		found:  found,
		onPart: f.onPart,
	}, nil
}
