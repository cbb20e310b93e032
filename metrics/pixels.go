package metrics

import "fmt"

// Pixels pools the pixels of a test set for the pixel metrics. Sound pixels are
// packed as they come: a float32 score takes little more than a byte, a float64
// one some 6, and 64 MiB are needed on top while they are collected. A defect
// pixel takes some 50 bytes. The images can be dropped once added.
//
// The zero value is empty and ready. A Pixels must not be used by two
// goroutines at once, not even for reading figures.
type Pixels[S Score] struct {
	images  int
	open    pile[S]      // sound scores that are not packed yet
	runs    []*sortedRun // those that are
	ok      int          // sound pixels, open and packed
	defects int          // defect pixels
	regions []region

	// The score of each defect pixel and the region it lies in, once for each
	// region; all occurrences of a pixel but one have −1−region.
	defect []S
	member []int32

	rank *ranking[S] // of all of them; nil after a change

	labels labeller
	owned  []bool
}

// region is a defect region or a channel.
type region struct {
	size   int
	full   float64 // pixels found that count as all: size, or the saturation
	kind   string
	serial int // of the image
	origin origin
}

// origin is what made a region.
type origin uint8

const (
	fromMask origin = iota
	fromChannel
	fromCluster
)

// packAt is how many sound scores are collected before they are packed.
const packAt = 1 << 24

// Add adds an image. Its 8-connected truth regions, or its channels, become
// regions of the pool. An error ([ErrEmpty], [ErrLength], [ErrNotFinite],
// [ErrOption], [ErrSaturation], [ErrNoRegion] for an empty channel) names the
// image by the number of those added before it, and leaves the pool as it was.
func (p *Pixels[S]) Add(m Image[S]) error {
	err := m.check()
	if err == nil {
		switch {
		case m.Channels != nil:
			err = p.addChannels(m)
		case m.Truth != nil:
			err = p.addTruth(m)
		default:
			p.sound(m.Scores)
		}
	}
	if err != nil {
		return fmt.Errorf("metrics: image %d: %w", p.images, err)
	}
	p.added()
	return nil
}

func (p *Pixels[S]) added() {
	p.images++
	p.rank = nil
	if p.open.n >= packAt {
		p.Pack()
	}
}

// Pack frees what the collection of sound scores takes until the next image is
// added. It need not be called; it serves a program that fills many pools in
// turn.
func (p *Pixels[S]) Pack() {
	if p.open.n > 0 {
		p.runs = append(p.runs, pack(&p.open))
		p.open = pile[S]{}
	}
}

func (p *Pixels[S]) sound(scores []S) {
	p.open.add(scores)
	p.ok += len(scores)
}

func (p *Pixels[S]) addTruth(m Image[S]) error {
	runs, n := p.labels.find(m.Truth, m.Width)
	found := make([]region, n)
	area, measured := make([]float64, n), make([]int, n)
	for _, r := range runs {
		found[r.region].size += r.to - r.from
		if m.PixelArea == nil {
			continue
		}
		for _, a := range m.PixelArea[r.from:r.to] {
			if a > 0 && a-a == 0 {
				area[r.region] += float64(a)
				measured[r.region]++
			}
		}
	}
	for i := range found {
		found[i].serial = m.Serial
		var err error
		if found[i].full, err = m.Saturation.of(found[i].size, area[i]/float64(max(1, measured[i]))); err != nil {
			return err
		}
	}
	first := len(p.regions)
	p.regions = append(p.regions, found...)
	done := 0
	for _, r := range runs {
		p.sound(m.Scores[done:r.from])
		id := int32(first) + r.region
		p.defect = append(p.defect, m.Scores[r.from:r.to]...)
		for range r.to - r.from {
			p.member = append(p.member, id)
		}
		p.defects += r.to - r.from
		done = r.to
	}
	p.sound(m.Scores[done:])
	return nil
}

