package iad3d

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/rgbd"
)

// Protocol is a set of defaults: what is computed where Config leaves a choice
// open, and how results are evaluated.
type Protocol string

const (
	// ProtocolDefault is iad3d's own way: a window on the part without the plane it
	// lies on, normals towards the camera, descriptors of several sizes, a memory bank
	// per feature, scores that are weighed by what held-out sound scans show, a map
	// at the scan's own resolution, thresholds.
	ProtocolDefault Protocol = "default"
	// ProtocolBTF repeats the program of E. Horwitz, Y. Hoshen, "Back to the
	// Feature" (2022), quirks included, so that its numbers come out: 224×224
	// pixels whatever the aspect, normals not oriented, missing points averaged
	// in as zeros, the 8-bit blur, evaluation at 224×224.
	ProtocolBTF Protocol = "btf"
)

// Protocols lists the accepted protocols.
func Protocols() []Protocol { return []Protocol{ProtocolDefault, ProtocolBTF} }

// Config says what is fitted. The zero value is ProtocolDefault with its
// defaults; a field left zero takes its protocol's value, given below as
// default / BTF. Zero itself can therefore not be asked for: a Blur of 1e-9
// pixels is none, a Top of 1e-9 is the single highest pixel.
type Config struct {
	Protocol Protocol `json:"protocol"`
	// Method is how rows are judged. [MethodBank]; the others are for rasters with the
	// default protocol, fits of at least two scans, and models that are not updated.
	Method Method `json:"method,omitempty"`
	// Features have a bank each, and their scores are added / are put side by side in
	// this order; see [Features]. Fpfh, surface, and rgb where the first scan has
	// colour; of loose scans fpfh / fpfh.
	Features []string `json:"features"`
	// Backbone is the network that describes colour and depth images. Fit sets
	// it, see [WithBackbone]; nil where no feature needs one.
	Backbone *rgbd.BackboneInfo `json:"backbone,omitempty"`

	// Size is the side of the working raster in pixels, a square window on the part
	// (package view) / the whole scan whatever its aspect. 168, or less where the
	// window has fewer of the sensor's pixels / 224.
	Size int `json:"size"`
	// Input is the side in pixels of the images that a network is given, unless it
	// takes one size only; rounded to what the network's layers need. 448 / Size.
	Input int `json:"input,omitempty"`
	// Cells is the number of cells along the raster's side that descriptors are
	// pooled to, one bank row each. 56, at most half of Size / 28.
	Cells int `json:"cells"`
	// NormalK is the number of neighbours of a normal. 30 / 30.
	NormalK int `json:"normal_k"`
	// FPFHK lists the numbers of neighbours of the FPFH descriptors that are
	// put side by side. 40, 80, 160 / 100.
	FPFHK []int `json:"fpfh_k"`
	// Rows is the most rows that the bank of a feature keeps, drawn at random; see
	// [Detector.Update]. 64,000, by MethodSPADE 16,000 / not used, nor for loose scans
	// and by MethodPaDiM.
	Rows int `json:"rows,omitempty"`
	// Alike is the number of training scans that MethodSPADE compares a scan with. 10;
	// not used by other methods.
	Alike int `json:"alike,omitempty"`
	// Sketch is the most values that describe a layer of a network in a row, see
	// [fusion.Sketch]. 128 / not used.
	Sketch int `json:"sketch,omitempty"`
	// Coreset is the fraction of rows kept in the bank, in (0, 1], chosen farthest
	// first. 0.1 for loose scans, else not used / 0.1. The time to select it grows
	// with the square of the number of rows.
	Coreset float64 `json:"coreset"`
	// Neighbors is the number of nearest bank rows whose mean distance is a
	// cell's score. 1, of loose scans 3 / 1. MethodPaDiM has none.
	Neighbors int `json:"neighbors"`
	// Top is the share of the part's pixels, those highest in the score map, whose
	// mean is the scan's score. 0.01 / not used: BTF's reweighted maximum.
	Top float64 `json:"top"`
	// Blur is the standard deviation in working-raster pixels of the Gaussian
	// that smooths the map / the radius of BTF's. 2.5 / 4.
	Blur float64 `json:"blur"`
	// Unscaled leaves distances as they are. Otherwise the default protocol divides
	// them by how far apart sound parts are at that place. Of rasters, MethodBank.
	Unscaled bool `json:"unscaled,omitempty"`
	// Unwhitened compares the rows that a network makes of photos as they are. Otherwise
	// the default protocol compares them by how much sound parts differ in each direction,
	// see [memory.Whitening]. Of rasters, MethodBank.
	Unwhitened bool `json:"unwhitened,omitempty"`
	// Trusting takes what a single training scan has for as sound as what all have.
	// Otherwise, by the default protocol, the twentieth of the rows that other scans have
	// least like are odd: what is like them is abnormal by as much as they are farther
	// from other scans than the rest, should a scan be defective. Of rasters, MethodBank;
	// not with Contamination nor Unscaled. Scans that [Detector.Update] adds are trusted.
	Trusting bool `json:"trusting,omitempty"`
	// KeepPlane keeps the plane the part lies on. Otherwise the default protocol
	// removes it from every scan, unless one of the first eight of a fit shows none or
	// nothing else; the detector's Config tells what was decided. BTF keeps it
	// always: there removing it is a step of its own, see Preprocess.
	KeepPlane bool `json:"keep_plane"`

	// Loose says that scans are clouds without a raster. Fit sets it by the first
	// scan; the detector takes scans of the same sort only. They are described by
	// fpfh alone, under the default protocol, and whole: no plane is taken away.
	// Size, Cells and Blur are of no account then, and the following are of none
	// for rasters.
	Loose bool `json:"loose,omitempty"`
	// Voxel is the side, in metres, of the voxels to whose mean points a loose scan
	// is thinned out before it is described. Left open, it is 1.25 times the scan's own
	// spacing or what leaves Points points, by the first scan of a fit.
	Voxel float64 `json:"voxel,omitempty"`
	// Points is the most points the first scan is thinned out to. 5,000. It bounds
	// time and memory: describing takes about 2.5 kB per point.
	Points int `json:"points,omitempty"`
	// Centres is the number of evenly spread points of a loose scan that give one
	// bank row each. 3,000.
	Centres int `json:"centres,omitempty"`
	// Pool is the number of points nearest to a centre whose descriptors are
	// averaged in its row. 32.
	Pool int `json:"pool,omitempty"`
	// Align lays every loose scan on the first one of the fit ([align.Reference]):
	// Result.Fit then has its pose and residual, and a scan that does not fit is
	// refused, when fitting too. Scores do not depend on the pose. For parts that
	// are seen whole, or always from much the same side.
	Align bool `json:"align,omitempty"`

	// FalseAlarms is the share of sound scans that may exceed the thresholds, in
	// (0, 1): see [Thresholds]. 0.05 / not used.
	FalseAlarms float64 `json:"false_alarms,omitempty"`
	// Contamination is the share of the training scans, at most 0.3, that are taken
	// for defective and left out: those with the highest scores when the others are
	// the model; or ContaminationAuto: those that stand out, see
	// [Calibration].Suspects. Of the others a fiftieth of the descriptors, where
	// scores are highest in the worse half of the scans, are forgotten, too. Of sound
	// scans that are not trusted more exceed the thresholds than is promised, by two fifths
	// about. 0: all scans are sound. Of rasters, default protocol, MethodBank.
	Contamination float64 `json:"contamination,omitempty"`

	Seed uint64 `json:"seed"`
	// Workers is the number of goroutines of the neighbour searches, descriptors
	// and the bank; ≤ 0: GOMAXPROCS, as everywhere else and in a loaded detector.
	// Results do not depend on it.
	Workers int `json:"-"`
}

