package dataset

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// DefaultImage is the number of the Eyecandies image that papers use: the
// object lit from all sides.
const DefaultImage = 4

// eyecandies is the camera of all Eyecandies images: a lens of 50 mm before a
// sensor of 36 mm, 512 pixels wide. The renderer's principal point (256, 256) is
// measured from the image's corner, and so lies between pixels. (The extreme
// depths of the plane on which the parts lie, given with every sample, fit to
// 2·10⁻⁶ of the focal length with it and not with (256, 256).)
var eyecandies = rgbd.Intrinsics{Width: 512, Height: 512, Fx: 512 * 50. / 36, Fy: 512 * 50. / 36, Cx: 255.5, Cy: 255.5}

// eyecandiesSplits are the folders of the splits.
var eyecandiesSplits = []struct {
	split  Split
	folder string
}{
	{Train, "train"}, {Validation, "val"}, {Test, "test_public"}, {TestPrivate, "test_private"},
}

// Names of a sample's files, after its number and an underscore.
const (
	depthPNG     = "depth.png"
	normalsPNG   = "normals.png"
	infoDepth    = "info_depth.yaml"
	metadataYAML = "metadata.yaml"
	maskPNG      = "mask.png"
)

// OpenEyecandies opens one class of Eyecandies (L. Bonfiglioli, M. Toschi,
// D. Silvestri, N. Fioraio, D. De Gregorio, "The Eyecandies Dataset for
// Unsupervised Multimodal Anomaly Detection and Localization", 2022):
//
//	<root>/<Class>/{train,val,test_public,test_private}/data/<n>_<file>
//
// For root and class see [OpenMVTec3D]. Test_public is the split [Test],
// test_private, which has no labels, is [TestPrivate]. Splits may be absent, but
// not all.
//
// A sample is every n with a depth.png. Its number has the same number of digits
// in the whole split; numbers may be left out. It needs image_<Image>.png and
// info_depth.yaml too and, but in test_private, metadata.yaml and mask.png.
// Normals map, defect masks and other files may be absent as long as nobody asks
// for them. Hidden files are passed over.
//
// The depth image holds, from 0 to 65535, the range of depths that info_depth.yaml
// gives, in metres; all its pixels are measured. The cloud is in the camera's
// frame: x to the right, y down, z forward.
//
// A sample can show several kinds of defect: its Defect is their names (bumps,
// dents, colors, normals), in that order, joined by "+", as metadata.yaml gives
// them; [Item.Defects] takes them apart. The ground truth is mask.png, the union
// of the masks of [Set.DefectMask]. Names are "<defect>/<n>", in test_private
// "<n>"; items are in the order of their numbers.
func OpenEyecandies(root, class string, o Options) (*Set, error) {
	image := DefaultImage
	if o.Image != nil {
		image = *o.Image
	}
	if image < 0 || image > 5 {
		return nil, fmt.Errorf("%w: Eyecandies has the images 0 to 5, not %d", ErrOptions, image)
	}
	dir, name, err := classFolder(root, class, isEyecandies, noEyecandies)
	if err != nil {
		return nil, err
	}
	s := &Set{Root: dir, Class: name, items: make(map[Split][]Item)}
	for _, sp := range eyecandiesSplits {
		data := filepath.Join(dir, sp.folder, "data")
		if !scan.IsFolder(data) {
			continue
		}
		if s.items[sp.split], err = walkSamples(data, sp.split, image); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// noEyecandies is said of a folder that neither is a class nor has one.
const noEyecandies = "no train, val, test_public or test_private folder with a folder data"

func isEyecandies(dir string) bool {
	for _, s := range eyecandiesSplits {
		if scan.IsFolder(filepath.Join(dir, s.folder, "data")) {
			return true
		}
	}
	return false
}

// walkSamples lists the samples of a split.
func walkSamples(dir string, split Split, image int) ([]Item, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &scan.Error{Path: dir, Err: err}
	}
	files := map[string]bool{}
	numbers := map[int]string{} // with their zeros
	width, first := 0, ""
	for _, e := range entries {
		if scan.Hidden(e.Name()) || e.IsDir() {
			continue
		}
		files[e.Name()] = true
		digits, ok := strings.CutSuffix(e.Name(), "_"+depthPNG)
		if !ok {
			continue
		}
		path := filepath.Join(dir, e.Name())
		n, err := strconv.ParseUint(digits, 10, 31)
		switch {
		case err != nil:
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("%q is not a sample's number", digits)}
		case width == 0:
			width, first = len(digits), e.Name()
		case len(digits) != width:
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("its number has %d digits, that of %s %d", len(digits), first, width)}
		}
		numbers[int(n)] = digits
	}
	if len(numbers) == 0 {
		return nil, &scan.Error{Path: dir, Err: errors.New("no samples: no file named <number>_" + depthPNG)}
	}
	var items []Item
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		prefix := numbers[n] + "_"
		colour := fmt.Sprintf("image_%d.png", image)
		need := []string{colour, infoDepth}
		if split != TestPrivate {
			need = append(need, metadataYAML, maskPNG)
		}
		at := func(name string) string { return filepath.Join(dir, prefix+name) }
		for _, name := range need {
			if !files[prefix+name] {
				return nil, &scan.Error{Path: at(name), Err: fmt.Errorf("does not exist, but %s does", prefix+depthPNG)}
			}
		}
		it := Item{Name: numbers[n], Split: split, Depth: at(depthPNG), Colour: at(colour)}
		if split != TestPrivate {
			if it.Defect, err = EyecandiesLabel(at(metadataYAML)); err != nil {
				return nil, err
			}
			if split == Train && it.Defect != rgbd.Good {
				return nil, &scan.Error{Path: at(metadataYAML), Err: fmt.Errorf("a defective sample (%s) in the train split", it.Defect)}
			}
			it.Name, it.Truth = it.Defect+"/"+it.Name, at(maskPNG)
		}
		items = append(items, it)
	}
	return items, nil
}

// beside returns the path of another file of the sample.
func (it *Item) beside(name string) string { return strings.TrimSuffix(it.Depth, depthPNG) + name }

// EyecandiesCamera returns the camera of a sample's depth image: v/65535·(max−min)+min
// metres, with the range that its info_depth.yaml gives, every pixel measured.
func EyecandiesCamera(path string) (*rgbd.Camera, error) {
	var doc struct {
		Normalization *struct{ Min, Max *float64 }
	}
	if err := readYAML(path, &doc); err != nil {
		return nil, err
	}
	n := doc.Normalization
	switch {
	case n == nil || n.Min == nil || n.Max == nil:
		return nil, &scan.Error{Path: path, Err: errors.New("no normalization with min and max")}
	case !(*n.Min > 0) || !(*n.Max > *n.Min) || math.IsInf(*n.Max, 0):
		return nil, &scan.Error{Path: path, Err: fmt.Errorf("depths from %g to %g metres", *n.Min, *n.Max)}
	}
	return &rgbd.Camera{
		Intrinsics: eyecandies,
		Units:      rgbd.DepthUnits{Scale: (*n.Max - *n.Min) / math.MaxUint16, Offset: *n.Min, Invalid: []float64{}},
	}, nil
}
