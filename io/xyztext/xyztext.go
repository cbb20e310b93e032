// Package xyztext reads and writes point clouds as text, a point per line: XYZ,
// CSV, TXT, ASC and PTS files.
//
// What a file looks like is found out from its first 64 KiB. Values are apart
// by blanks, commas, semicolons or tabs. With semicolons or blanks numbers may
// have a decimal comma ("1,5 2,5 3,5"); with commas they cannot, and six whole
// numbers are six whole numbers. Lines that begin with #, // or % are comments.
// A first line of names says what the columns are; so does a comment, as
// CloudCompare writes it ("//X Y Z R G B"), when it has a name for every
// column. Names are x, y, z; nx, ny, nz; r, g, b or red, green, blue, in any
// case and order, and any other for a field; "[mm]" behind a name is the unit.
//
// Without names the first three columns are x, y, z. Three whole numbers from 0
// to 255 behind them are a colour, three numbers of length 1 a normal, and any
// other is a field "column4", "column5" and so on. A first line of one whole
// number is the number of points of a PTS file, whose fourth column is the
// intensity when there are 4 or 7; such a file may have several such blocks.
//
// Colours are whole numbers from 0 to 255, or else floats from 0 to 1 (to 255
// when one is above 1). Empty values, possible where commas or semicolons
// separate, are NaN. A point is missing when a coordinate is not finite.
// Coordinates far from the origin get an Offset, see [pointcloud.OffsetFor].
// The unit is metres unless the names or a comment "# unit mm" say otherwise. A
// comment "# raster 640 480" makes the cloud organised.
//
// # Damaged and hostile files
//
// Every line must have as many values as the first one. Text has no end mark:
// unless it is a PTS file or has a raster, a file cut between two lines, or in
// the last number, cannot be told from a whole one. Any file costs at most 16
// MiB and 8 times its size.
package xyztext

import (
	"errors"

	"github.com/iad3d/iad3d/internal/points"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: text that is not points, or that is damaged.
	ErrFormat = errors.New("xyztext: not points as text")
	// ErrLimit: more points or longer lines than Options or the package allow.
	ErrLimit = errors.New("xyztext: too large")
)

func invalid(format string, args ...any) error {
	return points.Fault("xyztext", ErrFormat, format, args...)
}

func tooLarge(format string, args ...any) error {
	return points.Fault("xyztext", ErrLimit, format, args...)
}

// Header is what the beginning of a file says.
type Header struct {
	Separator    byte     // ',', ';' or ' ' for blanks and tabs
	DecimalComma bool     // 1,5 for one and a half
	Columns      []string // names: those of the file, or those that were guessed
	Named        bool     // the names are the file's
	Points       int64    // of the first block of a PTS file; −1 for others
	// Width and Height are the raster's; 0, 0 for a cloud that is not organised.
	Width, Height int
	Millimetre    bool

	cols     []points.Column
	stride   int
	skipped  int  // lines before the first point
	trailing bool // a separator behind the last value
}

// Options bounds what a file may ask for.
type Options struct {
	// MaxPoints is the largest number of points that is accepted; 0 or less means
	// 2²⁷, 134 million.
	MaxPoints int64
}

func (o Options) maxPoints() int64 {
	if o.MaxPoints <= 0 {
		return 1 << 27
	}
	return o.MaxPoints
}
