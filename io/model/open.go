package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"
)

// Info describes a tensor of a file.
type Info struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar
	Bytes int
}

// Header is what a model file says of itself.
type Header struct {
	Format  int               // of the file, 1
	SHA256  string            // the digest as written in the file: an identity for reports
	Meta    map[string]string // as given to Save
	Tensors []Info            // in file order (empty ones that share an offset: by name), without padding
	Size    int64             // of the whole file, bytes
}

// ReadHeader reads the header of a model file and checks it as [Open] does, the
// file's length included, but not the digest: it does not read the arrays.
func ReadHeader(path string) (*Header, error) {
	var head *Header
	err := withFile(path, func(f *os.File, size int64) error {
		first := make([]byte, min(size, lengthBytes))
		if _, err := io.ReadFull(f, first); err != nil {
			return err
		}
		n, err := headerSize(first, size)
		if err != nil {
			return err
		}
		b := make([]byte, n) // not more than the file has, nor than 100 MB
		copy(b, first)
		if _, err := io.ReadFull(f, b[lengthBytes:]); err != nil {
			return err
		}
		h, err := parseHeader(b, size)
		if err != nil {
			return err
		}
		head = &Header{formatVersion, h.meta[digestKey], h.publicMeta(), h.infos(), size}
		return nil
	})
	return head, err
}

// File is an open model. Its methods may be called at the same time, except for
// Close. A File that is never closed keeps its mapping until the process ends.
type File struct {
	path    string
	data    []byte // the whole file; nil once closed
	release func() error
	header  *header
	index   map[string]*entry
}

// Open maps a model file into memory and verifies it: size, header, format
// version, digest. It reads the whole file once for the digest; afterwards the
// pages are the system's to keep or drop. Errors wrap [ErrModel].
//
// The mapping shows the file as it is, so nobody may change the file in place
// while it is open: changed bytes are not noticed, and on Unix reading beyond a
// new, nearer end kills the process (SIGBUS). Replacing it as [Save] does, by a
// rename, is safe. Where the system cannot map the file it is read into memory.
func Open(path string) (*File, error) { return open(path, mapFile) }

func open(path string, load loader) (*File, error) {
	var file *File
	err := withFile(path, func(f *os.File, size int64) error {
		if size == 0 { // cannot be mapped
			return fmt.Errorf("%w: the file is empty", ErrTruncated)
		}
		if int64(int(size)) != size {
			return fmt.Errorf("%d bytes are more than this machine can address", size)
		}
		data, release, err := load(f, int(size))
		if err != nil {
			return err
		}
		h, err := parse(data)
		if err != nil {
			return errors.Join(err, release())
		}
		file = &File{path: path, data: data, release: release, header: h, index: h.index()}
		return nil
	})
	return file, err
}

// loader gives the bytes of a file, at least one, and a way to let go of them.
type loader func(f *os.File, size int) (data []byte, release func() error, err error)

func mapFile(f *os.File, size int) ([]byte, func() error, error) {
	m, err := mmap.MapRegion(f, size, mmap.RDONLY, 0, 0)
	if err != nil { // WebAssembly, Plan 9, some network and FUSE mounts
		return readFile(f, size)
	}
	return m, m.Unmap, nil
}

func readFile(f *os.File, size int) ([]byte, func() error, error) {
	b := make([]byte, size) // the size of the file, not a number in it
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, nil, err
	}
	return b, func() error { return nil }, nil
}

// withFile opens a regular file for use, and dresses errors.
func withFile(path string, use func(f *os.File, size int64) error) error {
	err := func() error {
		info, err := os.Stat(path) // before opening: a named pipe would block
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%w: not a regular file", ErrNotModel)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err = f.Stat(); err != nil {
			return err
		}
		return use(f, info.Size())
	}()
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok { // without the name of the system's call
		err = p.Err
	}
	return fmt.Errorf("%w: %s: %w", ErrModel, path, err)
}

// Meta returns a copy of the metadata given to [Save].
func (f *File) Meta() map[string]string { return f.header.publicMeta() }

// Tensors describes the tensors in the order of [Header].
func (f *File) Tensors() []Info { return f.header.infos() }

// SHA256 returns the file's digest, 64 hexadecimal digits: an identity of the
// model for reports.
func (f *File) SHA256() string { return f.header.meta[digestKey] }

// Tensor returns a tensor. Data aliases the mapping: it is valid until Close
// and must not be written to, which would crash the program. A name that the
// file lacks is an error wrapping [ErrModel].
func (f *File) Tensor(name string) (Tensor, error) {
	if f.data == nil {
		return Tensor{}, fmt.Errorf("model %s: %w", f.path, fs.ErrClosed)
	}
	e, ok := f.index[name]
	if !ok {
		return Tensor{}, fmt.Errorf("%w: %s: no tensor %s", ErrModel, f.path, quote(name))
	}
	begin, end := f.header.size+e.begin, f.header.size+e.end
	return Tensor{e.name, e.dtype, slices.Clone(e.shape), f.data[begin:end:end]}, nil
}

// Float32s returns the values, in C order, and the shape of an F32 tensor. The
// values may alias the mapping, as the data of [File.Tensor] does; they are a
// copy when the machine is big-endian or the file (not one of [Save]'s) leaves
// the tensor unaligned. Another type or a missing tensor is an error wrapping
// [ErrModel].
func (f *File) Float32s(name string) ([]float32, []int, error) { return values[float32](f, name, F32) }

// Float64s is [File.Float32s] for F64.
func (f *File) Float64s(name string) ([]float64, []int, error) { return values[float64](f, name, F64) }

// Int32s is [File.Float32s] for I32.
func (f *File) Int32s(name string) ([]int32, []int, error) { return values[int32](f, name, I32) }

// Int64s is [File.Float32s] for I64.
func (f *File) Int64s(name string) ([]int64, []int, error) { return values[int64](f, name, I64) }

// Uint8s is [File.Float32s] for U8; it never copies.
func (f *File) Uint8s(name string) ([]uint8, []int, error) { return values[uint8](f, name, U8) }

func values[T number](f *File, name string, want DType) ([]T, []int, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	if t.DType != want {
		return nil, nil, fmt.Errorf("%w: %s: tensor %s is %s, not %s", ErrModel, f.path, quote(name), t.DType, want)
	}
	return decode[T](t.Data, littleEndian()), t.Shape, nil
}

// Close lets go of the mapping. Slices that alias it must not be used any more:
// reading them crashes the program. A second Close does nothing.
func (f *File) Close() error {
	if f.data == nil {
		return nil
	}
	f.data = nil
	if err := f.release(); err != nil {
		return fmt.Errorf("model %s: unmap: %w", f.path, err)
	}
	return nil
}
