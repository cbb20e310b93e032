package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/internal/atomicfile"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

// gallery writes of each scan its score map, a float32 TIFF, and a heat map, a
// PNG. The heat maps of a batch share one scale, which is known only when all
// scans are scored: they are drawn last, from the maps and the scans' files.
type gallery struct {
	pictures, maps string // folders, made when the first file is written

	judge *inspection.Options // nil: no regions in pictures
	ply   bool                // write coloured clouds too

	scaler report.Scaler
	taken  names
	pages  []drawing
}

// drawing is one scan of a gallery.
type drawing struct {
	result *iad3d.Result // without the map's values, which are in its file
	files  report.Files
	read   func() (*rgbd.Labelled, error)
}

// newGallery checks that both folders can be written to; they may be one, but
// not one of a data set.
func newGallery(pictures, maps string) (*gallery, error) {
	for _, dir := range []string{pictures, maps} {
		if base := strings.ToLower(filepath.Base(dir)); base == "xyz" || base == "depth" || base == "rgb" || base == "gt" {
			return nil, usagef("%s looks like a folder of a data set; choose another", dir)
		}
		if err := writableFolder(dir); err != nil {
			return nil, err
		}
	}
	return &gallery{pictures: pictures, maps: maps, taken: names{}}, nil
}

// add writes the map of a result, which it does not keep. The heat map follows
// in draw, for which read gives the scan once more, with its ground truth if
// known.
func (g *gallery) add(r *iad3d.Result, read func() (*rgbd.Labelled, error)) (report.Files, error) {
	name := g.taken.unique(r.Name)
	if r.Points != nil {
		return g.addLoose(name, r, read)
	}
	f := report.Files{Map: filepath.Join(g.maps, name+".tiff"), Heatmap: filepath.Join(g.pictures, name+".png")}
	if g.ply {
		f.Cloud = filepath.Join(g.maps, name+".ply")
		if err := mayReplacePoints(f.Cloud); err != nil {
			return f, err
		}
	}
	if err := mayReplace(f); err != nil {
		return f, err
	}
	err := write(f.Map, func(w io.Writer) error {
		return xyztiff.Encode(w, &xyztiff.Image{Width: r.Map.W, Height: r.Map.H, Samples: 1, F32: r.Map.Data}, xyztiff.EncodeOptions{})
	})
	if err != nil {
		return f, err
	}
	g.scaler.Add(r)
	g.pages = append(g.pages, drawing{withMap(r, nil), f, read})
	return f, nil
}

// mayReplace refuses to write over files that are not an earlier run's: a map is
// a TIFF of one float sample, and a heat map has its map beside it.
func mayReplace(f report.Files) error {
	file, err := os.Open(f.Map)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(f.Heatmap); err == nil {
			return usagef("%s exists and was not written by iad3d; it is not replaced", f.Heatmap)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if h, err := xyztiff.DecodeHeader(file, info.Size(), xyztiff.Options{}); err != nil || h.Samples != 1 || h.Type != xyztiff.Float32 {
		return usagef("%s exists and is not a score map; it is not replaced", f.Map)
	}
	return nil
}

// scale returns the ends of the colours: those that follow from the pixel threshold,
// else the batch's.
func (g *gallery) scale() (low, high float64) {
	if t := g.threshold(); t > 0 {
		return report.ThresholdScale(t)
	}
	return g.scaler.Scale()
}

// threshold returns the pixel threshold; 0 for none.
func (g *gallery) threshold() float64 {
	if g.judge == nil || g.judge.Thresholds == nil {
		return 0
	}
	return g.judge.Thresholds.Pixel
}

// draw writes the heat maps, and the coloured clouds, and returns the ends of their
// scale.
func (g *gallery) draw(ctx context.Context, step func(done int)) (low, high float64, err error) {
	low, high = g.scale()
	for i, p := range g.pages {
		if err := ctx.Err(); err != nil {
			return low, high, err
		}
		if err := g.drawPage(ctx, &p, low, high); err != nil {
			return low, high, err
		}
		step(i + 1)
	}
	return low, high, nil
}

func (g *gallery) drawPage(ctx context.Context, p *drawing, low, high float64) error {
	s, err := p.read()
	if err != nil {
		return err
	}
	values, err := readMap(p.files.Map)
	if err != nil {
		return err
	}
	n := &inspection.Inspection{Result: withMap(p.result, values)}
	if g.judge != nil {
		if n, err = inspection.Judge(ctx, s.Scan, n.Result, *g.judge); err != nil {
			return err
		}
	}
	o := report.HeatmapOptions{Low: low, High: high, Truth: s.Truth, Threshold: g.threshold()}
	if n.Found != nil {
		o.Regions = n.Found.Labels
	}
	if err := write(p.files.Heatmap, func(w io.Writer) error { return report.Heatmap(w, s.Scan, n.Result, o) }); err != nil || p.files.Cloud == "" {
		return err
	}
	c, err := report.Cloud(s.Scan, n, low, high)
	if err != nil {
		return err
	}
	return write(p.files.Cloud, func(w io.Writer) error {
		_, err := scan.Write(w, ".ply", c, scan.WriteOptions{})
		return err
	})
}

// withMap returns a copy of a result whose map has other values and no flags.
func withMap(r *iad3d.Result, values []float32) *iad3d.Result {
	c, m := *r, *r.Map
	m.Data, m.Valid = values, nil
	c.Map = &m
	return &c
}

// readMap returns the values of a map that add wrote.
func readMap(path string) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	im, err := xyztiff.Decode(f, info.Size(), xyztiff.Options{})
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	return im.F32, nil
}

// whileContext is a writer that fails once the context has ended.
type whileContext struct {
	ctx context.Context
	w   io.Writer
}

func (w whileContext) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

// write writes a file whole or not at all, its folder too where it is missing.
func write(path string, content func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, content)
}
