package regions

import "github.com/iad3d/iad3d/grid"

// connected returns the 8-connected areas of the pixels above a threshold, in the
// order of their first pixels, and the label of each pixel, from 1, 0 for none.
func connected(m *grid.Map, threshold float32) ([]*area, []int32) {
	labels := make([]int32, len(m.Data))
	var areas []*area
	var stack []int32
	for first, v := range m.Data {
		if labels[first] != 0 || !(v > threshold) {
			continue
		}
		a := &area{label: int32(len(areas) + 1)}
		areas = append(areas, a)
		labels[first] = a.label
		stack = append(stack[:0], int32(first))
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			around(int(i), m.W, m.H, func(j int) {
				if labels[j] == 0 && m.Data[j] > threshold {
					labels[j] = a.label
					stack = append(stack, int32(j))
				}
			})
		}
	}
	for i, l := range labels {
		if l > 0 {
			a := areas[l-1]
			a.pixels = append(a.pixels, int32(i))
		}
	}
	return areas, labels
}

// around calls do for the up to 8 neighbours of pixel i, in row-major order.
func around(i, w, h int, do func(j int)) {
	x, y := i%w, i/w
	for v := max(y-1, 0); v <= min(y+1, h-1); v++ {
		for u := max(x-1, 0); u <= min(x+1, w-1); u++ {
			if j := v*w + u; j != i {
				do(j)
			}
		}
	}
}
