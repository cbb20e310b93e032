package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/iad3d/iad3d"
)

// Text writes an evaluation as a table for people: a row for each kind of
// defect (against all good scans) and one for all, then how many scans were
// good and how the figures were computed. "scans" counts defective ones; a "-"
// stands where a kind of defect has no pixel in the ground truth.
func Text(w io.Writer, e *iad3d.Evaluation) error {
	if err := checkEvaluation(e); err != nil {
		return err
	}
	rows := [][]string{append([]string{"defect", "scans"}, figureNames...)}
	for _, d := range e.Defects {
		cells := figures(d.Metrics)
		if d.Regions == 0 {
			cells[1], cells[2] = undefined, undefined
		}
		rows = append(rows, append([]string{d.Defect, strconv.Itoa(d.Scans)}, cells...))
	}
	rows = append(rows, append([]string{"all", strconv.Itoa(e.Defective)}, figures(e.Metrics)...))
	_, err := fmt.Fprintf(w, "%sagainst %d good scans\n%s\n", table(rows), e.Good, printable(e.Convention))
	if i := e.Intervals; err == nil && i != nil {
		_, err = fmt.Fprintf(w, "all: image AUROC %.4f to %.4f, pixel AUROC %.4f to %.4f, AU-PRO %.4f to %.4f\n%s\n",
			i.ImageAUROC.Low, i.ImageAUROC.High, i.PixelAUROC.Low, i.PixelAUROC.High, i.AUPRO.Low, i.AUPRO.High, printable(i.Convention))
	}
	return wrote(err, "the table")
}

// NamedEvaluation is the evaluation of one class of parts.
type NamedEvaluation struct {
	Name string
	*iad3d.Evaluation
}

// Summary writes a table of the figures of several classes and their mean, then
// each way in which they were computed. No rows at all are an error.
func Summary(w io.Writer, rows []NamedEvaluation) error {
	if len(rows) == 0 {
		return errors.New("report: no evaluation to sum up")
	}
	cells := [][]string{append([]string{"class"}, figureNames...)}
	var mean iad3d.Metrics
	var conventions []string
	for _, r := range rows {
		if err := checkMetrics(r.Metrics, r.Name); err != nil {
			return err
		}
		cells = append(cells, append([]string{r.Name}, figures(r.Metrics)...))
		mean.ImageAUROC += r.ImageAUROC
		mean.PixelAUROC += r.PixelAUROC
		mean.AUPRO += r.AUPRO
		if !slices.Contains(conventions, printable(r.Convention)) {
			conventions = append(conventions, printable(r.Convention))
		}
	}
	n := float64(len(rows))
	mean = iad3d.Metrics{ImageAUROC: mean.ImageAUROC / n, PixelAUROC: mean.PixelAUROC / n, AUPRO: mean.AUPRO / n}
	cells = append(cells, append([]string{"mean"}, figures(mean)...))
	_, err := fmt.Fprintf(w, "%s%s\n", table(cells), strings.Join(conventions, "\n"))
	return wrote(err, "the summary")
}

// undefined stands for a figure that ground truth without a region leaves open.
const undefined = "-"

var figureNames = []string{"image AUROC", "pixel AUROC", "AU-PRO"}

// figures formats metrics in the order of figureNames, to the four places that
// a few hundred scans can tell apart.
func figures(m iad3d.Metrics) []string {
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
	return []string{f(m.ImageAUROC), f(m.PixelAUROC), f(m.AUPRO)}
}

// table aligns rows of equal length in columns two blanks apart, the first to
// the left and the others to the right.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			r[i] = printable(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i]))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		for i, cell := range r {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// printable replaces what could move a terminal's cursor: names are folder
// names, which may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
