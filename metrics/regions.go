package metrics

// run is a horizontal stretch of defect pixels, from ≤ i < to in row-major
// indices of one row.
type run struct {
	from, to int
	region   int32
}

// labeller finds the 8-connected regions of truth masks. It works on runs
// instead of pixels: two runs of neighbouring rows belong together when they
// touch, corners included, and a union-find whose roots are the first runs of
// their regions collects them.
type labeller struct {
	runs   []run
	parent []int32 // of each run; roots point at themselves
}

// find returns the runs of a w pixels wide mask in row-major order with their
// region numbers, 0, 1, … in order of each region's first pixel, and the number
// of regions. The slice is valid until the next call.
func (l *labeller) find(truth []bool, w int) (runs []run, regions int) {
	l.runs, l.parent = l.runs[:0], l.parent[:0]
	above := 0 // runs[above:first] are those of the row above
	for row := 0; row < len(truth); row += w {
		first := len(l.runs)
		for i := row; i < row+w; i++ {
			if !truth[i] {
				continue
			}
			r := run{from: i}
			for i < row+w && truth[i] {
				i++
			}
			r.to = i
			l.parent = append(l.parent, int32(len(l.runs)))
			l.runs = append(l.runs, r)
		}
		l.join(above, first, w)
		above = first
	}
	for i := range l.runs {
		// A root comes before the other runs of its region.
		if root := l.root(int32(i)); root == int32(i) {
			l.runs[i].region = int32(regions)
			regions++
		} else {
			l.runs[i].region = l.runs[root].region
		}
	}
	return l.runs, regions
}

// join unites the runs from first on, all of one row, with those of the row
// above, runs[above:first], that they touch.
func (l *labeller) join(above, first, w int) {
	for i, a := first, above; i < len(l.runs) && a < first; {
		r, up := l.runs[i], l.runs[a]
		if up.from+w <= r.to && r.from <= up.to+w {
			l.unite(int32(i), int32(a))
		}
		if up.to+w < r.to {
			a++
		} else {
			i++
		}
	}
}

func (l *labeller) unite(i, j int32) {
	i, j = l.root(i), l.root(j)
	l.parent[max(i, j)] = min(i, j)
}

func (l *labeller) root(i int32) int32 {
	for l.parent[i] != i {
		l.parent[i] = l.parent[l.parent[i]]
		i = l.parent[i]
	}
	return i
}
