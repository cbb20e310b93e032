package pointcloud

import (
	"slices"
	"sync"
	"testing"
)

// Places finds what the tree finds, in organised and other clouds, with points
// missing, tied and equal.
func TestPlacesEqualTree(t *testing.T) {
	scan := benchCloud(60)
	scan.Valid = make([]bool, scan.Len())
	for i := range scan.Valid {
		scan.Valid[i] = i%7 != 0 && i%900 > 30
	}
	lattice := &Cloud{Width: 40, Height: 30}
	for i := range 1200 {
		lattice.XYZ = append(lattice.XYZ, float32(i%40/3), float32(i/40/2), float32(i%2))
	}
	loose := benchCloud(40)
	loose.Width, loose.Height = 0, 0
	few := &Cloud{Width: 2, Height: 2, XYZ: []float32{0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1}}
	for name, c := range map[string]*Cloud{"scan": scan, "lattice": lattice, "loose": loose, "few": few} {
		tree := NewTree(c)
		p, err := NewPlaces(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		idx := c.ValidIndices()
		slices.Reverse(idx)
		for _, k := range []int{1, 7, 25, c.Len() + 1} {
			sample := idx
			if k > 25 {
				sample = idx[:min(9, len(idx))]
			}
			for _, workers := range []int{1, 3} {
				var mu sync.Mutex
				seen := make([]int, len(sample))
				err := p.Nearest(t.Context(), sample, k, workers, func(j int, near []Neighbor) {
					want := tree.KNN(c.At(int(sample[j])), k, nil)
					mu.Lock()
					defer mu.Unlock()
					seen[j]++
					if !slices.Equal(near, want) {
						t.Errorf("%s, k %d, point %d: %v, want %v", name, k, sample[j], near, want)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if slices.Min(seen) != 1 || slices.Max(seen) != 1 {
					t.Fatalf("%s, k %d: some points are not answered once", name, k)
				}
			}
		}
	}
}
