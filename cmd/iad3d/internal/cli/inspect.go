package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
)

const inspectLong = `Show what is in a file: of a model its settings, what it was fitted on and its size,
after its digest was checked; of a scan, of any format, its fields and size, how much
of it was measured, its extent, and whether colour and ground truth lie beside it. A
depth image is a scan with the camera file that --intrinsics names, see iad3d score.

Of a scan's capture it shows fill rate, noise, distance and density, and with --model
whether they are what the model's sound scans had, or the capture is invalid.`

func (a *app) inspect() *cobra.Command {
	var c capture
	var like string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show what is in a model or a scan",
		Long:  inspectLong,
		Example: `  iad3d inspect bagel.iad3d
  iad3d inspect --json mvtec_3d/bagel/test/hole/xyz/000.tiff
  iad3d inspect --model bagel.iad3d part7.tiff
  iad3d inspect --rgb part7.jpg --intrinsics camera.yaml depth7.png`,
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := c.options(cmd)
			if err != nil {
				return err
			}
			return a.runInspect(cmd.Context(), args[0], like, o)
		},
	}
	cmd.Flags().SortFlags = false
	c.add(cmd)
	cmd.Flags().StringVar(&like, "model", "", "model whose limits of a valid capture a scan is held against")
	a.addJSON(cmd, "write a JSON document")
	return cmd
}

func (a *app) runInspect(ctx context.Context, path, like string, o scan.Options) error {
	d, bad := iad3d.Load(path)
	if bad == nil {
		defer d.Close()
		if like != "" {
			return usagef("--model goes with a scan, %s is a model itself", path)
		}
		return a.inspectModel(path, d)
	}
	// What a file that cannot be used was meant to be, its beginning says, or the
	// lack of it its name.
	named := slices.Contains(scan.Extensions(), strings.ToLower(filepath.Ext(path)))
	if !errors.Is(bad, model.ErrNotModel) && !errors.Is(bad, os.ErrNotExist) && !named {
		return bad
	}
	s, err := readScan(ctx, path, o)
	if err != nil {
		return err
	}
	m, err := quality.Measure(ctx, s.Cloud, 0)
	if err != nil {
		return err
	}
	var reasons []quality.Reason
	if like != "" {
		d, err := iad3d.Load(like)
		if err != nil {
			return err
		}
		defer d.Close()
		limits := d.Limits()
		if limits == nil {
			return usagef("--model %s has no limits: it is of an earlier version", like)
		}
		reasons = append([]quality.Reason{}, limits.Check(m)...) // not nil: it was looked at
	}
	return a.inspectScan(path, s, m, reasons)
}

// modelDocument is what inspect --json writes of a model.
type modelDocument struct {
	Kind       string           `json:"kind"` // "model"
	File       string           `json:"file"`
	Bytes      int64            `json:"bytes"`
	Format     int              `json:"format"`
	SHA256     string           `json:"sha256"` // verified
	Bank       bankSize         `json:"bank"`
	Config     iad3d.Config     `json:"config"`
	Provenance iad3d.Provenance `json:"provenance"`
	Limits     *quality.Limits  `json:"limits"` // of valid captures; null in models of earlier versions
	// Null where the model has none: the btf protocol, loose scans, a single scan.
	Thresholds  *iad3d.Thresholds  `json:"thresholds"`
	Calibration *iad3d.Calibration `json:"calibration"`
}

