package scan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/pointcloud"
)

func readNPY(f *file, _ []byte, _ Options) (*pointcloud.Cloud, error) {
	a, err := npy.Decode(f.section(), npy.Options{})
	if err != nil {
		return nil, err
	}
	return a.Cloud()
}

func inspectNPY(f *file, _ []byte) (Info, error) {
	h, err := npy.DecodeHeader(f.section(), npy.Options{})
	if err != nil {
		return Info{}, err
	}
	order := "C order"
	if h.Fortran {
		order = "Fortran order"
	}
	if _, _, err := npy.CloudShape(h.Shape); err != nil {
		return Info{}, err
	}
	return Info{Format: "NPY", Detail: order, Fields: coordinates(h.Type.String())}, nil
}

func readNPZ(f *file, _ []byte, _ Options) (*pointcloud.Cloud, error) {
	a, _, err := onlyArray(f)
	if err != nil {
		return nil, err
	}
	return a.Cloud()
}

func inspectNPZ(f *file, _ []byte) (Info, error) {
	a, name, err := onlyArray(f)
	if err != nil {
		return Info{}, err
	}
	if _, _, err := npy.CloudShape(a.Shape); err != nil {
		return Info{}, err
	}
	return Info{Format: "NPZ", Detail: fmt.Sprintf("array %q", name), Fields: coordinates(a.Type.String())}, nil
}

// onlyArray reads the one array of an NPZ archive.
func onlyArray(f *file) (*npy.Array, string, error) {
	z, err := npy.OpenArchive(f, f.size, npy.Options{})
	if err != nil {
		return nil, "", err
	}
	switch names := z.Names(); len(names) {
	case 0:
		return nil, "", errors.New("is a ZIP archive without NPY files")
	case 1:
		a, err := z.Decode(names[0])
		return a, names[0], err
	default:
		return nil, "", fmt.Errorf("is an NPZ archive of %d arrays (%s); a scan is one with the array of points alone", len(names), strings.Join(names, ", "))
	}
}
