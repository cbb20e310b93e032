// Command pictures draws the pictures of the documentation from the synthetic line:
//
//	go run ./docs/pictures
//
// writes pipeline.svg, heatmap.png and relief.svg into docs/pictures. It is run by
// hand when what they show has changed.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

const (
	folder = "docs/pictures"
	part   = "bracket"
	defect = "dent"
)

func main() {
	log.SetFlags(0)
	if err := draw(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func draw(ctx context.Context) error {
	options := synth.Options{Seed: 12, Size: 224}
	scans := func(yield func(*rgbd.Scan, error) bool) {
		for i := range 20 { // as in the tutorial
			l, err := synth.Scan(ctx, part, rgbd.Good, i, synth.Train, options)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(l.Scan, nil) {
				return
			}
		}
	}
	d, err := iad3d.Fit(ctx, iad3d.Config{}, scans)
	if err != nil {
		return err
	}
	limits := d.Thresholds()
	bad, err := synth.Scan(ctx, part, defect, 0, synth.Test, options)
	if err != nil {
		return err
	}
	n, err := inspection.Inspect(ctx, d, bad.Scan, inspection.Options{Thresholds: limits, MinArea: 0.5})
	if err != nil {
		return err
	}
	if len(n.Regions()) == 0 {
		return fmt.Errorf("nothing was found on %s with a %s", part, defect)
	}
	low, high := report.ThresholdScale(limits.Pixel)
	err = write("heatmap.png", func(w io.Writer) error {
		return report.Heatmap(w, bad.Scan, n.Result, report.HeatmapOptions{Low: low, High: high, Truth: bad.Truth, Threshold: limits.Pixel, Regions: n.Found.Labels})
	})
	if err != nil {
		return err
	}
	if err := write("pipeline.svg", func(w io.Writer) error { _, err := io.WriteString(w, pipeline()); return err }); err != nil {
		return err
	}
	return write("relief.svg", func(w io.Writer) error {
		_, err := io.WriteString(w, relief(bad.Scan, n.Found))
		return err
	})
}

func write(name string, content func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	defer f.Close()
	return content(f)
}

// Colours that show on light and dark pages.
const (
	ink    = "#5b6470"
	accent = "#0a84c6"
	warm   = "#d55e00"
)

// pipeline draws the way from scans to a verdict.
func pipeline() string {
	var b strings.Builder
	const w, h, step, top = 118, 58, 144, 34
	rows := []struct {
		title string
		boxes [][2]string
	}{
		{"fit, once, on sound parts", [][2]string{{"scans", "organised clouds"}, {"part", "a window on it"}, {"features", "shape and colour"}, {"banks", "one per feature"}, {"model", "one file"}}},
		{"score, every part", [][2]string{{"scan", "cloud, photo"}, {"descriptors", "the same way"}, {"distances", "to the model's"}, {"score map", "per pixel"}, {"score", "of the scan"}}},
		{"judge", [][2]string{{"thresholds", "scan and pixel"}, {"regions", "mm², mm"}, {"tolerance", "--min-area"}, {"verdict", "pass, fail, invalid"}, {"files", "JSON, CSV, PLY …"}}},
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">`, 5*step, 3*(h+top)+10)
	b.WriteString("\n")
	for k, row := range rows {
		y := k*(h+top) + top - 4
		fmt.Fprintf(&b, `<text x="12" y="%d" font-size="13" font-weight="bold" fill="%s">%s</text>`+"\n", y-8, accent, row.title)
		for i, box := range row.boxes {
			x := 12 + i*step
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="none" stroke="%s" stroke-width="1.5"/>`, x, y, w, h, ink)
			fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="14" text-anchor="middle" fill="%s">%s</text>`, x+w/2, y+25, ink, box[0])
			fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="11" text-anchor="middle" fill="%s">%s</text>`+"\n", x+w/2, y+43, ink, box[1])
			if i > 0 {
				fmt.Fprintf(&b, `<path d="M%d %dh18m-6 -5l6 5l-6 5" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", x-22, y+h/2, ink)
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// relief draws the row of pixels through the middle of the first region: what was
// measured, and the sound part.
func relief(s *rgbd.Scan, f *regions.Found) string {
	const (
		width, height = 720, 250
		left, right   = 60, 20
		above, below  = 24, 40
	)
	r := f.Regions[0]
	y := r.PixelBox.Y + r.PixelBox.Height/2
	type sample struct{ x, z, base float64 }
	var in []sample
	lo, hi := math.Inf(1), math.Inf(-1)
	for x := max(r.PixelBox.X-4, 0); x < min(r.PixelBox.X+r.PixelBox.Width+4, s.Cloud.Width); x++ {
		i := y*s.Cloud.Width + x
		d := float64(f.Deviation[i])
		if !s.Cloud.IsValid(i) || math.IsNaN(d) {
			continue
		}
		p, mm := s.Cloud.At(i), 1000*s.Cloud.Unit.Metres()
		// Up is towards the sensor.
		z := -float64(p.Z * mm)
		v := sample{float64(p.X * mm), z, z - d}
		in = append(in, v)
		lo, hi = math.Min(lo, math.Min(v.z, v.base)), math.Max(hi, math.Max(v.z, v.base))
	}
	if len(in) < 2 {
		return `<svg xmlns="http://www.w3.org/2000/svg"/>`
	}
	x0, x1 := in[0].x, in[len(in)-1].x
	at := func(x, z float64) (float64, float64) {
		return left + float64((width-left-right)*(x-x0)/(x1-x0)), above + float64((height-above-below)*(hi-z)/(hi-lo))
	}
	var b, measured, surface strings.Builder
	command := "M"
	for _, v := range in {
		px, py := at(v.x, v.z)
		fmt.Fprintf(&measured, "%s%.1f %.1f", command, px, py)
		qx, qy := at(v.x, v.base)
		fmt.Fprintf(&surface, "%s%.1f %.1f", command, qx, qy)
		command = "L"
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="6 4"/>`+"\n", surface.String(), accent)
	fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", measured.String(), warm)
	fmt.Fprintf(&b, `<text x="%d" y="16" fill="%s">dashed: the sound part</text>`, left, accent)
	fmt.Fprintf(&b, `<text x="%d" y="16" fill="%s">measured; height of the region %+.2f mm</text>`+"\n", left+330, warm, r.Height.Height)
	fmt.Fprintf(&b, `<path d="M%d %dV%dH%d" fill="none" stroke="%s"/>`, left, above, height-below, width-right, ink)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle" fill="%s">x, %.1f to %.1f mm</text>`, (left+width)/2, height-14, ink, x0, x1)
	fmt.Fprintf(&b, `<text transform="translate(18 %d) rotate(-90)" text-anchor="middle" fill="%s">depth, %.1f mm</text>`+"\n</svg>\n", (above+height-below)/2, ink, hi-lo)
	return b.String()
}
