package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/iad3d/iad3d"
)

// JSON writes an evaluation as one indented document with the keys of
// [iad3d.Evaluation].
func JSON(w io.Writer, e *iad3d.Evaluation) error {
	if err := checkEvaluation(e); err != nil {
		return err
	}
	// A reader that loops over the lists should not meet null.
	full := *e
	full.Defects = append([]iad3d.DefectMetrics{}, e.Defects...)
	full.Scans = append([]iad3d.ScanScore{}, e.Scans...)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return wrote(enc.Encode(full), "the evaluation")
}

// CSV writes one row per scan, in their order, under a header: name, defect,
// score, peak_x, peak_y, peak_value; of loose scans peak_point, peak_x, peak_y and
// peak_z, the index of the point and its place, in place of the two. Numbers have as many digits as it takes to
// read the same value back (peak_value as float32).
func CSV(w io.Writer, e *iad3d.Evaluation) error {
	if err := checkEvaluation(e); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	rows := [][]string{{"name", "defect", "score", "peak_x", "peak_y", "peak_value"}}
	loose := len(e.Scans) > 0 && e.Scans[0].Peak.Point != nil
	if loose {
		rows = [][]string{{"name", "defect", "score", "peak_point", "peak_x", "peak_y", "peak_z", "peak_value"}}
	}
	for _, s := range e.Scans {
		if p := s.Peak.Point; loose && p != nil {
			rows = append(rows, []string{
				s.Name, s.Defect, strconv.FormatFloat(s.Score, 'g', -1, 64), strconv.Itoa(p.Index),
				strconv.FormatFloat(p.Position[0], 'g', -1, 64), strconv.FormatFloat(p.Position[1], 'g', -1, 64),
				strconv.FormatFloat(p.Position[2], 'g', -1, 64), strconv.FormatFloat(float64(s.Peak.Value), 'g', -1, 32),
			})
			continue
		}
		rows = append(rows, []string{
			s.Name, s.Defect, strconv.FormatFloat(s.Score, 'g', -1, 64),
			strconv.Itoa(s.Peak.X), strconv.Itoa(s.Peak.Y), strconv.FormatFloat(float64(s.Peak.Value), 'g', -1, 32),
		})
	}
	return wrote(c.WriteAll(rows), "the scores")
}

// checkEvaluation returns an error when a number is not finite.
func checkEvaluation(e *iad3d.Evaluation) error {
	if err := checkMetrics(e.Metrics, "all scans"); err != nil {
		return err
	}
	for _, d := range e.Defects {
		if err := checkMetrics(d.Metrics, d.Defect); err != nil {
			return err
		}
	}
	for _, s := range e.Scans {
		if !finite(s.Score) || !finite(float64(s.Peak.Value)) {
			return fmt.Errorf("report: scan %s: score %g, peak value %g", s.Name, s.Score, s.Peak.Value)
		}
	}
	return nil
}

func checkMetrics(m iad3d.Metrics, of string) error {
	if slices.ContainsFunc([]float64{m.ImageAUROC, m.PixelAUROC, m.AUPRO}, func(v float64) bool { return !finite(v) }) {
		return fmt.Errorf("report: figures of %s: image AUROC %g, pixel AUROC %g, AU-PRO %g", of, m.ImageAUROC, m.PixelAUROC, m.AUPRO)
	}
	return nil
}
