package page

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

// Sides of pictures in pixels, and their JPEG quality.
const (
	photoSide    = 512
	thumbSide    = 96
	photoQuality = 82
	thumbQuality = 70
)

// thumb is the small picture of a table row: a photo, and the levels that page.js
// colours on the scale of the batch.
type thumb struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Highest float64 `json:"highest"` // score of level 255
	Levels  string  `json:"levels"`  // base64
	Photo   string  `json:"photo"`   // base64 of a JPEG
}

type size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// head begins a scan's data. What follows it, each array one after the other:
// Map.Width·Map.Height levels of the score map; Grid.Width·Grid.Height flags, 1
// where there is a point; then of each of Points points x, y and z as 16-bit steps
// between Low and Low + Size, its level, its deviation in micrometres + 32768 or 0
// for none, in 16 bits, the number of its region (255 for more), red, green and
// blue. 16-bit numbers are differences to the number before, all low bytes before
// all high bytes: that is what compresses.
type head struct {
	Map      size       `json:"map"`
	Grid     size       `json:"grid"`
	Points   int        `json:"points"`
	Measured int        `json:"measured"` // points of the scan
	Low      [3]float64 `json:"low"`      // mm
	Size     [3]float64 `json:"size"`     // mm
	Highest  float64    `json:"highest"`  // score of level 255
}

// pack fills in pictures and data.
func (e *entry) pack(ctx context.Context, s *rgbd.Scan, n *inspection.Inspection, points int) error {
	if err := s.CheckRaster(); err != nil {
		return err
	}
	m := n.Result.Map
	highest := 0.0
	for i, v := range m.Data {
		if v-v != 0 {
			return fmt.Errorf("page: %s: map pixel (%d, %d) is %g", s.Label(), i%m.W, i/m.W, v)
		}
		highest = max(highest, float64(v))
	}
	photo := report.Photo(s)
	var err error
	if e.photo, err = encodeJPEG(fit(photo, photoSide), photoQuality); err != nil {
		return err
	}
	if e.Thumb, err = thumbOf(photo, m, highest); err != nil {
		return err
	}
	in, err := crop(ctx, s.Cloud)
	if err != nil {
		return err
	}
	e.blob, err = deflate(cloudData(s, n, photo, in, highest, points))
	return err
}

func thumbOf(photo *image.RGBA, m *grid.Map, highest float64) (*thumb, error) {
	small := fit(photo, thumbSide)
	jpg, err := encodeJPEG(small, thumbQuality)
	if err != nil {
		return nil, err
	}
	w, h := small.Rect.Dx(), small.Rect.Dy()
	return &thumb{w, h, highest, base64.StdEncoding.EncodeToString(levels(m, h, w, highest)), base64.StdEncoding.EncodeToString(jpg)}, nil
}

// fit returns a picture whose longer side has at most the given pixels.
func fit(im *image.RGBA, side int) *image.RGBA {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	if max(w, h) <= side {
		return im
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, w*side/max(w, h)), max(1, h*side/max(w, h))))
	draw.ApproxBiLinear.Scale(small, small.Rect, im, im.Rect, draw.Src, nil)
	return small
}

