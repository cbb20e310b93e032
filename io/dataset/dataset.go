// Package dataset walks the data sets of the field and reads their scans.
//
// A set is listed when it is opened, and what does not fit together (a scan
// without its colour image, a defect without its ground truth) is an error then
// and not in the middle of a run. Pixels are read later, scan by scan. Every
// problem with a file or folder is a [*scan.Error].
package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// Split is a part of a set with a purpose of its own; the value is the name of
// its folder in MVTec 3D-AD, or in Eyecandies where that has none.
type Split string

const (
	Train      Split = "train"      // sound scans to fit on
	Validation Split = "validation" // sound scans for choices made after fitting
	Test       Split = "test"       // sound and defective scans

	// TestPrivate has scans whose labels are kept back: they can be scored, but not
	// evaluated. Their Defect is [rgbd.Unlabelled].
	TestPrivate Split = "test_private"
)

// Splits returns the splits with labels, which fitting and evaluating use; for
// all that a set has there is [Set.Splits].
func Splits() []Split { return []Split{Train, Validation, Test} }

// Item is one scan of a set: its labels and its files.
type Item struct {
	Name   string // unique in its split: "bent/003"
	Split  Split
	Defect string // [rgbd.Good], the kind of defect, or [rgbd.Unlabelled]
	XYZ    string // path of the cloud; empty when there is a depth image instead
	Depth  string // path of the depth image; empty when there is a cloud
	Colour string // path of the colour image; empty when the set has none
	Truth  string // path of the ground truth: a mask, or of loose points a text; empty when there is none
}