// ContaminationAuto leaves out the training scans that stand out, and forgets what
// stands out in the others.
const ContaminationAuto = -1

// ErrConfig is wrapped by errors about a Config that makes no sense.
var ErrConfig = errors.New("invalid configuration")

// resolve returns the configuration with every open choice made that does not depend on
// the scans.
func (c Config) resolve() (Config, error) {
	open(&c.Protocol, ProtocolDefault)
	open(&c.Method, MethodBank)
	c.Features = slices.Clone(c.Features)
	d := Config{Size: 168, Input: 448, Cells: 56, NormalK: 30, FPFHK: []int{40, 80, 160}, Rows: 64000, Sketch: 128,
		Coreset: 0.1, Top: 0.01, Blur: 2.5, FalseAlarms: 0.05}
	if c.Protocol == ProtocolBTF {
		if len(c.Features) == 0 {
			c.Features = []string{FeatureFPFH}
		}
		d = Config{Size: 224, Cells: 28, NormalK: 30, FPFHK: []int{100}, Coreset: 0.1, Neighbors: 1, Blur: 4}
		c.KeepPlane = true
	}
	switch c.Method {
	case MethodPaDiM:
		d.Rows = 0
	case MethodSPADE:
		d.Rows = 16000
		open(&c.Alike, 10)
	}
	open(&c.Size, d.Size)
	open(&c.Input, d.Input)
	open(&c.Rows, d.Rows)
	open(&c.Sketch, d.Sketch)
	open(&c.FalseAlarms, d.FalseAlarms)
	open(&c.Cells, d.Cells)
	open(&c.NormalK, d.NormalK)
	open(&c.Coreset, d.Coreset)
	open(&c.Neighbors, d.Neighbors)
	open(&c.Top, d.Top)
	open(&c.Blur, d.Blur)
	if len(c.FPFHK) == 0 {
		c.FPFHK = d.FPFHK
	}
	c.FPFHK = slices.Clone(c.FPFHK)
	decided := c
	open(&decided.Neighbors, 1) // the first scan decides, see begin
	return c, decided.check()
}

