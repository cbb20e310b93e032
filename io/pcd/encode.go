package pcd

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// EncodeOptions says how to write a file. The zero value writes
// binary_compressed data, seen from the origin.
type EncodeOptions struct {
	Encoding  Encoding
	Viewpoint *Viewpoint // nil: 0 0 0 1 0 0 0
}

// Encode writes a cloud as version 0.7. Decode gives it back bit by bit,
// missing points as NaN, except that a raster of a single row or column comes
// back unorganised, and that coordinates with an Offset are float64 sums,
// correct to half a unit in their last place. Normals are of type F 4 where
// that is exact, else F 8. Colours are the field rgb of type U; names of fields
// have what is not printable ASCII replaced by "_". The unit is a comment where
// it is millimetres. It panics when the cloud's slices do not fit together, and
// fails with [ErrLimit] when compressed data would pass 4 GiB.
func Encode(w io.Writer, c *pointcloud.Cloud, o EncodeOptions) error {
	sheet := points.NewSheet(c, points.Packed)
	n := c.Len()
	if o.Encoding == BinaryCompressed && int64(n)*int64(sheet.Stride) > math.MaxUint32-1<<27 {
		return tooLarge("%d points of %d bytes: compressed data end at 4 GiB, write them uncompressed", n, sheet.Stride)
	}
	if _, err := io.WriteString(w, header(c, sheet, o)); err != nil {
		return fmt.Errorf("pcd: %w", err)
	}
	var err error
	switch o.Encoding {
	case ASCII:
		err = sheet.WriteText(w, ' ')
	case Binary:
		err = sheet.WriteRecords(w, false)
	default:
		err = writeCompressed(w, sheet, n)
	}
	if err != nil {
		return fmt.Errorf("pcd: %w", err)
	}
	return nil
}

func header(c *pointcloud.Cloud, sheet *points.Sheet, o EncodeOptions) string {
	var names, sizes, kinds, counts strings.Builder
	for i := range sheet.Cols {
		col := &sheet.Cols[i]
		kind := "F"
		switch col.Role {
		case points.Coordinate:
			col.Name = "xyz"[col.Axis : col.Axis+1]
		case points.Normal:
			col.Name = "normal_" + "xyz"[col.Axis:col.Axis+1]
		case points.Packed:
			col.Name, kind = "rgb", "U"
		default:
			col.Name = points.SafeName(col.Name)
		}
		fmt.Fprintf(&names, " %s", col.Name)
		fmt.Fprintf(&sizes, " %d", col.Type.Size())
		fmt.Fprintf(&kinds, " %s", kind)
		fmt.Fprint(&counts, " 1")
	}
	w, h := c.Width, c.Height
	if !c.Organised() {
		w, h = c.Len(), 1
	}
	view := Viewpoint{3: 1}
	if o.Viewpoint != nil {
		view = *o.Viewpoint
	}
	unit := ""
	if c.Unit == pointcloud.Millimetre {
		unit = "# unit mm\n"
	}
	var pose []byte
	for _, v := range view {
		pose = points.AppendNumber(append(pose, ' '), v, 64)
	}
	return fmt.Sprintf("# .PCD v0.7 - Point Cloud Data file format\n%sVERSION 0.7\nFIELDS%s\nSIZE%s\nTYPE%s\nCOUNT%s\nWIDTH %d\nHEIGHT %d\nVIEWPOINT%s\nPOINTS %d\nDATA %v\n",
		unit, &names, &sizes, &kinds, &counts, w, h, pose, c.Len(), o.Encoding)
}

func writeCompressed(w io.Writer, s *points.Sheet, n int) error {
	body := make([]byte, n*s.Stride)
	at := 0
	for i := range s.Cols {
		size := s.Cols[i].Type.Size()
		if n > 0 {
			s.Put(body[at:], &s.Cols[i], size, 0, n)
		}
		at += n * size
	}
	out := appendLZF(make([]byte, 8, 8+len(body)+len(body)/32+1), body)
	binary.LittleEndian.PutUint32(out, uint32(len(out)-8))
	binary.LittleEndian.PutUint32(out[4:], uint32(len(body)))
	_, err := w.Write(out)
	return err
}