// Files returns the paths of all files that the item's scan and labels come from:
// what a record of an experiment has to name. See the function that opened the
// set for those that are not fields.
func (it *Item) Files() []string {
	files := []string{it.XYZ, it.Depth, it.Colour, it.Truth}
	if it.Depth != "" {
		files = append(files, it.beside(infoDepth))
		if it.Split != TestPrivate {
			files = append(files, it.beside(metadataYAML))
		}
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}

// Set is one class of a data set. It does not change after it was opened and is
// safe for concurrent use.
type Set struct {
	Root  string // the class's folder
	Class string // the class's name
	// ClassIDs says which defect a value of the ground truth stands for. Nil when
	// the set does not say. It must not be changed.
	ClassIDs map[uint8]string

	// Unit is the one that was declared, nil for none. It must not be changed.
	Unit *pointcloud.Unit

	items map[Split][]Item
}

// Options are choices that some data sets leave. The zero value takes what the
// field's papers use.
type Options struct {
	// Image is the number of the colour image, of a set that has several of each
	// scan: of Eyecandies 0 to 5, nil stands for [DefaultImage]. With another set
	// it must be nil.
	Image *int
	// Unit is the unit of the numbers in cloud files, nil for what they say, and
	// metres where they say nothing.
	Unit *pointcloud.Unit
}

// ErrOptions is wrapped by the error about a choice that a data set does not
// have; no file is at fault.
var ErrOptions = errors.New("dataset")

// layouts are the known kinds of data set.
var layouts = []struct {
	kind    string
	open    func(root, class string, o Options) (*Set, error)
	classes func(root string) ([]string, error)
}{
	{"mvtec3d", func(root, class string, o Options) (*Set, error) {
		if o.Image != nil {
			return nil, fmt.Errorf("%w: mvtec3d has one image of each scan, there is none to choose", ErrOptions)
		}
		return OpenMVTec3D(root, class)
	}, Classes},
	{"eyecandies", OpenEyecandies, func(root string) ([]string, error) { return classesIn(root, isEyecandies, noEyecandies) }},
	{"real3d", OpenReal3D, func(root string) ([]string, error) { return classesIn(root, isTemplates, noTemplates) }},
	{"shapenet", OpenShapeNet, func(root string) ([]string, error) { return classesIn(root, isTemplates, noTemplates) }},
	{"folder", OpenFolder, func(root string) ([]string, error) { return classesIn(root, isFolderClass, noFolderClass) }},
	{"manifest", OpenManifest, func(root string) ([]string, error) {
		return []string{scan.Stem(root)}, nil
	}},
}

// Kinds returns what Open accepts as kind.
func Kinds() []string {
	var k []string
	for _, l := range layouts {
		k = append(k, l.kind)
	}
	return k
}

// Open opens one class of the data set of the given kind in folder root. See
// the function of that kind for the meaning of root and class. A kind that is
// not one of [Kinds] is an error, though not a [*scan.Error].
func Open(kind, root, class string) (*Set, error) { return Options{}.Open(kind, root, class) }

// Open is [Open] with options.
func (o Options) Open(kind, root, class string) (*Set, error) {
	for _, l := range layouts {
		if l.kind == kind {
			s, err := l.open(root, class, o)
			if err != nil {
				return nil, err
			}
			s.Unit = o.Unit
			return s, nil
		}
	}
	return nil, unknown(kind)
}

func unknown(kind string) error {
	return fmt.Errorf("dataset: unknown kind %q; there are: %s", kind, strings.Join(Kinds(), ", "))
}

// Items returns the scans of a split, nil when the set has no such split. See
// the function that opened the set for their order. The slice is the caller's.
func (s *Set) Items(split Split) []Item { return slices.Clone(s.items[split]) }

// Splits returns the splits that the set has.
func (s *Set) Splits() []Split {
	return slices.DeleteFunc(append(Splits(), TestPrivate), func(sp Split) bool { return len(s.items[sp]) == 0 })
}

// Load reads the files of an item. The ground truth has the cloud's size, or
// number of points, and marks nothing in a good scan. It is nil when the item has
// none.
func (s *Set) Load(it Item) (*rgbd.Labelled, error) {
	return s.load(context.Background(), it)
}

// load is Load that the end of ctx ends.
func (s *Set) load(ctx context.Context, it Item) (*rgbd.Labelled, error) {
	o, path := scan.Options{Colour: it.Colour, NoColour: it.Colour == "", Name: it.Name, Unit: s.Unit}, it.XYZ
	if it.Depth != "" {
		path, o.Unit = it.Depth, nil
		var err error
		if o.Camera, err = EyecandiesCamera(it.beside(infoDepth)); err != nil {
			return nil, err
		}
	}
	sc, err := scan.ReadContext(ctx, path, o)
	if err != nil {
		return nil, err
	}
	l := &rgbd.Labelled{Scan: sc, Defect: it.Defect}
	if it.Truth == "" {
		return l, nil
	}
	if ofPoints(it.Truth) {
		return l, readPointTruth(ctx, l, it.Truth)
	}
	if !sc.Cloud.Organised() {
		return nil, &scan.Error{Path: it.Truth, Err: errMask}
	}
	if l.Truth, err = scan.ReadMask(it.Truth); err != nil {
		return nil, err
	}
	if err := checkTruth(l, path); err != nil {
		return nil, &scan.Error{Path: it.Truth, Err: err}
	}
	return l, nil
}

func checkTruth(l *rgbd.Labelled, path string) error {
	if b := l.Truth.Bounds(); b.Dx() != l.Cloud.Width || b.Dy() != l.Cloud.Height {
		return fmt.Errorf("ground truth is %d×%d, cloud %s is %d×%d", b.Dx(), b.Dy(), path, l.Cloud.Width, l.Cloud.Height)
	}
	if n := marked(l.Truth); n > 0 && !l.Anomalous() {
		return fmt.Errorf("ground truth marks %d pixels as defective, but the scan is labelled %s", n, rgbd.Good)
	}
	return nil
}

// marked counts the pixels above 0.
func marked(m *image.Gray) int {
	n := 0
	for y := range m.Rect.Dy() {
		for _, v := range m.Pix[y*m.Stride:][:m.Rect.Dx()] {
			if v > 0 {
				n++
			}
		}
	}
	return n
}
