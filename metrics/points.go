package metrics

import "fmt"

// Points are the scores of an unorganised cloud with its ground truth.
type Points[S Score] struct {
	Scores []S
	// Region is the defect region of each point, 0, 1, …, each with a point; −1
	// for a sound one. [Connect] makes it from labels. Nil: a good cloud.
	Region []int32
	// Saturation is how much of a region has to be found: Pixels counts points.
	// Area is not defined for points.
	Saturation Saturation
}

// AddPoints adds a cloud, as [Pixels.Add] an image: points take the place of
// pixels in every figure.
func (p *Pixels[S]) AddPoints(c Points[S]) error {
	regions, err := c.regions()
	if err != nil {
		return fmt.Errorf("metrics: cloud %d: %w", p.images, err)
	}
	first := int32(len(p.regions))
	p.regions = append(p.regions, regions...)
	if c.Region == nil {
		p.sound(c.Scores)
	}
	for i, id := range c.Region {
		if id < 0 {
			p.sound(c.Scores[i : i+1])
			continue
		}
		p.defect, p.member = append(p.defect, c.Scores[i]), append(p.member, first+id)
		p.defects++
	}
	p.added()
	return nil
}

func (c Points[S]) regions() ([]region, error) {
	switch {
	case len(c.Scores) == 0:
		return nil, ErrEmpty
	case c.Region != nil && len(c.Region) != len(c.Scores):
		return nil, fmt.Errorf("%w: %d scores, %d regions", ErrLength, len(c.Scores), len(c.Region))
	case c.Saturation.Area != 0:
		return nil, fmt.Errorf("%w: points have no area", ErrOption)
	}
	if err := c.Saturation.check(); err != nil {
		return nil, err
	}
	if i := notFinite(c.Scores); i >= 0 {
		return nil, fmt.Errorf("point %d: %w: %v", i, ErrNotFinite, c.Scores[i])
	}
	var regions []region
	for i, id := range c.Region {
		if id < -1 || int(id) >= len(c.Region) {
			return nil, fmt.Errorf("point %d: %w: region %d", i, ErrOption, id)
		}
		for int(id) >= len(regions) {
			regions = append(regions, region{origin: fromCluster})
		}
		if id >= 0 {
			regions[id].size++
		}
	}
	for k := range regions {
		if regions[k].size == 0 {
			return nil, fmt.Errorf("%w: region %d has no point", ErrOption, k)
		}
		regions[k].full, _ = c.Saturation.of(regions[k].size, 0) // fails with an area only
	}
	return regions, nil
}

// Connect numbers the connected clusters of defect points 0, 1, … in order of
// each one's first point, and gives sound points −1. Two defect points are
// connected when one is among the neighbours of the other, as a radius search
// finds them; neighbours is called once for each defect point, and what it
// returns may hold any points and is not kept. An index that is none of a point
// is an [ErrLength].
func Connect(defect []bool, neighbours func(i int) []int32) (region []int32, n int, err error) {
	parent := make([]int32, len(defect)) // of each point; roots, the first of their cluster, point at themselves
	for i := range parent {
		parent[i] = int32(i)
	}
	root := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i, d := range defect {
		if !d {
			continue
		}
		for _, j := range neighbours(i) {
			if j < 0 || int(j) >= len(defect) {
				return nil, 0, fmt.Errorf("metrics: %w: neighbour %d of point %d, there are %d points", ErrLength, j, i, len(defect))
			}
			if defect[j] {
				a, b := root(int32(i)), root(j)
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	region = make([]int32, len(defect))
	for i, d := range defect {
		switch r := root(int32(i)); {
		case !d:
			region[i] = -1
		case r == int32(i):
			region[i] = int32(n)
			n++
		default:
			region[i] = region[r]
		}
	}
	return region, n, nil
}
