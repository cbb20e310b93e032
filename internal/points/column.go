package points

import (
	"fmt"
	"strings"
)

// Role is what a column means.
type Role uint8

const (
	Skip       Role = iota // not kept
	Coordinate             // x, y, z by Axis
	Normal                 // x, y, z by Axis
	Colour                 // red, green, blue by Axis
	Packed                 // red, green, blue in the low 24 bits of 4 bytes
	Scalar                 // a field of its own
)

// Column is one value of a record.
type Column struct {
	Name   string
	Type   Type
	Offset int // in the record
	Role   Role
	Axis   int
	field  int // of a Scalar: its place among them
}

// MaxFields bounds the scalar fields of a cloud.
const MaxFields = 1000

// roles are the names that mean something, in lower case.
var roles = map[string]struct {
	role Role
	axis int
}{
	"x": {Coordinate, 0}, "y": {Coordinate, 1}, "z": {Coordinate, 2},
	"nx": {Normal, 0}, "ny": {Normal, 1}, "nz": {Normal, 2},
	"normal_x": {Normal, 0}, "normal_y": {Normal, 1}, "normal_z": {Normal, 2},
	"red": {Colour, 0}, "green": {Colour, 1}, "blue": {Colour, 2},
	"r": {Colour, 0}, "g": {Colour, 1}, "b": {Colour, 2},
	"diffuse_red": {Colour, 0}, "diffuse_green": {Colour, 1}, "diffuse_blue": {Colour, 2},
	"rgb": {Packed, 0}, "rgba": {Packed, 0},
}

// Known returns the role and axis that a name stands for; Scalar for others.
func Known(name string) (Role, int) {
	if r, ok := roles[strings.ToLower(name)]; ok {
		return r.role, r.axis
	}
	return Scalar, 0
}

// Assign gives the columns whose role is Scalar the role that their name stands
// for. Normals count when all three are there and of a float type, colours when
// all three are there; a packed colour when it has 4 bytes and there is no other.
// What remains is a scalar field. It fails when a coordinate is missing or there
// twice.
func Assign(cols []Column) error {
	var at [Packed + 1][3]int // 1 + index of the first column of that role
	for i := range cols {
		c := &cols[i]
		if c.Role != Scalar {
			continue
		}
		role, axis := Known(c.Name)
		switch {
		case role == Scalar:
		case at[role][axis] > 0:
			if role == Coordinate {
				return fmt.Errorf("%q is there twice", c.Name)
			}
		case role == Normal && !c.Type.Float():
		case role == Packed && c.Type.Size() != 4:
		default:
			at[role][axis] = i + 1
		}
	}
	for axis, name := range []string{"x", "y", "z"} {
		if at[Coordinate][axis] == 0 {
			return fmt.Errorf("no %q", name)
		}
	}
	complete := func(r Role) bool { return at[r][0] > 0 && at[r][1] > 0 && at[r][2] > 0 }
	for role := Coordinate; role <= Packed; role++ {
		if role == Packed && (at[Packed][0] == 0 || complete(Colour)) || role != Packed && !complete(role) {
			continue
		}
		for axis, i := range at[role] {
			if i > 0 {
				cols[i-1].Role, cols[i-1].Axis = role, axis
			}
		}
	}
	fields := 0
	for i := range cols {
		if cols[i].Role == Scalar {
			cols[i].field = fields
			fields++
		}
	}
	if fields > MaxFields {
		return fmt.Errorf("%d fields beside coordinates, normals and colour, at most %d can be read", fields, MaxFields)
	}
	return nil
}
