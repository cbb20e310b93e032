package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/metrics"
)

// Table holds the figures of a benchmark: methods × classes.
type Table struct {
	Dataset     string   `json:"dataset"`
	Protocol    string   `json:"protocol"`
	Backbone    string   `json:"backbone,omitempty"` // file name
	Conventions []string `json:"conventions"`
	Classes     []string `json:"classes"` // the last is "mean" where there are several
	Rows        []Row    `json:"rows"`
	// PublishedFrom names the origin of the published figures; empty without any.
	PublishedFrom string `json:"published_from,omitempty"`
}

// Row is a method's line.
type Row struct {
	Method string `json:"method"`
	Title  string `json:"title"`
	Cells  []Cell `json:"cells"` // one per class
}

// Cell is a method's outcome on a class.
type Cell struct {
	Class string `json:"class"`
	iad3d.Metrics
	Seeds int `json:"seeds"` // runs that the figures are the means of
	// Spread is half the difference between the highest and the lowest of these
	// runs; 0 with one.
	Spread    iad3d.Metrics  `json:"spread"`
	Published *iad3d.Metrics `json:"published,omitempty"`
	// Low and High are the ends of the figures' 95 % intervals, DifferenceLow and
	// DifferenceHigh those of how much this method has more than the first one, by the
	// same replicas; nil without a bootstrap, where there are several seeds, and for
	// the mean of classes. The first method has no difference.
	Low            *iad3d.Metrics `json:"low,omitempty"`
	High           *iad3d.Metrics `json:"high,omitempty"`
	DifferenceLow  *iad3d.Metrics `json:"difference_low,omitempty"`
	DifferenceHigh *iad3d.Metrics `json:"difference_high,omitempty"`
}

// Source of the published figures.
const publishedFrom = "README of the program of Horwitz and Hoshen, Back to the Feature (2022): wide_resnet50_2, all scans of the class"

