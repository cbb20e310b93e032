package points

import "io"

// batch is how many points are written at a time.
const batch = 1024

// WriteText writes a line for each point, its values apart by sep.
func (s *Sheet) WriteText(w io.Writer, sep byte) error {
	var text []byte
	n := s.c.Len()
	for i := range n {
		for k := range s.Cols {
			if k > 0 {
				text = append(text, sep)
			}
			text = s.AppendText(text, &s.Cols[k], i)
		}
		text = append(text, '\n')
		if (i+1)%batch == 0 || i+1 == n {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
	}
	return nil
}

// WriteRecords writes the records of all points, with the bytes of each value
// turned round when big is set.
func (s *Sheet) WriteRecords(w io.Writer, big bool) error {
	n := s.c.Len()
	buf := make([]byte, min(n, batch)*s.Stride)
	for i := 0; i < n; i += batch {
		piece := buf[:min(batch, n-i)*s.Stride]
		s.records(piece, i, min(batch, n-i))
		if big {
			for k := range s.Cols {
				Swap(piece, &s.Cols[k], s.Stride)
			}
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// records stores the records of n points from point from on in dst.
func (s *Sheet) records(dst []byte, from, n int) {
	for i := range s.Cols {
		c := &s.Cols[i]
		s.Put(dst[c.Offset:], c, s.Stride, from, n)
	}
}
