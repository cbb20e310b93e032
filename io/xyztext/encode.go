package xyztext

import (
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// Format is a convention of text files.
type Format uint8

const (
	// XYZ has blanks between values. What is not coordinates is named in a comment
	// before the first line, millimetres and the raster are comments too.
	XYZ Format = iota
	// CSV has commas between values and a first line of names: "x [mm]" for
	// millimetres.
	CSV
	// PTS has the number of points before them: x, y, z, the field "intensity" if
	// there is one, and the colour.
	PTS
)

// EncodeOptions says how to write a file. The zero value writes XYZ.
type EncodeOptions struct {
	Format Format
}

// Encode writes a cloud. Decode gives back, bit by bit but for the payload of
// NaN, what the format has: XYZ everything, CSV everything but the raster, PTS
// coordinates, intensity and colour. Coordinates with an Offset are sums,
// correct to half a unit in the last place of a float64. Missing points are
// written, as nan, in an organised XYZ only; elsewhere they are left out. A
// file without any point cannot be read. It panics when the cloud's slices do
// not fit together.
func Encode(w io.Writer, c *pointcloud.Cloud, o EncodeOptions) error {
	if !c.Organised() || o.Format != XYZ {
		c = points.Measured(c)
	}
	if o.Format == PTS {
		d := *c
		d.Normals, d.Fields = nil, nil
		if v := c.Field("intensity"); v != nil {
			d.Fields = []pointcloud.Field{{Name: "intensity", Values: v}}
		}
		c = &d
	}
	sheet := points.NewSheet(c, points.Colour)
	sheet.Untyped()
	sep := byte(' ')
	var head string
	switch o.Format {
	case PTS:
		head = fmt.Sprintf("%d\n", c.Len())
		if len(c.Fields) > 0 { // before the colour
			last := len(sheet.Cols) - 1
			cols := append(sheet.Cols[:3:3], sheet.Cols[last])
			sheet.Cols = append(cols, sheet.Cols[3:last]...)
		}
	case CSV:
		sep = ','
		head = strings.Join(names(sheet, c.Unit), ",") + "\n"
	default:
		if len(sheet.Cols) > 3 {
			head = "# " + strings.Join(names(sheet, pointcloud.Metre), " ") + "\n"
		}
		if c.Unit == pointcloud.Millimetre {
			head += "# unit mm\n"
		}
		if c.Organised() {
			head += fmt.Sprintf("# raster %d %d\n", c.Width, c.Height)
		}
	}
	_, err := io.WriteString(w, head)
	if err == nil {
		err = sheet.WriteText(w, sep)
	}
	if err != nil {
		return fmt.Errorf("xyztext: %w", err)
	}
	return nil
}

func names(s *points.Sheet, unit pointcloud.Unit) []string {
	var names []string
	for i := range s.Cols {
		c := &s.Cols[i]
		axis := "xyz"[c.Axis : c.Axis+1]
		switch c.Role {
		case points.Coordinate:
			if unit == pointcloud.Millimetre {
				axis += " [mm]"
			}
			names = append(names, axis)
		case points.Normal:
			names = append(names, "n"+axis)
		case points.Colour:
			names = append(names, []string{"red", "green", "blue"}[c.Axis])
		default:
			names = append(names, strings.Map(func(r rune) rune {
				if strings.ContainsRune(`,;"'`, r) {
					return '_'
				}
				return r
			}, points.SafeName(c.Name)))
		}
	}
	return names
}
