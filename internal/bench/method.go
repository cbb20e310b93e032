// Package bench runs methods over the classes of a data set and puts the figures
// side by side as the papers do: methods × classes, mean, published values.
//
// Every finished combination of class, method and seed is kept in a file of its
// own under the output folder, so that an interrupted run goes on where it was.
// A combination is done again when anything that its figures depend on is
// another: the scans (by content), the settings, the backbone, the program.
package bench

import (
	"slices"
	"strings"

	"github.com/iad3d/iad3d"
)

// Method is one row of the table.
type Method struct {
	Key      string   // what --methods takes: the features joined by +, or a name
	Title    string   // as the paper calls it
	Features []string // of the configuration; nil: those that a fit chooses
	Needs    Need
	// Change sets the rest of a configuration; nil: nothing. Of an ablation.
	Change func(*iad3d.Config)
}

// DefaultKey is the key of the default detector with the features that a fit chooses.
const DefaultKey = "default"

// Need says how a method goes with a backbone.
type Need int

const (
	NoBackbone  Need = iota // makes no use of one
	AnyBackbone             // uses one, or does with the built-in filters
	MustBackbone
)

// Methods lists what a protocol can be benchmarked with: for ProtocolBTF the rows
// of the paper's table, in its order.
func Methods(p iad3d.Protocol) []Method {
	rgb := Method{Key: iad3d.FeatureRGB, Title: "RGB iNet", Features: []string{iad3d.FeatureRGB}, Needs: AnyBackbone}
	fpfh := Method{Key: iad3d.FeatureFPFH, Title: "FPFH", Features: []string{iad3d.FeatureFPFH}, Needs: NoBackbone}
	both := join("RGB + FPFH", iad3d.FeatureRGB, iad3d.FeatureFPFH)
	if p != iad3d.ProtocolBTF {
		return []Method{
			fpfh, join("surface", iad3d.FeatureSurface), join("normals", iad3d.FeatureNormals), rgb,
			join("FPFH + surface", iad3d.FeatureFPFH, iad3d.FeatureSurface),
			join("FPFH + normals", iad3d.FeatureFPFH, iad3d.FeatureNormals),
			join("FPFH + RGB", iad3d.FeatureFPFH, iad3d.FeatureRGB),
			join("surface + RGB", iad3d.FeatureSurface, iad3d.FeatureRGB),
			join("FPFH + surface + normals", iad3d.FeatureFPFH, iad3d.FeatureSurface, iad3d.FeatureNormals),
			join("FPFH + surface + RGB", iad3d.FeatureFPFH, iad3d.FeatureSurface, iad3d.FeatureRGB),
			join("FPFH + normals + RGB", iad3d.FeatureFPFH, iad3d.FeatureNormals, iad3d.FeatureRGB),
			join("all four", iad3d.FeatureFPFH, iad3d.FeatureSurface, iad3d.FeatureNormals, iad3d.FeatureRGB),
			{Key: DefaultKey, Title: "default", Needs: AnyBackbone},
			{Key: string(iad3d.MethodPaDiM), Title: "PaDiM", Needs: AnyBackbone, Change: func(c *iad3d.Config) { c.Method = iad3d.MethodPaDiM }},
			{Key: string(iad3d.MethodSPADE), Title: "SPADE", Needs: AnyBackbone, Change: func(c *iad3d.Config) { c.Method = iad3d.MethodSPADE }},
		}
	}
	return []Method{
		rgb,
		{Key: iad3d.FeatureDepth, Title: "Depth iNet", Features: []string{iad3d.FeatureDepth}, Needs: MustBackbone},
		{Key: iad3d.FeatureRaw, Title: "Raw", Features: []string{iad3d.FeatureRaw}, Needs: NoBackbone},
		{Key: iad3d.FeatureHOG, Title: "HoG", Features: []string{iad3d.FeatureHOG}, Needs: NoBackbone},
		{Key: iad3d.FeatureSIFT, Title: "SIFT", Features: []string{iad3d.FeatureSIFT}, Needs: NoBackbone},
		fpfh,
		both,
	}
}

// join makes the method of several features, or of one, by the default protocol.
func join(title string, features ...string) Method {
	return Method{Key: strings.Join(features, "+"), Title: title, Features: features, Needs: AnyBackbone}
}

// Ablation lists the default detector of these features and what it is with one of
// its levers off at a time: without each feature, and with each choice of its
// configuration that has a plain alternative.
func Ablation(features []string, backbone bool) []Method {
	all := Method{Key: DefaultKey, Title: "default", Features: features, Needs: AnyBackbone}
	out := []Method{all}
	for i, f := range features {
		if len(features) > 1 {
			m := all
			m.Key, m.Title = "no-"+f, "without "+f
			m.Features = slices.Delete(slices.Clone(features), i, i+1)
			out = append(out, m)
		}
	}
	lever := func(key, title string, change func(*iad3d.Config)) {
		m := all
		m.Key, m.Title, m.Change = key, title, change
		out = append(out, m)
	}
	lever("whole", "the whole scan: no plane taken away", func(c *iad3d.Config) { c.KeepPlane = true })
	lever("unscaled", "distances as they are", func(c *iad3d.Config) { c.Unscaled = true })
	if slices.Contains(features, iad3d.FeatureFPFH) {
		lever("one-size", "FPFH from 100 neighbours only", func(c *iad3d.Config) { c.FPFHK = []int{100} })
	}
	if backbone {
		if slices.Contains(features, iad3d.FeatureRGB) {
			lever("unwhitened", "the network's rows of photos as they are", func(c *iad3d.Config) { c.Unwhitened = true })
		}
		lever("input-224", "the network's images at 224 pixels", func(c *iad3d.Config) { c.Input = 224 })
	}
	lever("rows-2000", "2,000 rows per bank", func(c *iad3d.Config) { c.Rows = 2000 })
	lever("three-rows", "the mean of the three nearest rows", func(c *iad3d.Config) { c.Neighbors = 3 })
	lever("maximum", "a scan's score: the map's maximum", func(c *iad3d.Config) { c.Top = 1e-9 })
	lever("blur-1", "a blur of one pixel", func(c *iad3d.Config) { c.Blur = 1 })
	lever("trusting", "all training scans trusted", func(c *iad3d.Config) { c.Trusting = true })
	lever("doubt", "places of training scans forgotten", func(c *iad3d.Config) { c.Contamination = iad3d.ContaminationAuto })
	return out
}

// title names a method's row: the paper's names belong to networks.
func (m Method) title(backbone bool) string {
	if backbone || m.Needs == NoBackbone {
		return m.Title
	}
	return strings.Replace(strings.Replace(m.Title, " iNet", "", 1), "RGB", "RGB filters", 1)
}
