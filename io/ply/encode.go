package ply

import (
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// EncodeOptions says how to write a file. The zero value writes
// binary_little_endian.
type EncodeOptions struct {
	Encoding Encoding
}

// Encode writes a cloud as the element vertex. Decode gives it back bit by bit,
// missing points as NaN, except that coordinates with an Offset are sums of type
// double, correct to half a unit in their last place. Normals are of type float
// where that is exact, else double; colours are three of uchar; fields are of type
// float, and what is not printable ASCII in their names becomes "_". The size of
// an organised cloud is kept as "obj_info num_cols" and "num_rows", millimetres as
// "comment unit mm". It panics when the cloud's slices do not fit together.
func Encode(w io.Writer, c *pointcloud.Cloud, o EncodeOptions) error {
	sheet := points.NewSheet(c, points.Colour)
	_, err := io.WriteString(w, header(c, sheet, o))
	if err == nil {
		if o.Encoding == ASCII {
			err = sheet.WriteText(w, ' ')
		} else {
			err = sheet.WriteRecords(w, o.Encoding == BinaryBigEndian)
		}
	}
	if err != nil {
		return fmt.Errorf("ply: %w", err)
	}
	return nil
}

func header(c *pointcloud.Cloud, sheet *points.Sheet, o EncodeOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ply\nformat %v 1.0\n", o.Encoding)
	if c.Unit == pointcloud.Millimetre {
		b.WriteString("comment unit mm\n")
	}
	if c.Organised() {
		fmt.Fprintf(&b, "obj_info num_cols %d\nobj_info num_rows %d\n", c.Width, c.Height)
	}
	fmt.Fprintf(&b, "element vertex %d\n", c.Len())
	for i := range sheet.Cols {
		col := &sheet.Cols[i]
		name, kind := "", "float"
		switch col.Role {
		case points.Coordinate:
			name = "xyz"[col.Axis : col.Axis+1]
		case points.Normal:
			name = "n" + "xyz"[col.Axis:col.Axis+1]
		case points.Colour:
			name, kind = []string{"red", "green", "blue"}[col.Axis], "uchar"
		default:
			name = points.SafeName(col.Name)
		}
		if col.Type == points.Float64 {
			kind = "double"
		}
		fmt.Fprintf(&b, "property %s %s\n", kind, name)
	}
	b.WriteString("end_header\n")
	return b.String()
}
