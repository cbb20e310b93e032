package atomicfile

import (
	"os"
	"path/filepath"
	"time"
)

// staleFolderAge is staleAge for folders: only what is created in the folder itself
// shows as its age.
const staleFolderAge = 24 * time.Hour

// TemporaryFolder creates a folder beside the path of one that is to be made, to be
// filled and renamed, named as the temporaries of [Write] are. Those that killed
// processes left for the same path are removed first, those of other hosts when
// nothing was created in them for a day. The folder of path must exist.
func TemporaryFolder(path string) (string, error) {
	parent, name := filepath.Split(filepath.Clean(path))
	if parent == "" {
		parent = "."
	}
	forLeftovers(parent, name, func(path string, here bool, process int) {
		info, err := os.Lstat(path)
		if err == nil && info.IsDir() && (here && !processAlive(process) || time.Since(info.ModTime()) > staleFolderAge) {
			os.RemoveAll(path)
		}
	})
	temporary := filepath.Join(parent, temporaryName(name))
	return temporary, os.Mkdir(temporary, 0o755)
}