// Tabulate puts the runs of the plan into a table.
func (p *Plan) Tabulate(runs []Run) *Table {
	t := &Table{Dataset: p.Dataset, Protocol: string(p.Config.Protocol)}
	if p.Config.Protocol == "" {
		t.Protocol = string(iad3d.ProtocolDefault)
	}
	if p.Backbone != nil {
		t.Backbone = p.Backbone.Info().Name
	}
	for _, c := range p.Classes {
		t.Classes = append(t.Classes, c.Class)
	}
	if len(p.Classes) > 1 {
		t.Classes = append(t.Classes, meanClass)
	}
	for _, r := range runs {
		if !slices.Contains(t.Conventions, r.Convention) {
			t.Conventions = append(t.Conventions, r.Convention)
		}
	}
	for _, m := range p.Methods {
		row := Row{Method: m.Key, Title: m.title(p.Backbone != nil)}
		for _, c := range p.Classes {
			cell := cellOf(c.Class, m.Key, runs)
			cell.interval(p.Methods[0].Key, m.Key, runs)
			row.Cells = append(row.Cells, cell)
		}
		if len(row.Cells) > 1 {
			row.Cells = append(row.Cells, meanOf(row.Cells))
		}
		for i := range row.Cells {
			if row.Cells[i].Published = p.publishedFor(m.Key, row.Cells[i].Class); row.Cells[i].Published != nil {
				t.PublishedFrom = publishedFrom
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// cellOf averages the runs of one method on one class.
func cellOf(class, method string, runs []Run) Cell {
	c := Cell{Class: class}
	lo, hi := []float64{1, 1, 1}, []float64{0, 0, 0}
	var sum [3]float64
	for _, r := range runs {
		if r.Class != class || r.Method != method {
			continue
		}
		c.Seeds++
		for i, v := range values(r.Figures) {
			sum[i] += v
			lo[i], hi[i] = min(lo[i], v), max(hi[i], v)
		}
	}
	n := float64(c.Seeds)
	c.Metrics = iad3d.Metrics{ImageAUROC: sum[0] / n, PixelAUROC: sum[1] / n, AUPRO: sum[2] / n}
	c.Spread = iad3d.Metrics{ImageAUROC: (hi[0] - lo[0]) / 2, PixelAUROC: (hi[1] - lo[1]) / 2, AUPRO: (hi[2] - lo[2]) / 2}
	return c
}

// interval sets the intervals of a method on a class, and those of its difference to
// the first method.
func (c *Cell) interval(first, method string, runs []Run) {
	of := func(key string) []iad3d.Metrics {
		var found []iad3d.Metrics
		for _, r := range runs {
			if r.Class == c.Class && r.Method == key {
				if found != nil {
					return nil // several seeds
				}
				found = r.Replicas
			}
		}
		return found
	}
	own, base := of(method), of(first)
	if len(own) == 0 {
		return
	}
	ends := func(replica func(i int) [3]float64) (low, high *iad3d.Metrics) {
		var columns [3][]float64
		for i := range own {
			for f, v := range replica(i) {
				columns[f] = append(columns[f], v)
			}
		}
		var lo, hi [3]float64
		for f, column := range columns {
			b, err := metrics.Interval(column, 0.95)
			if err != nil {
				return nil, nil // of a record that somebody changed
			}
			lo[f], hi[f] = b.Low, b.High
		}
		return &iad3d.Metrics{ImageAUROC: lo[0], PixelAUROC: lo[1], AUPRO: lo[2]}, &iad3d.Metrics{ImageAUROC: hi[0], PixelAUROC: hi[1], AUPRO: hi[2]}
	}
	c.Low, c.High = ends(func(i int) [3]float64 { return values(own[i]) })
	if method == first || len(base) != len(own) {
		return
	}
	c.DifferenceLow, c.DifferenceHigh = ends(func(i int) [3]float64 {
		v, b := values(own[i]), values(base[i])
		return [3]float64{v[0] - b[0], v[1] - b[1], v[2] - b[2]}
	})
}

// meanOf averages a row's classes.
func meanOf(cells []Cell) Cell {
	c := Cell{Class: meanClass}
	n := float64(len(cells))
	for _, x := range cells {
		c.ImageAUROC += x.ImageAUROC / n
		c.PixelAUROC += x.PixelAUROC / n
		c.AUPRO += x.AUPRO / n
		c.Seeds = max(c.Seeds, x.Seeds)
	}
	return c
}

// figureNames are the three figures in the order of values.
var figureNames = []string{"image AUROC", "pixel AUROC", "AU-PRO"}

func values(m iad3d.Metrics) [3]float64 { return [3]float64{m.ImageAUROC, m.PixelAUROC, m.AUPRO} }

// Markdown writes a table per figure, published values in parentheses.
func (t *Table) Markdown(w io.Writer) error {
	var b strings.Builder
	for f, name := range figureNames {
		fmt.Fprintf(&b, "## %s\n\n| method |", name)
		for _, c := range t.Classes {
			fmt.Fprintf(&b, " %s |", strings.ReplaceAll(c, "|", `\|`))
		}
		fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---|", len(t.Classes)))
		for _, r := range t.Rows {
			fmt.Fprintf(&b, "| %s |", r.Title)
			for _, c := range r.Cells {
				fmt.Fprintf(&b, " %s |", c.text(f))
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	for _, line := range t.notes() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// text is "0.5510 ± 0.0102 (0.765)": the mean, half the range where there are
// several seeds, the published value where there is one.
func (c *Cell) text(figure int) string {
	s := strconv.FormatFloat(values(c.Metrics)[figure], 'f', 4, 64)
	if spread := values(c.Spread)[figure]; c.Seeds > 1 && c.Class != meanClass {
		s += " ± " + strconv.FormatFloat(spread, 'f', 4, 64)
	}
	span := func(low, high *iad3d.Metrics, format string) {
		if low != nil {
			s += fmt.Sprintf(format, values(*low)[figure], values(*high)[figure])
		}
	}
	span(c.Low, c.High, " [%.3f, %.3f]")
	span(c.DifferenceLow, c.DifferenceHigh, " Δ [%+.3f, %+.3f]")
	if c.Published != nil {
		s += " (" + strconv.FormatFloat(values(*c.Published)[figure], 'f', 3, 64) + ")"
	}
	return s
}

// notes are the sentences below the table.
func (t *Table) notes() []string {
	var lines []string
	seeds, intervals := 1, false
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			seeds, intervals = max(seeds, c.Seeds), intervals || c.Low != nil
		}
	}
	what := fmt.Sprintf("data set %s, protocol %s", t.Dataset, t.Protocol)
	if t.Backbone != "" {
		what += ", backbone " + t.Backbone
	}
	lines = append(lines, what)
	lines = append(lines, t.Conventions...)
	if seeds > 1 {
		lines = append(lines, fmt.Sprintf("rows with random choices: mean of %d seeds ± half their range", seeds))
	}
	if intervals {
		lines = append(lines, "in brackets: 95 % percentile intervals of a bootstrap over test scans, good and defective apart; Δ: of the difference to the first row, by the same draws")
	}
	if t.PublishedFrom != "" {
		lines = append(lines, "in parentheses: "+t.PublishedFrom)
	}
	return lines
}

// CSV writes a line per method and class.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"method", "class", "image_auroc", "pixel_auroc", "au_pro", "seeds",
		"spread_image_auroc", "spread_pixel_auroc", "spread_au_pro",
		"published_image_auroc", "published_pixel_auroc", "published_au_pro",
		"low_image_auroc", "low_pixel_auroc", "low_au_pro", "high_image_auroc", "high_pixel_auroc", "high_au_pro",
		"difference_low_image_auroc", "difference_low_pixel_auroc", "difference_low_au_pro",
		"difference_high_image_auroc", "difference_high_pixel_auroc", "difference_high_au_pro"}}
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			row := []string{r.Method, c.Class}
			row = append(row, numbers(&c.Metrics)...)
			row = append(row, strconv.Itoa(c.Seeds))
			row = append(row, numbers(&c.Spread)...)
			for _, m := range []*iad3d.Metrics{c.Published, c.Low, c.High, c.DifferenceLow, c.DifferenceHigh} {
				row = append(row, numbers(m)...)
			}
			rows = append(rows, row)
		}
	}
	return out.WriteAll(rows)
}

// numbers formats figures for programs; empty fields for nil.
func numbers(m *iad3d.Metrics) []string {
	if m == nil {
		return make([]string, len(figureNames))
	}
	var s []string
	for _, v := range values(*m) {
		s = append(s, strconv.FormatFloat(math.Round(v*1e10)/1e10, 'g', -1, 64))
	}
	return s
}

// JSON writes the table as one document.
func (t *Table) JSON(w io.Writer) error { return encode(w, t) }
