// Package malformed makes files that lie: counts that are not kept, sizes whose
// product overflows, offsets beyond the end, streams that do not stop where they
// should, numbers that are none. Each names the class of error that its reader must
// give. Nothing here imports a reader: the files are put together byte by byte, so
// that a fault shared by a reader and its writer does not hide.
package malformed

import "slices"

// Format is the reader that a file is for.
type Format string

// The formats.
const (
	TIFF     Format = "tiff"
	PNG      Format = "png" // depth
	PLY      Format = "ply"
	PCD      Format = "pcd"
	STL      Format = "stl"
	OBJ      Format = "obj"
	Text     Format = "text"
	NPY      Format = "npy"
	NPZ      Format = "npz"
	Camera   Format = "camera"
	Model    Format = "model"
	Manifest Format = "manifest" // CSV
	List     Format = "list"     // a manifest in YAML
)

// Class is the sentinel of the reader's package that the error must wrap, and no
// other of them.
type Class string

// The classes.
const (
	Invalid     Class = "ErrFormat"
	Unsupported Class = "ErrUnsupported"
	TooLarge    Class = "ErrLimit"
	Distorted   Class = "ErrDistortion" // cameras only
	Truncated   Class = "ErrTruncated"  // model files only, as the following
	Damaged     Class = "ErrDamaged"
	Newer       Class = "ErrNewer"
	NotModel    Class = "ErrNotModel"
	Input       Class = "scan.Error" // manifests
)

// File is one that its reader must refuse.
type File struct {
	Format Format
	What   string // is wrong with it
	Class  Class
	Data   []byte
}

// Files returns them all.
func Files() []File {
	return slices.Concat(tiffFiles(), tiffStreams(), pngFiles(), plyFiles(), pcdFiles(), stlFiles(), objFiles(), textFiles(),
		npyFiles(), npzFiles(), cameraFiles(), modelFiles(), manifestFiles())
}

// Sound is a file that must be read.
type Sound struct {
	Format Format
	What   string
	Data   []byte
	// Closed is the length up to which every shorter beginning of the file must be
	// refused. That is all of it, but where the format has no end mark: a line that
	// only lacks its line break is whole.
	Closed int
}

// SoundFiles returns one or more of each format, and some that look bad but are not.
func SoundFiles() []Sound {
	return slices.Concat(tiffSound(), pngSound(), plySound(), pcdSound(), stlSound(), textSound(), npySound(), cameraSound(), modelSound())
}

// maker collects files of one format.
type maker struct {
	format Format
	files  []File
}

func (m *maker) add(class Class, what string, data []byte) {
	m.files = append(m.files, File{m.format, what, class, data})
}

func (m *maker) text(class Class, what, data string) { m.add(class, what, []byte(data)) }

// edit returns a copy of b that fn may change.
func edit(b []byte, fn func(b []byte)) []byte {
	b = slices.Clone(b)
	fn(b)
	return b
}
