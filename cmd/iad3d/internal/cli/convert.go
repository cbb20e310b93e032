package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

const convertLong = `Write a cloud in another format. What IN is, its content says; what OUT becomes, its
extension: .tiff .pcd .ply .stl .obj .xyz .csv .pts and others. An organised cloud stays
organised where the format has a raster (TIFF, PCD, PLY, XYZ); what of a cloud is lost is
said on standard error.

Colours beside an xyz TIFF, in ../rgb, or those of --rgb go into OUT. Of an STL file the
vertices are written, or --surface points drawn from its surface; to STL an organised
cloud is written as the triangles between its pixels.

Numbers are in metres unless IN says otherwise or --unit does. --to mm or --to m writes
them in another unit; TIFF is always in metres.

OUT must not exist, unless --force is given, and is never IN. It appears when it is
complete.`

type convertOptions struct {
	unit, to, rgb string
	ascii, force  bool
	surface       int
	seed          uint64
}

func (a *app) convert() *cobra.Command {
	var o convertOptions
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Write a cloud in another format",
		Long:  convertLong,
		Example: `  iad3d convert part.pcd part.tiff
  iad3d convert mvtec_3d/bagel/test/hole/xyz/000.tiff hole.ply
  iad3d convert --unit mm --to m --surface 100000 bracket.stl bracket.pcd`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("want two files, IN and OUT, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runConvert(cmd.Context(), &o, args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.ascii, "ascii", false, "write text where the format has both (PCD, PLY, STL)")
	f.StringVar(&o.unit, "unit", "", "unit of IN's numbers: m or mm (what IN says, else m)")
	f.StringVar(&o.to, "to", "", "unit of OUT's numbers: m or mm (that of IN; TIFF m)")
	f.StringVar(&o.rgb, "rgb", "", "colour image of IN")
	f.IntVar(&o.surface, "surface", 0, "points to draw from the surface of an STL file, 0 = its vertices")
	f.Uint64Var(&o.seed, "seed", 0, "seed of that draw")
	f.BoolVar(&o.force, "force", false, "replace OUT if it exists")
	complete(cmd, "unit", "m", "mm")
	complete(cmd, "to", "m", "mm")
	a.addJSON(cmd, "write a JSON document about what was written")
	return cmd
}

// convertDocument is what convert --json writes.
type convertDocument struct {
	In     string   `json:"in"`
	Out    string   `json:"out"`
	Format string   `json:"in_format"`
	Bytes  int64    `json:"bytes"`
	Points int      `json:"points"` // of IN
	Valid  int      `json:"valid"`
	Width  int      `json:"width"` // 0 when IN is not organised
	Height int      `json:"height"`
	Unit   string   `json:"unit"` // of OUT's numbers
	Lost   []string `json:"lost"`
}

func (a *app) runConvert(ctx context.Context, o *convertOptions, in, out string) error {
	so := scan.Options{Colour: o.rgb, Surface: o.surface, Seed: o.seed}
	var err error
	if so.Unit, err = unitFlag("unit", o.unit); err != nil {
		return err
	}
	to, err := unitFlag("to", o.to)
	if err != nil {
		return err
	}
	if o.surface < 0 || o.surface > 1<<27 {
		return usagef("--surface %d: want 0 to %d", o.surface, 1<<27)
	}
	if err := convertTarget(in, out, o.force); err != nil {
		return err
	}
	s, err := scan.ReadContext(ctx, in, so)
	if err != nil {
		return err
	}
	info, err := scan.Inspect(in)
	if err != nil {
		return err
	}
	if o.surface > 0 && info.Format != "STL" {
		return usagef("--surface is for STL files, and %s is %s", in, info.Format)
	}
	c := s.Cloud
	takeColour(c, s)
	tiff := strings.HasPrefix(strings.ToLower(filepath.Ext(out)), ".tif")
	if tiff {
		metre := pointcloud.Metre
		if to != nil && *to != metre {
			return usagef("--to %v: TIFF is in metres", *to)
		}
		to = &metre
	}
	if to != nil {
		c.Rescale(*to)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	lost, err := writeCloud(ctx, out, in, c, scan.WriteOptions{ASCII: o.ascii, Viewpoint: info.Viewpoint})
	if err != nil {
		return err
	}
	if v := info.Viewpoint; v != nil && *v != [7]float64{3: 1} && !strings.EqualFold(filepath.Ext(out), ".pcd") {
		lost = append(lost, "the viewpoint")
	}
	written, err := os.Stat(out)
	if err != nil {
		return err
	}
	doc := convertDocument{in, out, info.Format, written.Size(), c.Len(), c.CountValid(), c.Width, c.Height, c.Unit.String(), append([]string{}, lost...)}
	if len(lost) > 0 {
		a.note("%s has no place for %s", out, strings.Join(lost, ", "))
	}
	if a.json {
		return a.document(doc)
	}
	size := fmt.Sprintf("%d points", doc.Points)
	if doc.Width > 0 {
		size = fmt.Sprintf("%d×%d pixels", doc.Width, doc.Height)
	}
	return a.printf("%s: from %s, %d measured, in %s, %s\n", out, size, doc.Valid, doc.Unit, byteCount(doc.Bytes))
}

// unitFlag returns the unit that a flag names; nil when it is not given.
func unitFlag(flag, value string) (*pointcloud.Unit, error) {
	for _, u := range []pointcloud.Unit{pointcloud.Metre, pointcloud.Millimetre} {
		if value == u.String() {
			return &u, nil
		}
	}
	if value == "" {
		return nil, nil
	}
	return nil, usagef("--%s %q: want m or mm", flag, value)
}

// convertTarget checks, before anything is read, that out can be written, in a
// known format, and is not in.
func convertTarget(in, out string, force bool) error {
	if err := writable(out); err != nil {
		return err
	}
	if err := scan.CanWrite(out); err != nil {
		return usagef("%s: %v", out, err)
	}
	there, err := os.Stat(out)
	if err != nil {
		return nil
	}
	if from, err := os.Stat(in); err == nil && os.SameFile(from, there) {
		return usagef("%s is %s itself; it is never overwritten", out, in)
	}
	if !force {
		return usagef("%s exists; --force replaces it", out)
	}
	return nil
}

// takeColour gives an organised cloud the colours of its image.
func takeColour(c *pointcloud.Cloud, s *rgbd.Scan) {
	if c.RGB != nil || s.Colour == nil {
		return
	}
	c.RGB = make([]uint8, 3*c.Len())
	for i := range c.Len() {
		copy(c.RGB[3*i:3*i+3], s.Colour.Pix[s.Colour.PixOffset(s.Colour.Rect.Min.X+i%c.Width, s.Colour.Rect.Min.Y+i/c.Width):])
	}
}

// writeCloud writes a cloud that was read from in, its folder too where that is
// missing. That a format cannot hold the cloud is in's fault.
func writeCloud(ctx context.Context, out, in string, c *pointcloud.Cloud, o scan.WriteOptions) (lost []string, err error) {
	_, missing := os.Stat(filepath.Dir(out))
	var unfit error
	err = write(out, func(w io.Writer) error {
		lost, unfit = scan.Write(whileContext{ctx, w}, out, c, o)
		return unfit
	})
	if err != nil && missing != nil {
		os.Remove(filepath.Dir(out)) // empty, or it stays
	}
	if errors.Is(unfit, rgbd.ErrScan) {
		return nil, &scan.Error{Path: in, Err: unfit}
	}
	return lost, err
}