func (a *app) inspectModel(path string, d *iad3d.Detector) error {
	head, err := model.ReadHeader(path)
	if err != nil {
		return err
	}
	m := modelDocument{"model", path, head.Size, head.Format, head.SHA256, sizeOf(d), d.Config(), d.Provenance(), d.Limits(), d.Thresholds(), d.Calibration()}
	if a.json {
		return a.document(m)
	}
	c, p := m.Config, m.Provenance
	plane := "removed"
	if c.KeepPlane {
		plane = "kept"
	}
	top := "reweighted maximum"
	if c.Protocol != iad3d.ProtocolBTF {
		top = fmt.Sprintf("mean of the map's highest %g of the part's pixels", c.Top)
	}
	network := "none"
	if b := c.Backbone; b != nil {
		names := make([]string, len(b.Layers))
		for i, l := range b.Layers {
			names[i] = l.Name
		}
		network = fmt.Sprintf("%s, layers %s, sha256 %s", b.Name, strings.Join(names, ", "), b.SHA256)
	}
	raster := fmt.Sprintf("%d pixels, %d cells, plane %s", c.Size, c.Cells, plane)
	if c.Loose {
		raster = fmt.Sprintf("none: loose points, one per %.3g mm, %d centres, means of %d", 1000*c.Voxel, c.Centres, c.Pool)
		top = fmt.Sprintf("mean of the highest %g of the points", c.Top)
	}
	bank := fmt.Sprintf("%d rows of %d, %d values", m.Bank.Rows, p.Rows, m.Bank.Values)
	nearest := fmt.Sprintf(", bank %d", c.Neighbors)
	switch c.Method {
	case iad3d.MethodPaDiM:
		bank, nearest = fmt.Sprintf("%d Gaussians of %d rows, %d values", m.Bank.Rows, p.Rows, m.Bank.Values), ""
	case iad3d.MethodSPADE:
		nearest += fmt.Sprintf(" of the %d scans most alike", c.Alike)
	}
	if p.Radius > 0 {
		bank += ", radius " + number(p.Radius)
	}
	threshold := "none"
	if m.Thresholds != nil {
		threshold = strings.TrimPrefix(promise(m.Thresholds), "threshold ")
	}
	return a.table([][2]string{
		{"model", path},
		{"size", fmt.Sprintf("%s, format %d", byteCount(m.Bytes), m.Format)},
		{"sha256", m.SHA256 + " (verified)"},
		{"bank", bank},
		{"fitted on", fmt.Sprintf("%d scans by iad3d %s", p.Scans, p.Version)},
		{"data sha256", p.DataSHA256},
		{"protocol", string(c.Protocol)},
		{"features", strings.Join(c.Features, "+")},
		{"method", string(c.Method)},
		{"network", network},
		{"raster", raster},
		{"neighbours", fmt.Sprintf("normal %d, FPFH %s", c.NormalK, strings.Trim(fmt.Sprint(c.FPFHK), "[]")) + nearest},
		{"scan score", top},
		{"blur", fmt.Sprintf("%g pixels", c.Blur)},
		{"seed", fmt.Sprint(c.Seed)},
		{"threshold", threshold},
		{"captures", captures(m.Limits)},
	})
}

// captures describes what a valid capture looks like.
func captures(l *quality.Limits) string {
	if l == nil {
		return "not known: a model of an earlier version"
	}
	text := fmt.Sprintf("noise up to %.3g mm, points %.3g to %.3g mm apart", l.Noise.Max, l.Spacing.Min, l.Spacing.Max)
	if l.Organised {
		text += fmt.Sprintf(", %.0f %% or more of the pixels, at %.0f to %.0f mm", 100*l.Fill.Min, l.Range.Min, l.Range.Max)
	}
	return text
}

// scanDocument is what inspect --json writes of a scan.
type scanDocument struct {
	Kind       string         `json:"kind"` // "scan"
	File       string         `json:"file"`
	Name       string         `json:"name"`
	Format     string         `json:"format"` // "TIFF", "PNG", "PCD", "PLY", "STL", "OBJ", "text"
	Detail     string         `json:"detail"` // version, encoding and the like
	Fields     []string       `json:"fields"` // as the file names them, with their types
	Unit       string         `json:"unit"`   // of the file's numbers: "m", "mm"
	Width      int            `json:"width"`  // 0 when the cloud is not organised
	Height     int            `json:"height"`
	Points     int            `json:"points"`
	Valid      int            `json:"valid"` // measured points
	ValidShare float64        `json:"valid_share"`
	Min        [3]float64     `json:"min_mm"` // x, y, z
	Max        [3]float64     `json:"max_mm"`
	Pitch      *float64       `json:"pitch_mm"` // median distance of neighbours in a row; null when there are none
	Colour     bool           `json:"colour"`
	Normals    bool           `json:"normals"`
	Truth      *truthDocument `json:"truth"` // null when there is none

	Intrinsics *rgbd.Intrinsics `json:"intrinsics"` // null when they are not known

	Capture *quality.Measurement `json:"capture"`
	Invalid []quality.Reason     `json:"invalid"` // empty: valid; null without --model
}

// truthDocument is the ground truth beside a scan.
type truthDocument struct {
	File   string  `json:"file"`
	Pixels int     `json:"pixels"` // marked as defect
	IDs    []uint8 `json:"class_ids"`
}

