package pcd

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
)

const (
	maxHeaderLines = 1000
	maxComments    = 100
	maxValues      = 1 << 14 // per point
)

// DecodeHeader reads the header of the file in r. It fails for what Decode
// refuses without looking at the points, except for coordinates that are missing.
func DecodeHeader(r io.Reader, o Options) (Header, error) {
	s := points.NewSource(r)
	h, err := readHeader(s, o)
	return h, s.Blame("pcd", err)
}

// entries is what the lines of a header say, by keyword.
type entries map[string][]string

func readHeader(s *points.Source, o Options) (Header, error) {
	h := Header{Viewpoint: Viewpoint{3: 1}}
	seen := entries{}
	for seen["DATA"] == nil {
		line, err := s.Line()
		switch {
		case err == io.EOF && s.Number() == 0:
			return h, invalid("the file is empty")
		case err != nil:
			return h, invalid("header line %d: %w", s.Number()+1, points.Early(err))
		case s.Number() > maxHeaderLines:
			return h, invalid("no DATA in the first %d lines", maxHeaderLines)
		}
		if i := strings.IndexByte(string(line), '#'); i >= 0 {
			if len(h.Comments) < maxComments {
				h.Comments = append(h.Comments, strings.TrimSpace(string(line[i+1:])))
			}
			line = line[:i]
		}
		words := strings.Fields(string(line))
		if len(words) == 0 {
			continue
		}
		key := words[0]
		if key == "COLUMNS" { // before version .6
			key = "FIELDS"
		}
		switch key {
		case "VERSION", "FIELDS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS", "DATA":
		default:
			return h, invalid("header line %d: unknown entry %s", s.Number(), points.Quote(words[0]))
		}
		if seen[key] != nil {
			return h, invalid("header line %d: a second %s", s.Number(), key)
		}
		if len(words) == 1 {
			return h, invalid("header line %d: %s says nothing", s.Number(), key)
		}
		seen[key] = words[1:]
	}
	h.line = s.Number()
	if err := h.version(seen); err != nil {
		return h, err
	}
	if err := h.fields(seen); err != nil {
		return h, err
	}
	if err := h.viewpoint(seen); err != nil {
		return h, err
	}
	return h, h.size(seen, o)
}

func (h *Header) version(seen entries) error {
	if v := seen["VERSION"]; v != nil {
		h.Version = v[0]
		switch strings.TrimPrefix(v[0], "0") {
		case ".5", ".6", ".7":
		default:
			return unsupported("version %s; .5, .6 and .7 are read", points.Quote(v[0]))
		}
	}
	switch e := seen["DATA"][0]; e {
	case "ascii":
		h.Encoding = ASCII
	case "binary":
		h.Encoding = Binary
	case "binary_compressed":
		h.Encoding = BinaryCompressed
	default:
		return unsupported("DATA %s; ascii, binary and binary_compressed are read", points.Quote(e))
	}
	return nil
}

func (h *Header) fields(seen entries) error {
	names := seen["FIELDS"]
	if names == nil {
		return invalid("no FIELDS")
	}
	for _, key := range []string{"SIZE", "TYPE", "COUNT"} {
		if v := seen[key]; v != nil && len(v) != len(names) {
			return invalid("%d values of %s for %d fields", len(v), key, len(names))
		}
	}
	if seen["SIZE"] == nil || seen["TYPE"] == nil {
		return invalid("no SIZE or no TYPE")
	}
	total := 0
	for i, name := range names {
		f := Field{Name: name, Count: 1}
		var err error
		f.Size, err = strconv.Atoi(seen["SIZE"][i])
		if err != nil || f.Size != 1 && f.Size != 2 && f.Size != 4 && f.Size != 8 {
			return invalid("field %s: SIZE %s, want 1, 2, 4 or 8", points.Quote(name), points.Quote(seen["SIZE"][i]))
		}
		if f.Type = seen["TYPE"][i][0]; len(seen["TYPE"][i]) != 1 || f.Type != 'F' && f.Type != 'U' && f.Type != 'I' {
			return invalid("field %s: TYPE %s, want F, U or I", points.Quote(name), points.Quote(seen["TYPE"][i]))
		}
		if f.Type == 'F' && f.Size < 4 {
			return invalid("field %s: TYPE F of SIZE %d", points.Quote(name), f.Size)
		}
		if c := seen["COUNT"]; c != nil {
			if f.Count, err = strconv.Atoi(c[i]); err != nil || f.Count < 1 {
				return invalid("field %s: COUNT %s, want 1 or more", points.Quote(name), points.Quote(c[i]))
			}
		}
		if f.Count > maxValues-total {
			return tooLarge("more than %d values per point", maxValues)
		}
		total += f.Count
		h.Fields = append(h.Fields, f)
	}
	return nil
}

func (h *Header) viewpoint(seen entries) error {
	v := seen["VIEWPOINT"]
	if v == nil {
		return nil
	}
	if len(v) != len(h.Viewpoint) {
		return invalid("VIEWPOINT of %d numbers, want 7", len(v))
	}
	for i, s := range v {
		f, err := points.ParseFloat([]byte(s))
		if err != nil {
			return invalid("VIEWPOINT: %w", err)
		}
		h.Viewpoint[i] = f
	}
	return nil
}

func (h *Header) size(seen entries, o Options) error {
	number := func(key string) (int64, error) {
		v := seen[key]
		if v == nil {
			return -1, nil
		}
		n, err := strconv.ParseInt(v[0], 10, 64)
		if err != nil || n < 0 || len(v) != 1 {
			return 0, invalid("%s %s, want a whole number from 0 on", key, points.Quote(strings.Join(v, " ")))
		}
		return n, nil
	}
	var v [3]int64
	for i, key := range []string{"WIDTH", "HEIGHT", "POINTS"} {
		var err error
		if v[i], err = number(key); err != nil {
			return err
		}
	}
	w, ht, n := v[0], v[1], v[2]
	if ht < 0 {
		ht = 1
	}
	switch {
	case w < 0 && n < 0:
		return invalid("neither WIDTH nor POINTS")
	case w < 0:
		w, ht = n, 1
	}
	if ht > 0 && w > math.MaxInt64/ht || w*ht > o.maxPoints() {
		return tooLarge("%d × %d points, at most %d are read", w, ht, o.maxPoints())
	}
	if n >= 0 && n != w*ht {
		return invalid("POINTS %d contradicts WIDTH %d and HEIGHT %d", n, w, ht)
	}
	h.Width, h.Height, h.Points = int(w), int(ht), int(w*ht)
	return nil
}
