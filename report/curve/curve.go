// Package curve draws the curves of package metrics as PNG and SVG, and writes
// their points as CSV. It is apart from package report because it brings a
// plotting library with it.
package curve

import (
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/iad3d/iad3d/metrics"
)

// Line is one curve of a figure.
type Line struct {
	Name string // in the legend
	*metrics.Curve
}

// Figure is a drawing of curves over the same axes.
type Figure struct {
	Title string
	Lines []Line
	// Limit is the right end of the horizontal axis, above 0 and at most 1; 0
	// means 1. The vertical axis goes from 0 to 1.
	Limit float64
}

// Size of a drawing, and the resolution of a PNG.
const (
	width  = 6 * vg.Inch
	height = 4.5 * vg.Inch
)

// step is the distance in the plane below which points of a drawing are left
// out: a third of a pixel of the PNG.
const step = 1.0 / 1500

// palette holds colours that differ in lightness too (Okabe and Ito, 2008).
var palette = []color.NRGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}}

// PNG writes the figure as a picture of 576×432 pixels.
func PNG(w io.Writer, f Figure) error { return write(w, f, "png") }

// SVG writes the figure as a vector drawing.
func SVG(w io.Writer, f Figure) error { return write(w, f, "svg") }

func write(w io.Writer, f Figure, format string) error {
	p, err := f.plot()
	if err != nil {
		return err
	}
	picture, err := p.WriterTo(width, height, format)
	if err != nil {
		return fmt.Errorf("curve: %s: %w", format, err)
	}
	if _, err := picture.WriteTo(w); err != nil {
		return fmt.Errorf("curve: %s: %w", format, err)
	}
	return nil
}

func (f Figure) plot() (*plot.Plot, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	limit := f.Limit
	if limit == 0 {
		limit = 1
	}
	p := plot.New()
	p.Title.Text = f.Title
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = string(f.Lines[0].XAxis), string(f.Lines[0].YAxis)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, limit, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)
	for i, l := range f.Lines {
		line, err := plotter.NewLine(within(l.Thin(step*limit), limit))
		if err != nil {
			return nil, fmt.Errorf("curve: %s: %w", l.Name, err)
		}
		line.Color = palette[i%len(palette)]
		line.Width = vg.Points(1.5)
		if i >= len(palette) {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
		}
		p.Add(line)
		p.Legend.Add(l.Name, line)
	}
	p.Legend.Top = f.Lines[0].XAxis == metrics.AxisRecall // where curves have room
	if p.Legend.Top {
		p.Legend.Top, p.Legend.Left = false, true
	}
	p.Legend.Padding = vg.Points(2)
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-8), vg.Points(8)
	if p.Legend.Left {
		p.Legend.XOffs = vg.Points(8)
	}
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	return p, nil
}

func (f Figure) check() error {
	if len(f.Lines) == 0 {
		return errors.New("curve: a figure without a line")
	}
	if !(f.Limit >= 0 && f.Limit <= 1) {
		return fmt.Errorf("curve: limit %v, want 0 to 1", f.Limit)
	}
	for _, l := range f.Lines {
		if len(l.X) == 0 || len(l.X) != len(l.Y) {
			return fmt.Errorf("curve: %s has %d and %d coordinates", l.Name, len(l.X), len(l.Y))
		}
		if l.XAxis != f.Lines[0].XAxis {
			return fmt.Errorf("curve: %s over %s in a figure over %s", l.Name, l.XAxis, f.Lines[0].XAxis)
		}
	}
	return nil
}

// within returns the part of a curve up to the limit, cut there on a straight
// line.
func within(c *metrics.Curve, limit float64) plotter.XYs {
	var v plotter.XYs
	for i, x := range c.X {
		if x > limit {
			if i > 0 {
				part := (limit - c.X[i-1]) / (x - c.X[i-1])
				v = append(v, plotter.XY{X: limit, Y: c.Y[i-1] + float64(part*(c.Y[i]-c.Y[i-1]))})
			}
			break
		}
		v = append(v, plotter.XY{X: x, Y: c.Y[i]})
	}
	return v
}

// ticks divides an axis in five and labels all of them.
type ticks struct{}

func (ticks) Ticks(lo, hi float64) []plot.Tick {
	var t []plot.Tick
	for i := range 6 {
		v := lo + float64(float64(i)*(hi-lo)/5)
		t = append(t, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
	}
	return t
}

// CSV writes the points of curves under a header: curve, x_axis, x, y_axis, y,
// threshold (empty where a curve has none). Numbers have as many digits as it
// takes to read the same value back. Every point is written: [metrics.Curve.Thin]
// makes the table shorter.
func CSV(w io.Writer, lines ...Line) error {
	c := csv.NewWriter(w)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	if err := c.Write([]string{"curve", "x_axis", "x", "y_axis", "y", "threshold"}); err != nil {
		return fmt.Errorf("curve: table: %w", err)
	}
	for _, l := range lines {
		if err := (Figure{Lines: []Line{l}}).check(); err != nil {
			return err
		}
		for i := range l.X {
			threshold := ""
			if l.Threshold != nil {
				threshold = number(l.Threshold[i])
			}
			if err := c.Write([]string{l.Name, string(l.XAxis), number(l.X[i]), string(l.YAxis), number(l.Y[i]), threshold}); err != nil {
				return fmt.Errorf("curve: table: %w", err)
			}
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("curve: table: %w", err)
	}
	return nil
}
