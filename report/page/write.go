package page

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/report"
)

var (
	//go:embed assets/page.html
	frameHTML string
	//go:embed assets/page.css
	pageCSS string
	//go:embed assets/viewer.js
	viewerJS string
	//go:embed assets/page.js
	pageJS string
)

// index is what page.js needs to know of all scans.
type index struct {
	Title string     `json:"title"`
	Scale indexScale `json:"scale"`
	Ramp  [][3]uint8 `json:"ramp"`
	Scans []*entry   `json:"scans"`
}

type indexScale struct {
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Threshold float64 `json:"threshold"` // of pixels; 0 for none
}

// frame is what page.html shows.
type frame struct {
	*Report
	CSS     template.CSS
	Summary inspection.Summary
	Scans   []*entry
	Strip   template.HTML
	Figures []figure
	Judged  bool
	// ConfigText and ProvenanceText are indented JSON; empty for none.
	ConfigText, ProvenanceText string
}

type figure struct {
	Title string
	SVG   template.HTML
}

// Write writes the page. The same report gives the same bytes.
func (r *Report) Write(w io.Writer) error {
	f := frame{Report: r, CSS: template.CSS(pageCSS), Summary: r.batch.Summary(3), Scans: r.scans, Strip: strip(r.scans, r.Thresholds.Scan)}
	f.Judged = r.Thresholds.Scan > 0 || r.Thresholds.Pixel > 0
	for _, c := range r.Curves {
		f.Figures = append(f.Figures, figure{c.Title, c.svg()})
	}
	var err error
	if f.ConfigText, err = indented(r.Config); err != nil {
		return err
	}
	if f.ProvenanceText, err = indented(r.Provenance); err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"percent": func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
		"number":  func(v float64) string { return fmt.Sprintf("%.4g", v) },
		"fixed":   func(v float64) string { return fmt.Sprintf("%.4f", v) },
		"area":    func(v float64) string { return fmt.Sprintf("%.2f", v) },
	}).Parse(frameHTML)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	if err := t.Execute(b, f); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if err := r.writeData(b); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	b.WriteString("</body>\n</html>\n")
	return b.Flush()
}

// writeData writes what the programs read, then the programs.
func (r *Report) writeData(b *bufio.Writer) error {
	low, high := r.scale()
	x := index{Title: r.Title, Scale: indexScale{low, high, r.Thresholds.Pixel}, Scans: append([]*entry{}, r.scans...)}
	for _, c := range report.Ramp() {
		x.Ramp = append(x.Ramp, [3]uint8{c.R, c.G, c.B})
	}
	text, err := json.Marshal(x) // escapes < and >, so that no </script> is in it
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "<script type=\"application/json\" id=\"index\">%s</script>\n", text)
	for k, e := range r.scans {
		if !e.Data {
			continue
		}
		for _, part := range []struct {
			name string
			data []byte
		}{{"photo", e.photo}, {"data", e.blob}} {
			fmt.Fprintf(b, "<script type=\"text/plain\" id=\"%s-%d\">", part.name, k)
			enc := base64.NewEncoder(base64.StdEncoding, b)
			if _, err := enc.Write(part.data); err != nil {
				return err
			}
			if err := enc.Close(); err != nil {
				return err
			}
			b.WriteString("</script>\n")
		}
	}
	// One script: the second file begins with a "use strict" of its own, which is a
	// mere string there.
	_, err = fmt.Fprintf(b, "<script>\n%s\n%s</script>\n", viewerJS, strings.TrimSpace(pageJS)+"\n")
	return err
}

func indented(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", fmt.Errorf("page: %w", err)
	}
	return string(text), nil
}
