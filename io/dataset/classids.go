package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/iad3d/iad3d/io/scan"
)

// maxClassIDs bounds the size of a class_ids.json, which names 256 at most.
const maxClassIDs = 1 << 20

// readClassIDs reads an object of names by decimal id: {"255": "bent"}. It
// returns nil when there is no such file.
func readClassIDs(path string) (map[uint8]string, error) {
	b, err := readSmall(path, maxClassIDs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var names map[string]string
	if err := json.Unmarshal(b, &names); err != nil {
		return nil, &scan.Error{Path: path, Err: fmt.Errorf("class ids: %w", err)}
	}
	ids := make(map[uint8]string, len(names))
	for _, key := range slices.Sorted(maps.Keys(names)) {
		id, err := strconv.ParseUint(key, 10, 8)
		if err != nil {
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("class id %q is not a number from 0 to 255", key)}
		}
		ids[uint8(id)] = names[key]
	}
	return ids, nil
}