func encodeJPEG(im image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, im, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// levels returns a map at another size in steps of 255ths of the highest score.
func levels(m *grid.Map, h, w int, highest float64) []byte {
	if m.H != h || m.W != w {
		m = grid.ResizeBilinear(&grid.Map{H: m.H, W: m.W, C: 1, Data: m.Data}, h, w)
	}
	out := make([]byte, len(m.Data))
	for i, v := range m.Data {
		out[i] = levelOf(float64(v), highest)
	}
	return out
}

func levelOf(v, highest float64) byte {
	if !(highest > 0) {
		return 0
	}
	return byte(min(max(math.Round(255*v/highest), 0), 255))
}

// crop returns the pixels that are shown of a cloud: the part with a margin, where
// it stands out from a plane, else all.
func crop(ctx context.Context, c *pointcloud.Cloud) (image.Rectangle, error) {
	all := image.Rect(0, 0, c.Width, c.Height)
	f, err := pointcloud.FindForeground(ctx, c, pointcloud.ForegroundOptions{})
	if err != nil {
		return all, err
	}
	var part image.Rectangle
	for i, is := range f.Part {
		if is {
			x, y := i%c.Width, i/c.Width
			part = part.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	if !f.Found || part.Empty() {
		return all, nil
	}
	return part.Inset(-max(4, max(part.Dx(), part.Dy())/12)).Intersect(all), nil
}

// thinning picks rows and columns, num of them of every den.
type thinning struct {
	in       image.Rectangle
	num, den int
}

// columns and rows are the numbers of those picked; x and y return one.
func (t thinning) columns() int { return (t.in.Dx()*t.num + t.den - 1) / t.den }
func (t thinning) rows() int    { return (t.in.Dy()*t.num + t.den - 1) / t.den }
func (t thinning) x(k int) int  { return t.in.Min.X + k*t.den/t.num }
func (t thinning) y(k int) int  { return t.in.Min.Y + k*t.den/t.num }

// thin picks as many rows and columns as leave at most so many points.
func thin(c *pointcloud.Cloud, in image.Rectangle, points int) thinning {
	const fine = 32 // steps from all rows down
	t := thinning{in, fine, fine}
	for {
		n := 0
		for j := range t.rows() {
			for i := range t.columns() {
				if c.IsValid(t.y(j)*c.Width + t.x(i)) {
					n++
				}
			}
		}
		if n <= points {
			return t
		}
		if t.num > 1 {
			t.num-- // from 31 of 32 down to one of 32
		} else {
			t.den *= 2
		}
	}
}

// cloudData lays out what a scan's page shows, see head.
func cloudData(s *rgbd.Scan, n *inspection.Inspection, photo *image.RGBA, in image.Rectangle, highest float64, points int) []byte {
	c, t := s.Cloud, thin(s.Cloud, in, points)
	pw, ph := photo.Rect.Dx(), photo.Rect.Dy()
	if side := max(pw, ph); side > photoSide {
		pw, ph = max(1, pw*photoSide/side), max(1, ph*photoSide/side)
	}
	at := levels(n.Result.Map, c.Height, c.Width, highest)
	h := head{Map: size{pw, ph}, Grid: size{t.columns(), t.rows()}, Measured: c.CountValid(), Highest: highest}
	var flags, level, region []byte
	var rgb [3][]byte
	var xyz [3][]float64
	var deviation []uint16
	mm := 1000 * c.Unit.Metres()
	for row := range t.rows() {
		for column := range t.columns() {
			x, y := t.x(column), t.y(row)
			i := y*c.Width + x
			if !c.IsValid(i) {
				flags = append(flags, 0)
				continue
			}
			flags = append(flags, 1)
			p := c.At(i).Add(c.Offset).Mul(mm)
			for j, v := range [3]float64{p.X, p.Y, p.Z} {
				xyz[j] = append(xyz[j], v)
			}
			level = append(level, at[i])
			d, label := uint16(0), byte(0)
			if n.Found != nil {
				d, label = micrometres(n.Found.Deviation[i]), byte(min(n.Found.Labels[i], 255))
			}
			deviation, region = append(deviation, d), append(region, label)
			for j := range rgb {
				rgb[j] = append(rgb[j], photo.Pix[photo.PixOffset(x, y)+j])
			}
		}
	}
	h.Points = len(level)
	var body bytes.Buffer
	body.Write(levels(n.Result.Map, ph, pw, highest))
	body.Write(flags)
	for j, axis := range xyz {
		steps := make([]uint16, len(axis))
		h.Low[j], h.Size[j] = extent(axis)
		for i, v := range axis {
			if h.Size[j] > 0 {
				steps[i] = uint16(math.Round(65535 * (v - h.Low[j]) / h.Size[j]))
			}
		}
		writeWords(&body, steps)
	}
	body.Write(level)
	writeWords(&body, deviation)
	body.Write(region)
	for _, channel := range rgb {
		body.Write(channel)
	}
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // finite numbers
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	return append(append(out, text...), body.Bytes()...)
}

// micrometres returns how a deviation is stored.
func micrometres(mm float32) uint16 {
	if mm-mm != 0 {
		return 0
	}
	return uint16(32768 + min(max(math.Round(1000*float64(mm)), -32767), 32767))
}

func extent(v []float64) (low, size float64) {
	if len(v) == 0 {
		return 0, 0
	}
	low, high := v[0], v[0]
	for _, x := range v {
		low, high = min(low, x), max(high, x)
	}
	return low, high - low
}

func writeWords(b *bytes.Buffer, v []uint16) {
	high := make([]byte, len(v))
	last := uint16(0)
	for i, x := range v {
		d := x - last
		b.WriteByte(byte(d))
		high[i], last = byte(d>>8), x
	}
	b.Write(high)
}

func deflate(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
