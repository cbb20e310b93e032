package scan

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/obj"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/io/ply"
	"github.com/iad3d/iad3d/io/stl"
	"github.com/iad3d/iad3d/io/xyztext"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// WriteOptions steer Write.
type WriteOptions struct {
	// ASCII asks for text where a format has both; PCD, PLY and STL do.
	ASCII bool
	// Viewpoint goes into the header of a PCD file; nil for 0 0 0 1 0 0 0.
	Viewpoint *[7]float64
}

// target is a format that clouds are written in.
type target struct {
	name  string
	exts  []string
	keeps keeps
	write func(w io.Writer, c *pointcloud.Cloud, o WriteOptions) error
}

// keeps says what of a cloud a format has a place for.
type keeps struct{ raster, missing, normals, colour, fields, intensity, unit bool }

var everything = keeps{true, true, true, true, true, true, true}

// targets returns the formats in the order of messages.
func targets() []target {
	return []target{
		{"TIFF", []string{".tiff", ".tif"}, keeps{raster: true, missing: true, unit: true}, encodeTIFF},
		{"PCD", []string{".pcd"}, everything, encodePCD},
		{"PLY", []string{".ply"}, everything, encodePLY},
		{"STL", []string{".stl"}, keeps{unit: true}, encodeSTL},
		{"OBJ", []string{".obj"}, keeps{colour: true, unit: true}, func(w io.Writer, c *pointcloud.Cloud, _ WriteOptions) error { return obj.Encode(w, c) }},
		{"XYZ", []string{".xyz", ".txt", ".asc"}, keeps{raster: true, normals: true, colour: true, fields: true, intensity: true, unit: true}, encodeText(xyztext.XYZ)},
		{"CSV", []string{".csv"}, keeps{normals: true, colour: true, fields: true, intensity: true, unit: true}, encodeText(xyztext.CSV)},
		{"NPY", []string{".npy"}, keeps{raster: true, missing: true}, func(w io.Writer, c *pointcloud.Cloud, _ WriteOptions) error {
			return npy.Encode(w, npy.FromCloud(c), npy.EncodeOptions{})
		}},
		{"PTS", []string{".pts"}, keeps{colour: true, intensity: true}, encodeText(xyztext.PTS)},
	}
}

// Extensions returns the extensions, in lower case, of the formats that Write
// knows, which are also the usual ones of files that [Read] reads.
func Extensions() []string {
	var all []string
	for _, t := range targets() {
		all = append(all, t.exts...)
	}
	return all
}

// targetOf returns the format that an extension stands for.
func targetOf(name string) (target, error) {
	ext := strings.ToLower(filepath.Ext(name))
	for _, t := range targets() {
		if slices.Contains(t.exts, ext) {
			return t, nil
		}
	}
	return target{}, fmt.Errorf("%q is no extension of a format that can be written; there are %s", ext, strings.Join(Extensions(), " "))
}

// CanWrite returns an error unless the extension of name is one that Write knows.
func CanWrite(name string) error {
	_, err := targetOf(name)
	return err
}

// Write writes a cloud in the format that the extension of name stands for; no
// file of that name is touched. Lost says in words what of the cloud the format
// has no place for. A cloud that the format cannot hold at all is an error
// wrapping [rgbd.ErrScan]: loose points are neither a raster (TIFF) nor
// triangles (STL).
func Write(w io.Writer, name string, c *pointcloud.Cloud, o WriteOptions) (lost []string, err error) {
	t, err := targetOf(name)
	if err != nil {
		return nil, err
	}
	if !c.Organised() && (t.name == "TIFF" || t.name == "STL") {
		what := map[string]string{"TIFF": "xyz TIFF holds a raster", "STL": "STL holds triangles"}[t.name]
		return nil, fmt.Errorf("%w: %s, and %d points that are not organised have none", rgbd.ErrScan, what, c.Len())
	}
	return t.lost(c), t.write(w, c, o)
}

// lost lists what of c the format drops.
func (t *target) lost(c *pointcloud.Cloud) []string {
	var lost []string
	drop := func(have, keep bool, format string, args ...any) {
		if have && !keep {
			lost = append(lost, fmt.Sprintf(format, args...))
		}
	}
	missing := c.Len() - c.CountValid()
	drop(c.Organised(), t.keeps.raster, "the raster of %d×%d pixels", c.Width, c.Height)
	drop(missing > 0, t.keeps.missing || t.name == "XYZ" && c.Organised(), "missing points (%d)", missing)
	drop(c.Normals != nil, t.keeps.normals, "normals")
	drop(c.RGB != nil, t.keeps.colour, "colours")
	for _, f := range c.Fields {
		drop(true, t.keeps.fields || t.keeps.intensity && f.Name == "intensity", "the field %q", f.Name)
	}
	drop(c.Unit == pointcloud.Millimetre, t.keeps.unit, "the unit, mm")
	return lost
}

func encodeTIFF(w io.Writer, c *pointcloud.Cloud, _ WriteOptions) error {
	return xyztiff.Encode(w, xyztiff.FromCloud(c), xyztiff.EncodeOptions{})
}

func encodePCD(w io.Writer, c *pointcloud.Cloud, o WriteOptions) error {
	e := pcd.EncodeOptions{Viewpoint: (*pcd.Viewpoint)(o.Viewpoint)}
	if o.ASCII {
		e.Encoding = pcd.ASCII
	}
	return pcd.Encode(w, c, e)
}

func encodePLY(w io.Writer, c *pointcloud.Cloud, o WriteOptions) error {
	e := ply.EncodeOptions{}
	if o.ASCII {
		e.Encoding = ply.ASCII
	}
	return ply.Encode(w, c, e)
}

func encodeSTL(w io.Writer, c *pointcloud.Cloud, o WriteOptions) error {
	m, err := stl.FromCloud(c)
	if err != nil {
		return fmt.Errorf("%w: %w", rgbd.ErrScan, err)
	}
	return stl.Encode(w, m, stl.EncodeOptions{ASCII: o.ASCII})
}

func encodeText(f xyztext.Format) func(io.Writer, *pointcloud.Cloud, WriteOptions) error {
	return func(w io.Writer, c *pointcloud.Cloud, _ WriteOptions) error {
		return xyztext.Encode(w, c, xyztext.EncodeOptions{Format: f})
	}
}
