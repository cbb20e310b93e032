// Package bench runs methods over the classes of a data set and puts the figures
// side by side as the papers do: methods × classes, mean, published values.
//
// Every finished combination of class, method and seed is kept in a file of its
// own under the output folder, so that an interrupted run goes on where it was.
// A combination is done again when anything that its figures depend on is
// another: the scans (by content), the settings, the backbone, the program.
package bench

import (
	"strings"

	"github.com/iad3d/iad3d"
)

// Method is one row of the table.
type Method struct {
	Key      string   // what --methods takes: the features joined by +
	Title    string   // as the paper calls it
	Features []string // of the configuration
	Needs    Need
}

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
	rgb := Method{iad3d.FeatureRGB, "RGB iNet", []string{iad3d.FeatureRGB}, AnyBackbone}
	fpfh := Method{iad3d.FeatureFPFH, "FPFH", []string{iad3d.FeatureFPFH}, NoBackbone}
	both := Method{"", "RGB + FPFH", []string{iad3d.FeatureRGB, iad3d.FeatureFPFH}, AnyBackbone}
	both.Key = strings.Join(both.Features, "+")
	if p != iad3d.ProtocolBTF {
		join := func(title string, features ...string) Method {
			return Method{strings.Join(features, "+"), title, features, AnyBackbone}
		}
		normals := join("Normals", iad3d.FeatureNormals)
		return []Method{
			fpfh, normals, rgb,
			join("FPFH + normals", iad3d.FeatureFPFH, iad3d.FeatureNormals),
			join("FPFH + RGB", iad3d.FeatureFPFH, iad3d.FeatureRGB),
			join("normals + RGB", iad3d.FeatureNormals, iad3d.FeatureRGB),
			join("all three", iad3d.FeatureFPFH, iad3d.FeatureNormals, iad3d.FeatureRGB),
		}
	}
	return []Method{
		rgb,
		{iad3d.FeatureDepth, "Depth iNet", []string{iad3d.FeatureDepth}, MustBackbone},
		{iad3d.FeatureRaw, "Raw", []string{iad3d.FeatureRaw}, NoBackbone},
		{iad3d.FeatureHOG, "HoG", []string{iad3d.FeatureHOG}, NoBackbone},
		{iad3d.FeatureSIFT, "SIFT", []string{iad3d.FeatureSIFT}, NoBackbone},
		fpfh,
		both,
	}
}

// title names a method's row: the paper's names belong to networks.
func (m Method) title(backbone bool) string {
	if backbone || m.Needs == NoBackbone {
		return m.Title
	}
	return strings.Replace(strings.Replace(m.Title, " iNet", "", 1), "RGB", "RGB filters", 1)
}