func (p *Pixels[S]) addChannels(m Image[S]) error {
	found := make([]region, len(m.Channels))
	for k, c := range m.Channels {
		for _, d := range c.Mask {
			if d {
				found[k].size++
			}
		}
		if found[k].size == 0 {
			return fmt.Errorf("channel %d: %w", k, ErrNoRegion)
		}
		found[k].full, found[k].kind = min(c.Saturation, float64(found[k].size)), c.Kind
		found[k].serial, found[k].origin = m.Serial, fromChannel
	}
	first := len(p.regions)
	p.regions = append(p.regions, found...)
	if cap(p.owned) < len(m.Scores) {
		p.owned = make([]bool, len(m.Scores))
	}
	owned := p.owned[:len(m.Scores)]
	clear(owned)
	for k, c := range m.Channels {
		for i, d := range c.Mask {
			if !d {
				continue
			}
			id := int32(first + k)
			if owned[i] {
				id = -1 - id
			} else {
				owned[i] = true
				p.defects++
			}
			p.defect, p.member = append(p.defect, m.Scores[i]), append(p.member, id)
		}
	}
	for i := 0; i < len(owned); i++ {
		from := i
		for i < len(owned) && !owned[i] {
			i++
		}
		p.sound(m.Scores[from:i])
	}
	return nil
}

// Images returns the number of images and clouds added.
func (p *Pixels[S]) Images() int { return p.images }

// Regions returns the number of defect regions in all images.
func (p *Pixels[S]) Regions() int { return len(p.regions) }

// RegionsOf returns how many of them are channels of a kind.
func (p *Pixels[S]) RegionsOf(kind string) int {
	n := 0
	for _, r := range p.regions {
		if r.kind == kind {
			n++
		}
	}
	return n
}

// OKPixels returns the number of sound pixels in all images.
func (p *Pixels[S]) OKPixels() int { return p.ok }

// DefectPixels returns the number of defect pixels in all images.
func (p *Pixels[S]) DefectPixels() int { return p.defects }

// ROCAUC is [ROCAUC] of all pixels.
func (p *Pixels[S]) ROCAUC() (Figure, error) {
	r, err := p.ranking()
	if err != nil {
		return Figure{}, err
	}
	return r.rocAUC()
}

// AveragePrecision is [AveragePrecision] of all pixels.
func (p *Pixels[S]) AveragePrecision() (Figure, error) {
	r, err := p.ranking()
	if err != nil {
		return Figure{}, err
	}
	return r.averagePrecision()
}

// AUPRTrapezoid is [AUPRTrapezoid] of all pixels.
func (p *Pixels[S]) AUPRTrapezoid() (Figure, error) {
	r, err := p.ranking()
	if err != nil {
		return Figure{}, err
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

// IoUMax is [IoUMax] of all pixels.
func (p *Pixels[S]) IoUMax() (IoUOptimum, error) {
	r, err := p.ranking()
	if err != nil {
		return IoUOptimum{}, err
	}
	return r.iouMax()
}

func (p *Pixels[S]) ranking() (*ranking[S], error) {
	if p.images == 0 {
		return nil, fmt.Errorf("metrics: %w: no image", ErrEmpty)
	}
	if p.rank == nil {
		p.Pack()
		p.defect, p.member = sortTagged(p.defect, p.member)
		p.rank = newRanking(p.runs, p.defect, p.member)
	}
	return p.rank, nil
}

// Union returns a pool of the images of all parts: of the good ones and those
// with one kind of defect, say. It shares the packed scores with them and does
// not change when images are added to a part afterwards.
func Union[S Score](parts ...*Pixels[S]) *Pixels[S] {
	u := new(Pixels[S])
	for _, p := range parts {
		p.Pack()
		u.images += p.images
		u.ok += p.ok
		u.defects += p.defects
		u.runs = append(u.runs, p.runs...)
		u.defect = append(u.defect, p.defect...)
		first := int32(len(u.regions))
		for _, id := range p.member {
			if id < 0 {
				id -= first
			} else {
				id += first
			}
			u.member = append(u.member, id)
		}
		u.regions = append(u.regions, p.regions...)
	}
	return u
}

// PixelROCAUC returns [ROCAUC] of all pixels of the images. Where the AU-PRO is
// wanted too, [Pixels] does the work of both once.
func PixelROCAUC[S Score](images []Image[S]) (Figure, error) {
	p, err := pool(images)
	if err != nil {
		return Figure{}, err
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
