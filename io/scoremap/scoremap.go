// Package scoremap reads anomaly maps as programs of the field write them: TIFF
// with one float or 16-bit sample per pixel, NumPy's NPY and NPZ, and grey PNG of
// 8 or 16 bits. What a file is follows from its content, never from its name.
//
// Every problem with a file is a [*scan.Error].
package scoremap

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"strings"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// Map is an anomaly map: the score of pixel (x, y) is at y·Width + x of F32 or,
// where the file's values need float64, of F64; the other is nil. Scores are as
// in the file, whether finite or not.
type Map struct {
	Width, Height int
	F32           []float32
	F64           []float64
}

// Extensions are those that files of the formats read here usually have.
func Extensions() []string { return []string{".tiff", ".tif", ".npy", ".npz", ".png"} }

// MaxPixels is the largest map that is read.
const MaxPixels = 100_000_000

// Read reads the map at path. Arrays have the shape (height, width), with
// dimensions of length 1 before or behind; an NPZ archive has one array, or one
// named anomaly_map.
func Read(path string) (*Map, error) {
	m, err := read(path)
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	return m, nil
}

const wanted = "a map is a TIFF, NPY, NPZ or PNG file"

func read(path string) (*Map, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a folder, not a map")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [8]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	file := io.NewSectionReader(f, 0, info.Size())
	switch h := head[:n]; {
	case n == 0:
		return nil, errors.New("is empty; " + wanted)
	case bytes.HasPrefix(h, []byte("II")) || bytes.HasPrefix(h, []byte("MM")):
		return readTIFF(file)
	case bytes.HasPrefix(h, []byte("\x93NUMPY")):
		a, err := npy.Decode(file, npy.Options{MaxBytes: 8 * MaxPixels})
		if err != nil {
			return nil, err
		}
		return fromArray(a)
	case bytes.HasPrefix(h, []byte("PK\x03\x04")):
		return readArchive(file)
	case bytes.HasPrefix(h, []byte("\x89PNG\r\n\x1a\n")):
		return readPNG(file)
	default:
		return nil, fmt.Errorf("unknown format (first bytes % x); %s", h, wanted)
	}
}

func readTIFF(f *io.SectionReader) (*Map, error) {
	im, err := xyztiff.Decode(f, f.Size(), xyztiff.Options{MaxBytes: 8 * MaxPixels})
	if err != nil {
		return nil, err
	}
	if im.Samples != 1 {
		return nil, fmt.Errorf("has %d samples per pixel; a map has one", im.Samples)
	}
	m := &Map{Width: im.Width, Height: im.Height, F32: im.F32, F64: im.F64}
	if im.U16 != nil {
		m.F32 = make([]float32, len(im.U16))
		for i, v := range im.U16 {
			m.F32[i] = float32(v)
		}
	}
	return m, nil
}

func readArchive(f *io.SectionReader) (*Map, error) {
	z, err := npy.OpenArchive(f, f.Size(), npy.Options{MaxBytes: 8 * MaxPixels})
	if err != nil {
		return nil, err
	}
	names := z.Names()
	name := "anomaly_map"
	switch len(names) {
	case 0:
		return nil, errors.New("has no array in it")
	case 1:
		name = names[0]
	}
	a, err := z.Decode(name)
	if err != nil && len(names) > 1 && errors.Is(err, npy.ErrFormat) {
		return nil, fmt.Errorf("%w; of several arrays (%s) the map is the one named anomaly_map", err, strings.Join(names[:min(len(names), 5)], ", "))
	}
	if err != nil {
		return nil, err
	}
	return fromArray(a)
}

func fromArray(a *npy.Array) (*Map, error) {
	shape := a.Shape
	for len(shape) > 2 && shape[0] == 1 {
		shape = shape[1:]
	}
	for len(shape) > 2 && shape[len(shape)-1] == 1 {
		shape = shape[:len(shape)-1]
	}
	if len(shape) != 2 || shape[0] == 0 || shape[1] == 0 {
		return nil, fmt.Errorf("array of shape %v; a map is (height, width)", a.Shape)
	}
	m := &Map{Width: shape[1], Height: shape[0]}
	if a.Type.FitsFloat32() {
		m.F32 = a.Float32s()
	} else {
		m.F64 = a.Float64s()
	}
	return m, nil
}

func readPNG(f *io.SectionReader) (*Map, error) {
	c, err := png.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("PNG: %w", err)
	}
	if w, h := int64(c.Width), int64(c.Height); w < 1 || h < 1 || w > MaxPixels/h {
		return nil, fmt.Errorf("PNG of %d×%d pixels; at most %d are read", w, h, MaxPixels)
	}
	// Deflate shrinks at most 1032 times: a file that is much smaller than its
	// pixels is cut short, and nothing is allocated for it.
	if int64(c.Width)*int64(c.Height)/8/1032 > f.Size() {
		return nil, fmt.Errorf("PNG of %d×%d pixels in %d bytes: cut short or damaged", c.Width, c.Height, f.Size())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	im, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("PNG: %w", err)
	}
	b := im.Bounds()
	m := &Map{Width: b.Dx(), Height: b.Dy(), F32: make([]float32, b.Dx()*b.Dy())}
	switch im := im.(type) {
	case *image.Gray:
		for i := range m.F32 {
			m.F32[i] = float32(im.Pix[i/m.Width*im.Stride+i%m.Width])
		}
	case *image.Gray16:
		for i := range m.F32 {
			at := i/m.Width*im.Stride + 2*(i%m.Width)
			m.F32[i] = float32(uint16(im.Pix[at])<<8 | uint16(im.Pix[at+1]))
		}
	default:
		return nil, errors.New("PNG in colour; a map is grey, of 8 or 16 bits")
	}
	return m, nil
}

// Float64s returns the scores as float64, sharing them where they are.
func (m *Map) Float64s() []float64 {
	if m.F64 != nil {
		return m.F64
	}
	v := make([]float64, len(m.F32))
	for i, s := range m.F32 {
		v[i] = float64(s)
	}
	return v
}
