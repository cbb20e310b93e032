package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/iad3d/iad3d/internal/atomicfile"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/rgbd"
)

// ErrOccupied is wrapped when a part's folder holds something that was not
// written with the same options.
var ErrOccupied = errors.New("folder is not empty and was not made with these options")

// format counts the changes of what the same options write.
const format = 1

// markerName is the file in a part's folder that says which options made it.
const markerName = "synth.json"

// marker is its content.
type marker struct {
	Generator  string   `json:"generator"`
	Format     int      `json:"format"`
	Part       string   `json:"part"`
	Seed       uint64   `json:"seed"`
	Size       int      `json:"size"`
	Train      int      `json:"train"`
	Validation int      `json:"validation"`
	Good       int      `json:"good"`
	PerDefect  int      `json:"per_defect"`
	Defects    []string `json:"defects"`
	Loose      bool     `json:"loose,omitempty"`
}

// camera has the form of MVTec 3D-AD's camera_parameters.json: lengths in
// metres, the principal point in pixels whose centres have whole coordinates.
type camera struct {
	Type   string  `json:"camera_type"`
	Focus  float64 `json:"focus"`
	Kappa  float64 `json:"kappa"` // radial distortion: none
	SX     float64 `json:"sx"`
	SY     float64 `json:"sy"`
	CX     float64 `json:"cx"`
	CY     float64 `json:"cy"`
	Width  int     `json:"image_width"`
	Height int     `json:"image_height"`
}

// Write makes the data set of o in the layout of MVTec 3D-AD:
//
//	<dir>/<part>/class_ids.json
//	<dir>/<part>/calibration/camera_parameters.json
//	<dir>/<part>/{train,validation}/good/{xyz/NNN.tiff,rgb/NNN.png}
//	<dir>/<part>/test/<good|defect>/{xyz/NNN.tiff,rgb/NNN.png,gt/NNN.png}
//	<dir>/<part>/truth.json: what each defect is and measures
//	<dir>/<part>/synth.json: the options, the mark of this program
//
// A part's folder must be new, empty, or made by Write with the same options,
// whose files it then writes once more; else the error wraps [ErrOccupied] and
// nothing was written. Every file appears whole or not at all. progress, if not
// nil, is called after each scan, never twice at once.
func Write(ctx context.Context, dir string, o Options, progress func(done, total int)) error {
	o, err := o.normal()
	if err != nil {
		return err
	}
	marks := make([][]byte, len(o.Parts))
	for i, part := range o.Parts {
		if marks[i], err = claim(filepath.Join(dir, part), part, o, false); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
	}
	var jobs []job
	for i, part := range o.Parts {
		if err := furnish(filepath.Join(dir, part), marks[i], o); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
		jobs = append(jobs, o.jobs(part)...)
	}

	found := make([]*finding, len(jobs))
	err = makeAll(ctx, jobs, progress, func(ctx context.Context, i int) error {
		m, err := scan(ctx, jobs[i], o, 1)
		if err != nil {
			return err
		}
		found[i] = m.found
		return store(filepath.Join(dir, jobs[i].part, jobs[i].split), jobs[i], m.Labelled)
	})
	if err != nil {
		return err
	}

	for _, part := range o.Parts {
		defects := []*finding{}
		for i, f := range found {
			if f != nil && jobs[i].part == part {
				defects = append(defects, f)
			}
		}
		if err := storeJSON(filepath.Join(dir, part, "truth.json"), defects); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
	}
	return nil
}

// makeAll calls do for every job, one per worker: cheaper than all workers on the
// rows of one scan. It returns the first error, or why the caller stopped.
func makeAll(ctx context.Context, jobs []job, progress func(done, total int), do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu   sync.Mutex
		done int
	)
	err := parallel.For(ctx, len(jobs), 1, 0, func(_, lo, _ int) {
		if err := do(ctx, lo); err != nil {
			if !errors.Is(err, ErrOptions) && ctx.Err() == nil {
				err = fmt.Errorf("synth: %w", err)
			}
			cancel(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		if progress != nil {
			progress(done, len(jobs))
		}
	})
	if err != nil {
		return context.Cause(ctx)
	}
	return nil
}

// jobs lists the scans of a part; o must be normal.
func (o Options) jobs(part string) []job {
	var all []job
	add := func(split, defect string, n int) {
		for i := range max(n, 0) {
			all = append(all, job{part, defect, split, i})
		}
	}
	add(Train, rgbd.Good, o.Train)
	add(Validation, rgbd.Good, o.Validation)
	add(Test, rgbd.Good, o.Good)
	for _, d := range o.Defects {
		add(Test, d, o.PerDefect)
	}
	return all
}

// claim returns the content of a part's marker, or an error when its folder is
// someone else's.
func claim(dir, part string, o Options, loose bool) ([]byte, error) {
	mark, err := encodeJSON(marker{
		Generator: "iad3d synth", Format: format, Part: part, Seed: o.Seed, Size: o.Size, Train: o.Train,
		Validation: o.Validation, Good: o.Good, PerDefect: o.PerDefect, Defects: o.Defects, Loose: loose,
	})
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return mark, nil
	}
	if err != nil {
		return nil, err
	}
	old, err := os.ReadFile(filepath.Join(dir, markerName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if !bytes.Equal(old, mark) {
		return nil, fmt.Errorf("%s: %w", dir, ErrOccupied)
	}
	return mark, nil
}

// furnish makes a part's folders and the files that are not scans. The marker
// comes first: a run that was cut short can then be repeated.
func furnish(dir string, mark []byte, o Options) error {
	if err := os.MkdirAll(filepath.Join(dir, "calibration"), 0o755); err != nil {
		return err
	}
	if err := storeBytes(filepath.Join(dir, markerName), mark); err != nil {
		return err
	}
	ids := map[string]string{"0": rgbd.Good}
	for _, d := range o.Defects {
		ids[strconv.Itoa(int(classID(d)))] = d
	}
	if err := storeJSON(filepath.Join(dir, "class_ids.json"), ids); err != nil {
		return err
	}
	const focus = 0.0125
	pitch, middle := focus/focal(o.Size), float64(o.Size-1)/2
	return storeJSON(filepath.Join(dir, "calibration", "camera_parameters.json"), camera{
		Type: "area_scan_division", Focus: focus, SX: pitch, SY: pitch, CX: middle, CY: middle, Width: o.Size, Height: o.Size,
	})
}

// store writes a scan's files into its split's folder.
func store(dir string, j job, l *rgbd.Labelled) error {
	dir = filepath.Join(dir, j.defect)
	name := fmt.Sprintf("%03d", j.index)
	files := []struct {
		folder, ext string
		write       func(io.Writer) error
	}{
		{"xyz", ".tiff", func(w io.Writer) error {
			return xyztiff.Encode(w, xyztiff.FromCloud(l.Cloud), xyztiff.EncodeOptions{RowsPerStrip: 1}) // as MVTec's
		}},
		{"rgb", ".png", func(w io.Writer) error { return png.Encode(w, l.Colour) }},
		{"gt", ".png", func(w io.Writer) error { return png.Encode(w, l.Truth) }},
	}
	if j.split != Test {
		files = files[:2]
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Join(dir, f.folder), 0o755); err != nil {
			return err
		}
		if err := atomicfile.Write(filepath.Join(dir, f.folder, name+f.ext), f.write); err != nil {
			return err
		}
	}
	return nil
}

func encodeJSON(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

func storeBytes(path string, b []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func storeJSON(path string, v any) error {
	b, err := encodeJSON(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return storeBytes(path, b)
}