func (a *app) inspectScan(path string, s *rgbd.Scan, m *quality.Measurement, reasons []quality.Reason) error {
	c := s.Cloud
	info, err := scan.Inspect(path)
	if err != nil {
		return err
	}
	d := scanDocument{
		Kind: "scan", File: path, Name: s.Name, Format: info.Format, Detail: info.Detail, Fields: info.Fields, Unit: c.Unit.String(),
		Width: c.Width, Height: c.Height, Points: c.Len(), Valid: c.CountValid(),
		Colour: s.Colour != nil || c.RGB != nil, Normals: c.Normals != nil, Pitch: pitch(s), Intrinsics: s.Intrinsics,
	}
	d.ValidShare = float64(d.Valid) / float64(c.Len())
	mm := 1000 * c.Unit.Metres()
	lo, hi, _ := c.Bounds()
	lo, hi = lo.Add(c.Offset), hi.Add(c.Offset)
	d.Min = [3]float64{lo.X * mm, lo.Y * mm, lo.Z * mm}
	d.Max = [3]float64{hi.X * mm, hi.Y * mm, hi.Z * mm}
	if d.Truth, err = truthBeside(path); err != nil {
		return err
	}
	d.Capture, d.Invalid = m, reasons
	if a.json {
		return a.document(d)
	}
	axis := func(k int) string {
		text := fmt.Sprintf("%.2f to %.2f mm (%.2f)", d.Min[k], d.Max[k], d.Max[k]-d.Min[k])
		return strings.TrimPrefix(strings.ReplaceAll(" "+text, " -0.00 ", " 0.00 "), " ")
	}
	spacing, colour, truth := "no neighbours", "none", "none"
	if d.Pitch != nil {
		spacing = fmt.Sprintf("%.3f mm", *d.Pitch)
	}
	if d.Colour {
		colour = "yes"
	}
	if t := d.Truth; t != nil {
		truth = fmt.Sprintf("%s, %d defect pixels", t.File, t.Pixels)
	}
	size, points := fmt.Sprintf("%d×%d pixels", d.Width, d.Height), "pixels"
	if !c.Organised() {
		size, points = fmt.Sprintf("%d points, not organised", d.Points), "points"
	}
	rows := [][2]string{
		{"scan", path},
		{"name", d.Name},
		{"format", strings.TrimSuffix(d.Format+", "+d.Detail, ", ")},
		{"fields", wrap(d.Fields)},
		{"size", size},
		{"measured", fmt.Sprintf("%d %s, %.1f %%", d.Valid, points, 100*d.ValidShare)},
		{"numbers in", d.Unit},
		{"x", axis(0)}, {"y", axis(1)}, {"z", axis(2)},
	}
	if c.Organised() {
		rows = append(rows, [2]string{"pixel pitch", spacing})
	}
	rows = append(rows, [2]string{"colour", colour}, [2]string{"ground truth", truth})
	if k := d.Intrinsics; k != nil {
		rows = append(rows, [2]string{"camera", fmt.Sprintf("focal lengths %g, %g, centre %g, %g pixels", k.Fx, k.Fy, k.Cx, k.Cy)})
	}
	rows = append(rows, [2]string{"capture", m.String()})
	switch {
	case len(reasons) > 0:
		for _, r := range reasons {
			rows = append(rows, [2]string{"invalid", r.String()})
		}
	case reasons != nil:
		rows = append(rows, [2]string{"valid", "as the model's sound scans"})
	}
	return a.table(rows)
}

// wrap joins fields, of which it names 20 at most.
func wrap(fields []string) string {
	const most = 20
	if len(fields) > most {
		return strings.Join(fields[:most], ", ") + fmt.Sprintf(" and %d more", len(fields)-most)
	}
	return strings.Join(fields, ", ")
}

// pitch returns the median distance of measured pixels that are neighbours in a
// row, in millimetres; nil when there are none.
func pitch(s *rgbd.Scan) *float64 {
	c := s.Cloud
	if !c.Organised() {
		return nil
	}
	var d []float64
	for i := 1; i < c.Len(); i++ {
		if i%c.Width != 0 && c.IsValid(i) && c.IsValid(i-1) {
			d = append(d, c.At(i).Sub(c.At(i-1)).Norm())
		}
	}
	if len(d) == 0 {
		return nil
	}
	slices.Sort(d)
	median := 1000 * c.Unit.Metres() * d[len(d)/2]
	return &median
}

// truthBeside describes the ground truth that lies where MVTec 3D-AD keeps it;
// nil when there is none.
func truthBeside(path string) (*truthDocument, error) {
	abs, err := filepath.Abs(path)
	if err != nil || !inLayout(abs) {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(path), "..", "gt", scan.Stem(path)+".png")
	if _, err := os.Stat(file); err != nil {
		return nil, nil
	}
	m, err := scan.ReadMask(file)
	if err != nil {
		return nil, err
	}
	t := &truthDocument{File: file}
	t.count(m)
	return t, nil
}

// inLayout reports whether a file lies in a folder of scans.
func inLayout(path string) bool {
	dir := filepath.Base(filepath.Dir(path))
	return dir == "xyz" || dir == "depth"
}

func (t *truthDocument) count(m *image.Gray) {
	t.IDs = []uint8{}
	var seen [256]bool
	for y := range m.Rect.Dy() {
		for _, id := range m.Pix[y*m.Stride:][:m.Rect.Dx()] {
			if id > 0 {
				t.Pixels++
				seen[id] = true
			}
		}
	}
	for id, ok := range seen {
		if ok {
			t.IDs = append(t.IDs, uint8(id))
		}
	}
}

// table writes names and values in two columns.
func (a *app) table(rows [][2]string) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\n", r[0], r[1])
	}
	return w.Flush()
}

// byteCount formats a size for reading.
func byteCount(n int64) string {
	const step = 1000
	if n < step {
		return fmt.Sprintf("%d bytes", n)
	}
	v, e := float64(n)/step, 0
	for ; v >= step && e < 2; e++ {
		v /= step
	}
	return fmt.Sprintf("%.*f %cB", int(max(0, 2-math.Floor(math.Log10(v)))), v, "kMG"[e])
}
