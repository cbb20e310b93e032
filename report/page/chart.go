package page

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/metrics"
)

// Curve is a figure of one or more curves over the same axes.
type Curve struct {
	Title string
	Lines []Line
	Limit float64 // right end of the horizontal axis; 0 means 1
}

// Line is one curve.
type Line struct {
	Name string
	*metrics.Curve
}

// Measures of a chart in SVG units.
const (
	chartWidth, chartHeight = 380, 260
	chartLeft, chartBottom  = 46, 36
	chartTop, chartRight    = 10, 12
)

// palette is that of Okabe and Ito (2008), which colour-blind eyes tell apart, in
// shades that show on light and dark paper.
var palette = []string{"#0a84c6", "#d55e00", "#009e73", "#cc79a7", "#e69f00"}

type plot struct {
	strings.Builder
	x0, x1, y0, y1 float64 // data at the ends of the axes
}

func (p *plot) at(x, y float64) (float64, float64) {
	const w, h = chartWidth - chartLeft - chartRight, chartHeight - chartTop - chartBottom
	return chartLeft + float64(w*(x-p.x0)/(p.x1-p.x0)), chartTop + float64(h*(p.y1-y)/(p.y1-p.y0))
}

func (p *plot) frame(label string) {
	fmt.Fprintf(p, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, chartHeight, template.HTMLEscapeString(label))
}

func (p *plot) line(class string, x0, y0, x1, y1 float64) {
	a, b := p.at(x0, y0)
	c, d := p.at(x1, y1)
	fmt.Fprintf(p, `<path class="%s" d="M%.1f %.1fL%.1f %.1f"/>`, class, a, b, c, d)
}

func (p *plot) text(x, y float64, anchor, s string) {
	fmt.Fprintf(p, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, template.HTMLEscapeString(s))
}

// ticks draws lines and numbers at quarters of both axes.
func (p *plot) ticks(xTitle, yTitle string) {
	for k := range 5 {
		q := float64(k) / 4
		x, y := p.x0+float64(q*(p.x1-p.x0)), p.y0+float64(q*(p.y1-p.y0))
		p.line("grid", x, p.y0, x, p.y1)
		p.line("grid", p.x0, y, p.x1, y)
		a, b := p.at(x, p.y0)
		p.text(a, b+14, "middle", fmt.Sprintf("%.3g", x))
		a, b = p.at(p.x0, y)
		p.text(a-4, b+4, "end", fmt.Sprintf("%.3g", y))
	}
	p.text(chartLeft+(chartWidth-chartLeft-chartRight)/2, chartHeight-6, "middle", xTitle)
	fmt.Fprintf(p, `<text transform="translate(11 %d) rotate(-90)" text-anchor="middle">%s</text>`, chartTop+(chartHeight-chartTop-chartBottom)/2, template.HTMLEscapeString(yTitle))
}

// svg draws the curves.
func (c Curve) svg() template.HTML {
	p := &plot{x1: c.Limit, y1: 1}
	if p.x1 == 0 {
		p.x1 = 1
	}
	p.frame(c.Title)
	x, y := "", ""
	if len(c.Lines) > 0 {
		x, y = string(c.Lines[0].XAxis), string(c.Lines[0].YAxis)
	}
	p.ticks(x, y)
	for k, l := range c.Lines {
		thin := l.Thin(1.0 / 400)
		var d strings.Builder
		command := "M"
		lastX, lastY := 0.0, 0.0
		for i := range thin.X {
			px, py := thin.X[i], thin.Y[i]
			if px > p.x1 { // cut at the end of the axis
				if i > 0 && px > lastX {
					py = lastY + (py-lastY)*(p.x1-lastX)/(px-lastX)
				}
				px = p.x1
			}
			a, b := p.at(px, py)
			fmt.Fprintf(&d, "%s%.1f %.1f", command, a, b)
			command, lastX, lastY = "L", px, py
			if px >= p.x1 {
				break
			}
		}
		fmt.Fprintf(p, `<path class="curve" stroke="%s" d="%s"/>`, palette[k%len(palette)], d.String())
		if len(c.Lines) > 1 {
			fmt.Fprintf(p, `<path class="curve" stroke="%s" d="M%d %dh16"/>`, palette[k%len(palette)], chartWidth-130, chartHeight-chartBottom-16-14*k)
			p.text(chartWidth-110, float64(chartHeight-chartBottom-12-14*k), "start", l.Name)
		}
	}
	p.WriteString("</svg>")
	return template.HTML(p.String())
}

// strip draws the scores of all scans, a row per label or verdict, with the
// threshold.
func strip(scans []*entry, threshold float64) template.HTML {
	rows := map[string][]*entry{}
	var names []string
	p := &plot{y1: 1}
	labelled := slices.ContainsFunc(scans, func(e *entry) bool { return e.Defect != "" })
	for _, e := range scans {
		if !e.Data {
			continue
		}
		name := e.Defect
		if !labelled {
			name = e.Verdict
		}
		if name == "" {
			name = "scans"
		}
		if rows[name] == nil {
			names = append(names, name)
		}
		rows[name] = append(rows[name], e)
		p.x1 = max(p.x1, e.Score)
	}
	if len(names) == 0 {
		return ""
	}
	p.x1 = float64(max(p.x1, threshold) * 1.05)
	if p.x1 == 0 {
		p.x1 = 1
	}
	slices.Sort(names)
	p.frame("scores of all scans by " + map[bool]string{true: "label", false: "verdict"}[labelled])
	for k := range 5 {
		x := float64(p.x1 * float64(k) / 4)
		p.line("grid", x, 0, x, 1)
		a, b := p.at(x, 0)
		p.text(a, b+14, "middle", fmt.Sprintf("%.3g", x))
	}
	for k, name := range names {
		y := 1 - (float64(k)+0.5)/float64(len(names))
		for i, e := range rows[name] {
			a, b := p.at(e.Score, y)
			b += float64(float64(i%5-2) * 2.5)
			fmt.Fprintf(p, `<circle cx="%.1f" cy="%.1f" r="3.2" fill="%s" fill-opacity="0.75"><title>%s: %.4g</title></circle>`, a, b, palette[k%len(palette)], template.HTMLEscapeString(e.Name), e.Score)
		}
		_, b := p.at(0, y)
		p.text(chartLeft+4, b-12, "start", fmt.Sprintf("%s (%d)", name, len(rows[name])))
	}
	if threshold > 0 {
		p.line("limit", threshold, 0, threshold, 1)
	}
	p.text(chartLeft+(chartWidth-chartLeft-chartRight)/2, chartHeight-6, "middle", "score of the scan (no unit)")
	p.WriteString("</svg>")
	return template.HTML(p.String())
}
