package scan

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/io/obj"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/io/ply"
	"github.com/iad3d/iad3d/io/stl"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// Info is what a file of a cloud says about itself before its points are read.
type Info struct {
	Format string   // "TIFF", "PNG", "PCD", "PLY", "STL", "OBJ", "NPY", "NPZ", "text"
	Detail string   // version, encoding and the like
	Fields []string // of a point: "x float32"
	// Viewpoint is that of a PCD file: position and quaternion w, x, y, z.
	Viewpoint *[7]float64
}

// Inspect reads the header of the file at path. Errors are those of [Read] that
// need no look at the points.
func Inspect(path string) (Info, error) {
	f, s, head, err := cloudFile(context.Background(), path)
	if err != nil {
		return Info{}, &Error{path, err}
	}
	defer f.close()
	info, err := s.inspect(f, head)
	if err != nil {
		return Info{}, &Error{path, err}
	}
	return info, nil
}

func coordinates(kind string) []string { return []string{"x " + kind, "y " + kind, "z " + kind} }

func inspectTIFF(f *file, _ []byte) (Info, error) {
	h, err := tiffHeader(f)
	detail := h.Compression.String()
	if h.Predictor != xyztiff.NoPredictor {
		detail += fmt.Sprintf(", predictor %v", h.Predictor)
	}
	if h.BigTIFF {
		detail = "BigTIFF, " + detail
	}
	fields := coordinates(h.Type.String())
	if h.Samples == 1 {
		fields = []string{"depth " + h.Type.String()}
	}
	return Info{Format: "TIFF", Detail: detail, Fields: fields}, err
}

func inspectPNG(f *file, head []byte) (Info, error) {
	if !isDepthPNG(head) {
		return Info{}, f.refuse(pngFile, head)
	}
	return Info{Format: "PNG", Detail: "depth image", Fields: []string{"depth uint16"}}, nil
}

func inspectPCD(f *file, _ []byte) (Info, error) {
	h, err := pcd.DecodeHeader(f.section(), pcd.Options{})
	info := Info{Format: "PCD", Detail: fmt.Sprintf("version %s, %v", h.Version, h.Encoding), Viewpoint: (*[7]float64)(&h.Viewpoint)}
	for _, d := range h.Fields {
		kind := fmt.Sprintf("%s %c%d", d.Name, d.Type, d.Size)
		if d.Count > 1 {
			kind += fmt.Sprintf("×%d", d.Count)
		}
		info.Fields = append(info.Fields, kind)
	}
	return info, err
}

func inspectPLY(f *file, _ []byte) (Info, error) {
	h, err := ply.DecodeHeader(f.section(), ply.Options{})
	if err != nil {
		return Info{}, err
	}
	info := Info{Format: "PLY", Detail: h.Encoding.String()}
	for i := range h.Elements {
		if e := &h.Elements[i]; e != h.Vertex() && i < 20 {
			info.Detail += fmt.Sprintf(", %d of %s", e.Count, e.Name)
		}
	}
	for _, p := range h.Vertex().Properties {
		kind := p.Type
		if p.List() {
			kind = "list of " + kind
		}
		info.Fields = append(info.Fields, p.Name+" "+kind)
	}
	return info, nil
}

func inspectSTL(f *file, _ []byte) (Info, error) {
	h, err := stl.DecodeHeader(f.section(), stl.Options{})
	info := Info{Format: "STL", Detail: "ascii", Fields: coordinates("float32")}
	if !h.ASCII {
		info.Detail = fmt.Sprintf("binary, %d triangles", h.Triangles)
	}
	if h.Name != "" {
		info.Detail += fmt.Sprintf(", named %q", h.Name)
	}
	return info, err
}

func inspectOBJ(f *file, _ []byte) (Info, error) {
	h, err := obj.DecodeHeader(f.section(), obj.Options{})
	info := Info{Format: "OBJ", Fields: coordinates("text")}
	if h.Colour {
		info.Fields = append(info.Fields, "red text", "green text", "blue text")
	}
	return info, err
}

func inspectText(f *file, head []byte) (Info, error) {
	h, err := textHeader(f, head)
	info := Info{Format: "text", Detail: map[byte]string{',': "commas", ';': "semicolons", ' ': "blanks"}[h.Separator]}
	if h.DecimalComma {
		info.Detail += ", decimal commas"
	}
	if h.Points >= 0 {
		info.Detail += ", PTS"
	}
	if !h.Named {
		info.Detail += ", columns without names"
	}
	for _, name := range h.Columns {
		info.Fields = append(info.Fields, name+" text")
	}
	return info, err
}
