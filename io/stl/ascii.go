package stl

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
)

// grammar is the order of lines within a facet.
var grammar = [...]struct {
	words   []string
	numbers int
}{
	{[]string{"facet", "normal"}, 3},
	{[]string{"outer", "loop"}, 0},
	{[]string{"vertex"}, 3}, {[]string{"vertex"}, 3}, {[]string{"vertex"}, 3},
	{[]string{"endloop"}, 0},
	{[]string{"endfacet"}, 0},
}

// parser collects triangles.
type parser struct {
	m       *Mesh
	corners []float32 // of the triangle under way
}

// ascii reads what follows the first line.
func (m *Mesh) ascii(s *points.Source, o Options) error {
	p := parser{m: m}
	state, inside := 0, true // place in grammar; between solid and endsolid
	var words [][]byte
	for {
		line, err := s.Line()
		if err == io.EOF && state == 0 && !inside {
			return nil
		}
		if err != nil {
			return lineFault(s, err, fmt.Sprintf("triangle %d", m.Len()+1))
		}
		if words = points.Words(words[:0], line); len(words) == 0 {
			continue
		}
		if state == 0 {
			switch {
			case inside && is(words[0], "endsolid"):
				inside = false
				continue
			case !inside && is(words[0], "solid"):
				inside = true
				continue
			case !inside:
				return invalid("line %d: %s after endsolid", s.Number(), points.Quote(string(line)))
			case int64(m.Len()) >= o.maxTriangles():
				return tooLarge("more than %d triangles", o.maxTriangles())
			}
		}
		if err := p.line(state, words); err != nil {
			return invalid("triangle %d (line %d): %w", m.Len()+1, s.Number(), err)
		}
		state = (state + 1) % len(grammar)
	}
}

// line takes the words of the line at a place in the grammar.
func (p *parser) line(state int, words [][]byte) error {
	g := grammar[state]
	for _, want := range g.words {
		if len(words) == 0 || !is(words[0], want) {
			return fmt.Errorf("want \"%s\"", strings.Join(g.words, " "))
		}
		words = words[1:]
	}
	if len(words) != g.numbers {
		return fmt.Errorf("%s with %d values, want %d", strings.Join(g.words, " "), len(words), g.numbers)
	}
	for _, w := range words {
		v, err := points.ParseFloat32(w)
		if err != nil {
			return err
		}
		if state == 0 {
			p.m.Normals = append(p.m.Normals, v)
		} else {
			p.corners = append(p.corners, v)
		}
	}
	if state == len(grammar)-1 {
		p.m.XYZ = append(p.m.XYZ, p.corners...)
		p.corners = p.corners[:0]
	}
	return nil
}

func is(word []byte, keyword string) bool { return bytes.EqualFold(word, []byte(keyword)) }
