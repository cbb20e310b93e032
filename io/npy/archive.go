package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Archive is an NPZ file open for reading: a ZIP archive of NPY files.
type Archive struct {
	files map[string]*zip.File
	names []string
	o     Options
}

// maxEntries bounds the directory of an archive.
const maxEntries = 1 << 16

// OpenArchive reads the directory of the NPZ file of size bytes in r. Entries
// that are not named *.npy are passed over; of a name that occurs twice the
// archive is refused.
func OpenArchive(r io.ReaderAt, size int64, o Options) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, invalid("%w", err)
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are not used as paths
		return nil, fmt.Errorf("npy: archive: %w", err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("%w: archive of %d entries", ErrLimit, len(z.File))
	}
	a := &Archive{files: make(map[string]*zip.File), o: o}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		if a.files[name] != nil {
			return nil, invalid("archive: two entries named %q", f.Name)
		}
		a.files[name] = f
		a.names = append(a.names, name)
	}
	return a, nil
}

// Names returns the names of the arrays, without ".npy", in the order of the
// file.
func (a *Archive) Names() []string { return slices.Clone(a.names) }

// Decode reads the array of the given name; one that is not in the archive is an
// [ErrFormat].
func (a *Archive) Decode(name string) (*Array, error) {
	f := a.files[name]
	if f == nil {
		return nil, invalid("no array %q in the archive, which has %s", name, strings.Join(a.names, ", "))
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, unsupported("%s: compression method %d", name, f.Method)
	}
	if err != nil {
		return nil, invalid("%s: %w", name, err)
	}
	defer r.Close()
	if err := a.promised(f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, wrapped(err))
	}
	array, err := Decode(r, a.o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, wrapped(err))
	}
	// The end of the entry makes its reader compare the checksum.
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); n > 0 || err != nil {
		if err == nil {
			err = errMore
		}
		return nil, fmt.Errorf("%s: %w", name, wrapped(err))
	}
	return array, nil
}

// Arrays of more than likely times the bytes that an entry takes in the archive, and
// allowance, are walked through before anything of their size is allocated.
const likely, allowance = 4, 1 << 20

// promised returns an error when an entry does not hold the array that its header
// says, or more. It does not look where that would cost little memory anyway.
func (a *Archive) promised(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	h, err := DecodeHeader(r, a.o)
	if err != nil {
		return err
	}
	n, err := size(h, a.o.maxBytes())
	if err != nil || uint64(n) <= likely*min(f.CompressedSize64, 1<<40)+allowance {
		return err
	}
	switch got, err := io.Copy(io.Discard, io.LimitReader(r, int64(n)+1)); {
	case err != nil:
		return err
	case got < int64(n):
		return invalid("values: %w", io.ErrUnexpectedEOF)
	case got > int64(n):
		return errMore
	}
	return nil
}

var errMore = errors.New("more data than the array has")

// wrapped gives errors of the decompressor a sentinel.
func wrapped(err error) error {
	for _, known := range []error{ErrFormat, ErrUnsupported, ErrLimit} {
		if errors.Is(err, known) {
			return err
		}
	}
	return invalid("%w", err)
}

// Named is an array of an archive.
type Named struct {
	Name string // without ".npy"
	*Array
}

// EncodeArchive writes an NPZ file, its entries deflated as by
// numpy.savez_compressed or, without compress, stored as by numpy.savez. The
// same arrays give the same bytes. Names that are empty or occur twice are an
// error.
func EncodeArchive(w io.Writer, arrays []Named, compress bool) error {
	z := zip.NewWriter(w)
	method := zip.Store
	if compress {
		method = zip.Deflate
	}
	seen := map[string]bool{}
	for _, a := range arrays {
		if a.Name == "" || seen[a.Name] {
			return fmt.Errorf("npy: archive: the name %q is empty or occurs twice", a.Name)
		}
		seen[a.Name] = true
		f, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: method})
		if err != nil {
			return fmt.Errorf("npy: archive: %w", err)
		}
		if err := Encode(f, a.Array, EncodeOptions{}); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npy: archive: %w", err)
	}
	return nil
}
