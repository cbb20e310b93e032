package iad3d

import "slices"

// Method is how the rows of a feature are judged.
type Method string

const (
	// MethodBank is iad3d's own: a memory bank, distances to its nearest rows divided
	// by how far apart sound parts are there.
	MethodBank Method = "bank"
	// MethodPaDiM has a Gaussian for every cell of the window on the part: T. Defard et
	// al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and
	// Localization", ICPR 2021. The score of a cell is the Mahalanobis distance of 50 of
	// a row's values, drawn at random by Config.Seed. A cell where fewer than half of the
	// training scans, or two, have a row shares the Gaussian of the whole part.
	MethodPaDiM Method = "padim"
	// MethodSPADE compares a scan with those training scans that are most like it as a
	// whole: N. Cohen, Y. Hoshen, "Sub-Image Anomaly Detection with Deep Pyramid
	// Correspondences", 2020. A scan as a whole is the mean of its rows, and the score of
	// a cell the distance to the nearest rows of these scans, as it is. SPADE keeps every
	// row; this keeps Config.Rows of them.
	MethodSPADE Method = "spade"
)

// Methods lists the accepted methods.
func Methods() []Method { return []Method{MethodBank, MethodPaDiM, MethodSPADE} }

func (c *Config) checkMethod() error {
	bad := badConfig
	switch m := c.Method; {
	case !slices.Contains(Methods(), m):
		return bad("method %q; there are %v", m, Methods())
	case m == MethodSPADE && (c.Alike < 1 || c.Alike > maxRows):
		return bad("alike %d is not in [1, %d]", c.Alike, maxRows)
	case m != MethodSPADE && c.Alike != 0:
		return bad("alike is for the method %s", MethodSPADE)
	case m == MethodBank:
		return nil
	case c.Protocol != ProtocolDefault:
		return bad("method %s needs the default protocol", m)
	case c.Loose:
		return bad("method %s needs scans with a raster, these are loose; method %s takes them", m, MethodBank)
	case c.Contamination != 0:
		return bad("contamination is for the method %s: the method %s trusts its scans", MethodBank, m)
	case c.Unscaled:
		return bad("distances of the method %s are not scaled anyway", m)
	case c.Unwhitened:
		return bad("rows of the method %s are not whitened anyway", m)
	case c.Trusting:
		return bad("the method %s trusts its scans anyway", m)
	case m == MethodPaDiM && c.Rows != 0:
		return bad("the method %s keeps no rows", m)
	case m == MethodPaDiM && c.Neighbors > 1:
		return bad("the method %s has no neighbours", m)
	}
	return nil
}
