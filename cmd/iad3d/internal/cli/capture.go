package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// capture is what a command is told about scans beside their files.
type capture struct {
	rgb, intrinsics string
	depthScale      float64
	depthInvalid    string
	unit            string
}

func (c *capture) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.rgb, "rgb", "", "colour image of the scan, when there is only one")
	f.StringVar(&c.unit, "unit", "", "unit of the numbers in cloud files: m or mm (what they say, else m)")
	complete(cmd, "unit", "m", "mm")
	f.StringVar(&c.intrinsics, "intrinsics", "", "camera file (YAML or JSON), which depth images need")
	f.Float64Var(&c.depthScale, "depth-scale", 0, "metres per step of a depth image (as the camera file says, else 0.001, of floats 1)")
	f.StringVar(&c.depthInvalid, "depth-invalid", "", "values of missing pixels, joined by commas, or none (as the camera file says, else 0)")
}

// options checks the flags and returns what they ask for; the camera file is
// read once.
func (c *capture) options(cmd *cobra.Command) (scan.Options, error) {
	o := scan.Options{Colour: c.rgb}
	var err error
	if o.Unit, err = unitFlag("unit", c.unit); err != nil {
		return o, err
	}
	for _, name := range []string{"depth-scale", "depth-invalid"} {
		if cmd.Flags().Changed(name) && c.intrinsics == "" {
			return o, usagef("--%s is about depth images, which need --intrinsics", name)
		}
	}
	if cmd.Flags().Changed("depth-scale") {
		if !(c.depthScale > 0) || c.depthScale-c.depthScale != 0 {
			return o, usagef("--depth-scale %v: want more than 0 metres", c.depthScale)
		}
		o.DepthScale = c.depthScale
	}
	switch {
	case c.depthInvalid == "none":
		o.DepthInvalid = []float64{}
	case c.depthInvalid != "":
		for s := range strings.SplitSeq(c.depthInvalid, ",") {
			v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
			if err != nil || v-v != 0 {
				return o, usagef("--depth-invalid %s: want numbers joined by commas, or none", c.depthInvalid)
			}
			o.DepthInvalid = append(o.DepthInvalid, v)
		}
	}
	if c.intrinsics != "" {
		if o.Camera, err = scan.ReadCamera(c.intrinsics); err != nil {
			return o, err
		}
	}
	return o, nil
}

// files returns the files that are given.
func (c *capture) files() []string {
	return slices.DeleteFunc([]string{c.rgb, c.intrinsics}, func(s string) bool { return s == "" })
}

// readScan reads a scan; when it lacks a camera the error says how to give one.
func readScan(ctx context.Context, path string, o scan.Options) (*rgbd.Scan, error) {
	s, err := scan.ReadContext(ctx, path, o)
	if errors.Is(err, scan.ErrIntrinsics) {
		err = fmt.Errorf("%w (--intrinsics)", err)
	}
	return s, err
}
