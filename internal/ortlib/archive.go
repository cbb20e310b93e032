package ortlib

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// maxLibrary is more than any library of ONNX Runtime has for processors alone.
const maxLibrary = 1 << 30

// walk calls fn for every regular file of a .tgz archive until it returns
// false.
func walk(archive string, fn func(h *tar.Header, r io.Reader) (more bool, err error)) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("the archive is damaged: %w", err)
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive is damaged: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if more, err := fn(h, t); err != nil || !more {
			return err
		}
	}
}

// extract writes one file of an archive to target.
func extract(archive, member, target string) error {
	found := false
	err := walk(archive, func(h *tar.Header, r io.Reader) (bool, error) {
		if path.Clean(h.Name) != member {
			return true, nil
		}
		found = true
		if h.Size > maxLibrary {
			return false, fmt.Errorf("%s in the archive has %d bytes, more than a library has", member, h.Size)
		}
		return false, writeNew(target, r)
	})
	if err == nil && !found {
		return fmt.Errorf("there is no %s in the archive", member)
	}
	return err
}

// writeNew writes a new file.
func writeNew(target string, r io.Reader) error {
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// member chooses the library in an archive: the file of a package that is known,
// else the only one that is called like a library.
func (i *installer) member(archive string) (string, error) {
	var known, named []string
	err := walk(archive, func(h *tar.Header, _ io.Reader) (bool, error) {
		name := path.Clean(h.Name)
		for _, s := range i.sources {
			if p, ok := s.pins[i.platform()]; ok && p.file == name && !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		if isLibraryName(path.Base(name), i.goos) {
			named = append(named, name)
		}
		return true, nil
	})
	switch {
	case err != nil:
		return "", err
	case len(known) == 1:
		return known[0], nil
	case len(named) == 1:
		return named[0], nil
	case len(named) == 0:
		return "", errors.New("there is no ONNX Runtime library in the archive")
	}
	return "", fmt.Errorf("there are several libraries in the archive (%s): unpack it and give one", strings.Join(named, ", "))
}
