package atomicfile

import "path/filepath"

// probeName stands for a target in the names of Probe's files.
const probeName = "iad3d-probe"

// Probe returns an error when no file can be created in the folder dir. The file
// that it tries with is gone afterwards, and those of killed runs are, too.
func Probe(dir string) error { return probe(disk{}, dir) }

func probe(sys system, dir string) error {
	removeStale(sys, dir, probeName)
	path := filepath.Join(dir, temporaryName(probeName))
	f, err := sys.create(path, 0o600)
	if err != nil {
		return bare(err)
	}
	f.Close()
	return bare(sys.remove(path))
}
