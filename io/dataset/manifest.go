package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// Bounds of a manifest. YAML costs up to 130 times its size while it is read.
const (
	maxManifest = 64 << 20  // bytes
	maxList     = 128 << 10 // bytes, of YAML
	maxEntries  = 1 << 17
)

// entry is one scan of a manifest. Paths are relative to its folder.
type entry struct {
	Path, Split, Label, Truth, Colour string

	at int // place in the list, for messages
}

// OpenManifest opens the scans that a file lists, root itself, with their splits
// and labels. It is a CSV file whose first line names the columns, or YAML (.yaml,
// .yml), a list of maps with the same keys:
//
//	path    the scan, of any format that package scan recognises
//	split   train, validation or test
//	label   good or the kind of defect; may be empty in train, which is good
//	truth   optional: a mask (.png), or rows "x y z label" (.txt) for loose points
//	colour  optional: the colour image of a scan with a raster
//
// Paths are relative to the manifest's folder. The class is the file's stem, or
// any name that class gives. Items are in the order of the file. There may be up to
// 131,072 scans, in YAML as many as fit into 128 KiB.
func OpenManifest(root, class string, o Options) (*Set, error) {
	if err := o.noImages("manifest"); err != nil {
		return nil, err
	}
	read, limit := readCSV, int64(maxManifest)
	if ext := strings.ToLower(filepath.Ext(root)); ext == ".yaml" || ext == ".yml" {
		read, limit = readList, maxList
	}
	b, err := readSmall(root, limit)
	if errors.Is(err, errLong) && limit == maxList {
		err = &scan.Error{Path: root, Err: fmt.Errorf("%w: more than %d bytes of YAML; as CSV there may be more", errLong, maxList)}
	}
	if err != nil {
		return nil, err
	}
	if class == "" {
		class = scan.Stem(root)
	}
	s := &Set{Root: root, Class: class, items: make(map[Split][]Item)}
	used := map[string]int{} // a name and the number that its next bearer tries first
	n := 0
	err = read(b, func(e *entry) error {
		if e.at > maxEntries {
			return fmt.Errorf("lists more than %d scans", maxEntries)
		}
		it, err := e.item(filepath.Dir(root))
		if err != nil {
			return fmt.Errorf("scan %d: %w", e.at, err)
		}
		plain := string(it.Split) + "/" + it.Name
		for k, stem := max(2, used[plain]), it.Name; used[string(it.Split)+"/"+it.Name] > 0; k++ {
			it.Name = fmt.Sprintf("%s-%d", stem, k)
			used[plain] = k + 1
		}
		used[string(it.Split)+"/"+it.Name] = max(2, used[string(it.Split)+"/"+it.Name])
		n++
		s.items[it.Split] = append(s.items[it.Split], it)
		return nil
	})
	if err == nil && n == 0 {
		err = errors.New("lists no scan")
	}
	if err != nil {
		return nil, &scan.Error{Path: root, Err: err}
	}
	return s, nil
}

// item checks an entry.
func (e *entry) item(dir string) (Item, error) {
	it := Item{Split: Split(e.Split), Defect: e.Label}
	switch {
	case e.Path == "":
		return it, errors.New("no path")
	case !slices.Contains(Splits(), it.Split):
		return it, fmt.Errorf("split %q; there are train, validation, test", e.Split)
	case it.Defect == "" && it.Split == Train:
		it.Defect = rgbd.Good
	case it.Split == Train && it.Defect != rgbd.Good:
		return it, fmt.Errorf("label %q in the train split, which has good scans only", e.Label)
	}
	at := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, filepath.FromSlash(path))
	}
	it.XYZ, it.Truth, it.Colour = at(e.Path), at(e.Truth), at(e.Colour)
	it.Name = scan.Stem(it.XYZ)
	if it.Defect != rgbd.Unlabelled {
		it.Name = it.Defect + "/" + it.Name
	}
	return it, nil
}

// readCSV hands the rows to add, one at a time: a bad one ends it before the rest
// costs memory.
func readCSV(b []byte, add func(*entry) error) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	r.TrimLeadingSpace = true
	if line, _, _ := bytes.Cut(b, []byte("\n")); !bytes.Contains(line, []byte(",")) && bytes.Contains(line, []byte(";")) {
		r.Comma = ';'
	}
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("no first line of columns: %w", err)
	}
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(head[i]))
	}
	for _, want := range []string{"path", "split", "label"} {
		if !slices.Contains(head, want) {
			return fmt.Errorf("no column %q; a manifest has path, split, label and may have truth, colour", want)
		}
	}
	r.ReuseRecord = true
	for at := 1; ; at++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		e := entry{at: at}
		for k, name := range head {
			v := strings.TrimSpace(row[k])
			switch name {
			case "path":
				e.Path = v
			case "split":
				e.Split = v
			case "label":
				e.Label = v
			case "truth":
				e.Truth = v
			case "colour":
				e.Colour = v
			}
		}
		if err := add(&e); err != nil {
			return err
		}
	}
}

// readList hands the items of a list to add, one at a time.
func readList(b []byte, add func(*entry) error) error {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil
	case err != nil:
		return oneLine(err)
	case d.Decode(new(yaml.Node)) != io.EOF:
		return errors.New("more than one document")
	case len(doc.Content) != 1 || doc.Content[0].Kind != yaml.SequenceNode:
		return errors.New("no list of scans, each with path, split and label")
	}
	for i, item := range doc.Content[0].Content {
		e := entry{at: i + 1}
		if err := e.fill(item); err != nil {
			return fmt.Errorf("scan %d (line %d): %w", e.at, item.Line, err)
		}
		if err := add(&e); err != nil {
			return err
		}
	}
	return nil
}

// fill takes the fields of a map.
func (e *entry) fill(item *yaml.Node) error {
	if item.Kind != yaml.MappingNode {
		return errors.New("is no map of path, split, label")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(item.Content); i += 2 {
		key, v := item.Content[i], item.Content[i+1]
		to := map[string]*string{"path": &e.Path, "split": &e.Split, "label": &e.Label, "truth": &e.Truth, "colour": &e.Colour}[key.Value]
		switch {
		case to == nil || key.Kind != yaml.ScalarNode:
			return fmt.Errorf("unknown field %.40q; there are path, split, label, truth, colour", key.Value)
		case seen[key.Value]:
			return fmt.Errorf("field %s is there twice", key.Value)
		case v.Kind != yaml.ScalarNode:
			return fmt.Errorf("field %s is not a text", key.Value)
		}
		seen[key.Value] = true
		if v.Tag != "!!null" {
			*to = v.Value
		}
	}
	return nil
}
