package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a file is by its first bytes, in words that follow "is".
type kind string

const (
	emptyFile kind = ""
	unknown   kind = "a file of unknown format"
	tiffFile  kind = "a TIFF file"
	pngFile   kind = "a PNG image"
	jpegFile  kind = "a JPEG image"
	plyFile   kind = "a PLY file"
	pcdFile   kind = "a PCD file"
	stlFile   kind = "an STL file"
	objFile   kind = "an OBJ file"
	textFile  kind = "a text file"
	npyFile   kind = "an NPY file"
	zipFile   kind = "a ZIP archive"
)

// headSize is how much of a file sniff wants to see.
const headSize = 4096

// signatures are tried in turn.
var signatures = []struct {
	prefix string
	kind   kind
}{
	{"II*\x00", tiffFile}, {"MM\x00*", tiffFile},
	{"II+\x00", tiffFile}, {"MM\x00+", tiffFile}, // BigTIFF
	{"\x89PNG\r\n\x1a\n", pngFile},
	{"\xff\xd8\xff", jpegFile},
	{"GIF8", "a GIF image"},
	{"BM", "a BMP image"},
	{"v/1\x01", "an OpenEXR image"},
	{"ply\n", plyFile}, {"ply\r", plyFile},
	{"# .PCD", pcdFile}, {"VERSION .", pcdFile}, {"VERSION 0.", pcdFile},
	{"solid ", stlFile}, {"solid\n", stlFile}, {"solid\r", stlFile}, {"SOLID ", stlFile},
	{"\x93NUMPY", npyFile},
	{"ASTM-E57", "an E57 file"},
	{"LASF", "an LAS file"},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
	{"PK\x03\x04", zipFile},
	{"\x1f\x8b", "a gzip archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"},
}

// sniff says what a file of the given size is that begins with head.
func sniff(head []byte, size int64) kind {
	if size == 0 {
		return emptyFile
	}
	// A binary STL has no signature but an exact size, and any header.
	if len(head) >= 84 && 84+50*int64(binary.LittleEndian.Uint32(head[80:])) == size {
		return stlFile
	}
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.prefix)) {
			return s.kind
		}
	}
	switch {
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "a WebP image"
	case isText(head):
		return textKind(head)
	}
	return unknown
}

// isDepthPNG reports whether a PNG file that begins with head has 16 bits of
// grey per pixel.
func isDepthPNG(head []byte) bool { return len(head) > 25 && head[24] == 16 && head[25] == 0 }

// textKind tells formats of text apart by the first line that is no comment.
func textKind(head []byte) kind {
	for len(head) > 0 {
		line, rest := head, []byte(nil)
		if i := bytes.IndexAny(head, "\r\n"); i >= 0 {
			line, rest = head[:i], head[i+1:]
		}
		head = rest
		words := bytes.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		switch string(words[0]) {
		case "VERSION", "FIELDS", "COLUMNS":
			return pcdFile
		case "v", "vn", "vt", "vp", "f", "l", "p", "o", "g", "s", "mtllib", "usemtl":
			if len(words) > 1 && !(len(words) == 3 && string(words[1]) == "x") { // names of columns
				return objFile
			}
		}
		break
	}
	return textFile
}

// isText reports whether head is UTF-8 without control characters other than
// white space. A rune may be cut at its end.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n == 1:
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		case unicode.IsControl(r) && !unicode.IsSpace(r):
			return false
		}
		head = head[n:]
	}
	return true
}

// refuse returns the error for a file of kind k, beginning with head, that
// should be a cloud.
func (f *file) refuse(k kind, head []byte) error {
	const reads = "this version reads xyz TIFF, PCD, PLY, STL, OBJ, NPY, NPZ and text, and depth images of 16-bit PNG or TIFF"
	switch {
	case k == emptyFile:
		return errors.New("is empty")
	case k == unknown:
		return fmt.Errorf("unknown format (first bytes % x); %s", head[:min(8, len(head))], reads)
	case strings.HasSuffix(string(k), "image"):
		return fmt.Errorf("is %s, not a cloud or a 16-bit depth image", k)
	}
	return fmt.Errorf("is %s; %s", k, reads)
}

// noPoints returns the error for a text file, beginning with head, that is not
// points: err says why.
func (f *file) noPoints(head []byte, err error) error {
	alias := ""
	if f.named(".tiff", ".tif") {
		alias = " named " + filepath.Ext(f.f.Name())
	}
	return fmt.Errorf("is a text file%s (begins %q), and not of points: %w", alias, firstLine(head), err)
}

// firstLine returns the first line of a text that is not blank, cut after 40
// characters.
func firstLine(text []byte) string {
	s, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return strings.TrimSpace(s)
}
