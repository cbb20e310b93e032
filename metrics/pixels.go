package metrics

import (
	"fmt"

	"github.com/iad3d/iad3d/grid"
)

// Image is the score map of one image with its ground truth, both row-major:
// pixel (x, y) at y·Width + x. Every pixel counts, as in the published scripts:
// one without a measurement needs a score like any other.
type Image[S Score] struct {
	Width, Height int
	Scores        []S
	Truth         []bool // true: defect. nil: a good image
}

// FromMap returns the image of a map with one channel; it shares the map's
// data. The map's Valid flags are not looked at, see [Image]. A map with more
// channels gives an image that every function rejects with [ErrLength].
func FromMap(m *grid.Map, truth []bool) Image[float32] {
	return Image[float32]{Width: m.W, Height: m.H, Scores: m.Data, Truth: truth}
}

func (m Image[S]) check() error {
	n := len(m.Scores)
	switch {
	case m.Width < 0 || m.Height < 0 || m.Width > 0 && (n%m.Width != 0 || n/m.Width != m.Height) || m.Width == 0 && n != 0:
		return fmt.Errorf("%w: %d×%d pixels, %d scores", ErrLength, m.Width, m.Height, n)
	case n == 0:
		return ErrEmpty
	case m.Truth != nil && len(m.Truth) != n:
		return fmt.Errorf("%w: %d scores, %d truth pixels", ErrLength, n, len(m.Truth))
	}
	if i := notFinite(m.Scores); i >= 0 {
		return fmt.Errorf("pixel (%d, %d): %w: %v", i%m.Width, i/m.Width, ErrNotFinite, m.Scores[i])
	}
	return nil
}

// Pixels pools the pixels of a test set for the pixel metrics. Each sound pixel
// costs the size of its score and nothing else, a defect pixel some 16 bytes
// more; the images can be dropped once added. The first figure asked for sorts
// the pool in place, the others reuse the order.
//
// The zero value is empty and ready. A Pixels must not be used by two
// goroutines at once, not even for reading figures.
type Pixels[S Score] struct {
	images int
	ok     pile[S]
	defect []S     // scores of the defect pixels of all images
	region []int32 // the region that each of them lies in; fewer than a quarter of the pixels can be one each
	sizes  []int   // pixels of each region
	sorted bool    // ok, defect and region are in ascending order of score
	labels labeller
}

// Add adds an image. Its 8-connected truth regions become regions of the pool.
// An error ([ErrEmpty], [ErrLength], [ErrNotFinite]) names the image by the
// number of those added before it, and leaves the pool as it was.
func (p *Pixels[S]) Add(m Image[S]) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("metrics: image %d: %w", p.images, err)
	}
	p.images++
	p.sorted = false
	if m.Truth == nil {
		p.ok.add(m.Scores)
		return nil
	}
	runs, regions := p.labels.find(m.Truth, m.Width)
	first := len(p.sizes)
	p.sizes = append(p.sizes, make([]int, regions)...)
	done := 0
	for _, r := range runs {
		p.ok.add(m.Scores[done:r.from])
		id := int32(first) + r.region
		p.defect = append(p.defect, m.Scores[r.from:r.to]...)
		for range r.to - r.from {
			p.region = append(p.region, id)
		}
		p.sizes[id] += r.to - r.from
		done = r.to
	}
	p.ok.add(m.Scores[done:])
	return nil
}

// Images returns the number of images added.
func (p *Pixels[S]) Images() int { return p.images }

// Regions returns the number of defect regions in all images.
func (p *Pixels[S]) Regions() int { return len(p.sizes) }

// OKPixels returns the number of sound pixels in all images.
func (p *Pixels[S]) OKPixels() int { return p.ok.n }

// DefectPixels returns the number of defect pixels in all images.
func (p *Pixels[S]) DefectPixels() int { return len(p.defect) }

// ROCAUC is [ROCAUC] of all pixels.
func (p *Pixels[S]) ROCAUC() (float64, error) {
	r, err := p.ranking()
	if err != nil {
		return 0, err
	}
	return r.rocAUC()
}

// AveragePrecision is [AveragePrecision] of all pixels.
func (p *Pixels[S]) AveragePrecision() (float64, error) {
	r, err := p.ranking()
	if err != nil {
		return 0, err
	}
	return r.averagePrecision()
}

// AUPRTrapezoid is [AUPRTrapezoid] of all pixels.
func (p *Pixels[S]) AUPRTrapezoid() (float64, error) {
	r, err := p.ranking()
	if err != nil {
		return 0, err
	}
	return r.auprTrapezoid()
}

// F1Max is [F1Max] of all pixels.
func (p *Pixels[S]) F1Max() (F1Optimum, error) {
	r, err := p.ranking()
	if err != nil {
		return F1Optimum{}, err
	}
	return r.f1Max()
}

func (p *Pixels[S]) ranking() (ranking[S], error) {
	if p.images == 0 {
		return ranking[S]{}, fmt.Errorf("metrics: %w: no image", ErrEmpty)
	}
	if !p.sorted {
		p.ok.sort(sortBlock)
		p.defect, p.region = sortTagged(p.defect, p.region)
		p.sorted = true
	}
	return ranking[S]{ok: &p.ok, defect: p.defect}, nil
}

// PixelROCAUC returns [ROCAUC] of all pixels of the images. Where the AU-PRO is
// wanted too, [Pixels] does the work of both once.
func PixelROCAUC[S Score](images []Image[S]) (float64, error) {
	p, err := pool(images)
	if err != nil {
		return 0, err
	}
	return p.ROCAUC()
}

func pool[S Score](images []Image[S]) (*Pixels[S], error) {
	p := new(Pixels[S])
	for _, m := range images {
		if err := p.Add(m); err != nil {
			return nil, err
		}
	}
	return p, nil
}
