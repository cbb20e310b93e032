package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// flood labels the 8-connected regions of a mask by flood fill: 1, 2, … in
// order of their first pixel, 0 elsewhere.
func flood(truth []bool, w, h int) (labels []int, regions int) {
	labels = make([]int, w*h)
	var fill func(x, y int)
	fill = func(x, y int) {
		if x < 0 || y < 0 || x >= w || y >= h || !truth[y*w+x] || labels[y*w+x] != 0 {
			return
		}
		labels[y*w+x] = regions
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				fill(x+dx, y+dy)
			}
		}
	}
	for i := range truth {
		if truth[i] && labels[i] == 0 {
			regions++
			fill(i%w, i/w)
		}
	}
	return labels, regions
}

func TestRegionsAgainstFloodFill(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	var l labeller
	for range 3000 {
		w, h := 1+rng.IntN(24), 1+rng.IntN(24)
		truth := make([]bool, w*h)
		dense := rng.IntN(101)
		for i := range truth {
			truth[i] = rng.IntN(100) < dense
		}
		want, regions := flood(truth, w, h)
		runs, n := l.find(truth, w)
		got := make([]int, w*h)
		for _, r := range runs {
			for i := r.from; i < r.to; i++ {
				got[i] = int(r.region) + 1
			}
		}
		if n != regions || !slices.Equal(got, want) {
			t.Fatalf("%d×%d: %d regions %v, want %d %v", w, h, n, got, regions, want)
		}
	}
}

// Shapes whose arms meet only below, or through many unions.
func TestRegionsOfShapes(t *testing.T) {
	for _, c := range []struct {
		rows []string
		want int
	}{
		{[]string{"#.#.#", "#.#.#", "#####"}, 1},
		{[]string{"#...#", ".#.#.", "..#.."}, 1},
		{[]string{"#####", "#...#", "#.#.#", "#...#", "#####"}, 2},
		{[]string{"####.", "....#", "####.", "#....", ".####"}, 1},
		{[]string{"##..##", "......", "##..##"}, 4},
		{[]string{"#", "#", ".", "#"}, 2},
		{[]string{"....#", "#...."}, 2}, // the end of a row does not touch the start of the next
		{[]string{"...", "..."}, 0},
	} {
		var truth []bool
		for _, row := range c.rows {
			for _, p := range row {
				truth = append(truth, p == '#')
			}
		}
		var l labeller
		if _, n := l.find(truth, len(c.rows[0])); n != c.want {
			t.Errorf("%q: %d regions, want %d", c.rows, n, c.want)
		}
	}
}
