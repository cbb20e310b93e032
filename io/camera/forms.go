package camera

import (
	"fmt"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/rgbd"
)

// own reads iad3d's form.
func own(f *fields) (*rgbd.Camera, error) {
	f.only("width", "height", "fx", "fy", "cx", "cy", "depth_scale", "depth_offset", "depth_invalid", "distortion", "registration", "colour", "color")
	c := &rgbd.Camera{Intrinsics: pinhole(f)}
	undistorted(f, "distortion")
	if f.has("depth_scale") {
		c.Units.Scale = f.positive("depth_scale")
	}
	c.Units.Offset = f.number("depth_offset", 0)
	if f.has("depth_invalid") {
		c.Units.Invalid = f.numbers("depth_invalid", -1)
	}
	if f.has("registration") {
		switch f.m["registration"] {
		case "scaled":
			c.Registration = &rgbd.Registration{Scaled: true}
		case "same":
		default:
			f.fail("registration", "is %s, want same or scaled (a colour camera of its own is the field colour)", show(f.m["registration"]))
		}
	}
	for _, name := range []string{"colour", "color"} {
		if !f.has(name) {
			continue
		}
		if f.has("registration") || name == "color" && f.has("colour") {
			f.fail(name, "cannot be beside another registration")
		}
		c.Registration, f.err = colour(f.part(name))
	}
	return c, f.err
}

// colour reads the colour camera of iad3d's form.
func colour(f *fields) (*rgbd.Registration, error) {
	f.only("width", "height", "fx", "fy", "cx", "cy", "distortion", "rotation", "translation")
	k := pinhole(f)
	undistorted(f, "distortion")
	f.need("rotation", "translation")
	t := f.numbers("translation", 3)
	r := &rgbd.Registration{Camera: &k, Translation: r3.Vector{X: t[0], Y: t[1], Z: t[2]}}
	copy(r.Rotation[:], f.numbers("rotation", 9))
	return r, f.err
}

func pinhole(f *fields) rgbd.Intrinsics {
	f.need("width", "height", "fx", "fy", "cx", "cy")
	return rgbd.Intrinsics{
		Width: f.whole("width"), Height: f.whole("height"),
		Fx: f.positive("fx"), Fy: f.positive("fy"),
		Cx: f.number("cx", 0), Cy: f.number("cy", 0),
	}
}

// open3D reads Open3D's form.
func open3D(f *fields) (*rgbd.Camera, error) {
	if f.has("intrinsic") {
		f = f.part("intrinsic")
	}
	f.need("width", "height", "intrinsic_matrix")
	m := f.numbers("intrinsic_matrix", 9)
	switch {
	case f.err != nil:
	case m[2] != 0 || m[5] != 0:
		f.fail("intrinsic_matrix", "has %g and %g in the third row, want 0: the matrix is written column by column", m[2], m[5])
	case m[1] != 0 || m[3] != 0:
		f.fail("intrinsic_matrix", "is skewed")
	case m[8] != 1:
		f.fail("intrinsic_matrix", "ends in %g, want 1", m[8])
	}
	c := &rgbd.Camera{Intrinsics: rgbd.Intrinsics{
		Width: f.whole("width"), Height: f.whole("height"), Fx: m[0], Fy: m[4], Cx: m[6], Cy: m[7],
	}}
	if f.has("depth_scale") {
		c.Units.Scale = 1 / f.positive("depth_scale")
	}
	return c, f.err
}

// realSense reads librealsense's form.
func realSense(f *fields) (*rgbd.Camera, error) {
	f.need("width", "height", "fx", "fy", "ppx", "ppy")
	c := &rgbd.Camera{Intrinsics: rgbd.Intrinsics{
		Width: f.whole("width"), Height: f.whole("height"),
		Fx: f.positive("fx"), Fy: f.positive("fy"),
		Cx: f.number("ppx", 0), Cy: f.number("ppy", 0),
	}}
	undistorted(f, "coeffs")
	if f.has("depth_scale") {
		c.Units.Scale = f.positive("depth_scale")
	}
	return c, f.err
}

// undistorted fails when a field has a coefficient that is not 0.
func undistorted(f *fields, name string) {
	if !f.has(name) {
		return
	}
	for i, v := range f.numbers(name, -1) {
		if v != 0 && f.err == nil {
			f.err = fmt.Errorf("%w: field %s%s has %g as number %d; undistort the images first, or have the camera rectify them", ErrDistortion, f.where, name, v, i+1)
		}
	}
}