func badConfig(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

// open fills a choice left open.
func open[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Bounds of a Config that keep a mistyped number, or a model file made to do
// harm, from exhausting the machine.
const (
	maxSize      = 4096
	maxK         = 1000
	maxScales    = 8       // neighbourhood sizes side by side
	maxNeighbors = 1 << 29 // in all lists of a raster: 2 GiB
	maxRows      = 1 << 20 // of a bank
)

func (c Config) check() error {
	bad := badConfig
	for i, k := range c.FPFHK {
		if k < 2 || k > maxK {
			return bad("fpfh_k %d is not in [2, %d]", k, maxK)
		}
		if slices.Contains(c.FPFHK[:i], k) {
			return bad("fpfh_k %d is there twice", k)
		}
	}
	switch {
	case !slices.Contains(Protocols(), c.Protocol):
		return bad("protocol %q; there are %v", c.Protocol, Protocols())
	case len(c.FPFHK) == 0 || len(c.FPFHK) > maxScales:
		return bad("%d neighbourhood sizes in fpfh_k, 1 to %d are possible", len(c.FPFHK), maxScales)
	case c.Size < 8 || c.Size > maxSize:
		return bad("size %d is not in [8, %d]", c.Size, maxSize)
	case c.Cells < 1 || c.Cells > c.Size-2:
		return bad("%d cells do not fit a raster of %d pixels", c.Cells, c.Size)
	case c.NormalK < 3 || c.NormalK > maxK:
		return bad("normal_k %d is not in [3, %d]", c.NormalK, maxK)
	case !(c.Coreset > 0 && c.Coreset <= 1):
		return bad("coreset %v is not in (0, 1]", c.Coreset)
	case c.Neighbors < 1 || c.Neighbors > maxK:
		return bad("neighbors %d is not in [1, %d]", c.Neighbors, maxK)
	case !(c.Top >= 0 && c.Top <= 1):
		return bad("top %v is not in [0, 1]", c.Top)
	case !(c.Blur > 0 && c.Blur <= float64(c.Size)/4):
		return bad("blur %v is not in (0, %v], a quarter of the size", c.Blur, float64(c.Size)/4)
	case c.Protocol == ProtocolBTF && (c.Input != 0 || c.Rows != 0 || c.Sketch != 0 || c.FalseAlarms != 0 || c.Contamination != 0 || c.Unscaled || c.Unwhitened || c.Trusting):
		return bad("the BTF protocol knows no input, rows, sketch, false alarms, contamination, scales no distances, whitens no rows and trusts all scans")
	case c.views() && (c.Input < 32 || c.Input > maxSize):
		return bad("input %d is not in [32, %d]", c.Input, maxSize)
	case c.views() && c.Method != MethodPaDiM && (c.Rows < 10 || c.Rows > maxRows):
		return bad("rows %d is not in [10, %d]", c.Rows, maxRows)
	case c.views() && (c.Sketch < 8 || c.Sketch > maxChannels):
		return bad("sketch %d is not in [8, %d]", c.Sketch, maxChannels)
	case c.views() && !(c.FalseAlarms > 0 && c.FalseAlarms < 1):
		return bad("false_alarms %v is not in (0, 1)", c.FalseAlarms)
	case !(c.Contamination >= 0 && c.Contamination <= 0.3) && c.Contamination != ContaminationAuto:
		return bad("contamination %v is not in [0, 0.3]", c.Contamination)
	case c.Trusting && c.Unscaled:
		return bad("distances that are not scaled trust all scans anyway")
	case c.Trusting && c.Contamination != 0:
		return bad("a fit either trusts its scans or has a contamination")
	case c.Size*c.Size*max(slices.Max(c.FPFHK), c.NormalK) > maxNeighbors:
		return bad("%d neighbours for each of %d×%d pixels are too many", max(slices.Max(c.FPFHK), c.NormalK), c.Size, c.Size)
	case c.Protocol == ProtocolBTF && (c.Neighbors != 1 || c.Top != 0 || len(c.FPFHK) != 1):
		return bad("the BTF protocol has 1 neighbour, one FPFH and no top share")
	}
	if err := c.checkMethod(); err != nil {
		return err
	}
	if err := c.checkLoose(); err != nil {
		return err
	}
	return c.checkFeatures()
}

// Bounds of the settings of loose scans.
const (
	leastPoints = 1000
	mostPoints  = 1_000_000
)

func (c *Config) checkLoose() error {
	bad := badConfig
	switch {
	case !(c.Voxel >= 0) || math.IsInf(c.Voxel, 1):
		return bad("voxel %v is not a length", c.Voxel)
	case c.Points != 0 && (c.Points < leastPoints || c.Points > mostPoints):
		return bad("points %d is not in [%d, %d]", c.Points, leastPoints, mostPoints)
	case c.Centres < 0 || c.Centres > mostPoints:
		return bad("centres %d is not in [1, %d]", c.Centres, mostPoints)
	case c.Pool < 0 || c.Pool > maxK:
		return bad("pool %d is not in [1, %d]", c.Pool, maxK)
	case !c.Loose:
		return nil
	case c.Protocol != ProtocolDefault:
		return bad("the %s protocol needs scans with a raster, these are loose", c.Protocol)
	case c.Contamination != 0:
		return bad("contamination is for scans with a raster")
	case c.Unscaled:
		return bad("distances of loose scans are not scaled anyway")
	case c.Unwhitened:
		return bad("rows of loose scans are not whitened anyway")
	case c.Trusting:
		return bad("loose scans are trusted anyway")
	case len(c.Features) != 1 || c.Features[0] != FeatureFPFH:
		return bad("features %s need scans with a raster; of loose scans there is only %s", strings.Join(c.Features, "+"), FeatureFPFH)
	case c.Voxel == 0 || c.Points == 0 || c.Centres == 0 || c.Pool == 0:
		return bad("voxel %v, points %d, centres %d, pool %d: none may be 0 for loose scans", c.Voxel, c.Points, c.Centres, c.Pool)
	case mostLoose*c.Points*max(slices.Max(c.FPFHK), c.NormalK) > maxNeighbors*4:
		return bad("%d neighbours for each of %d points are too many", max(slices.Max(c.FPFHK), c.NormalK), c.Points)
	}
	return nil
}
