package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// inspection makes n score maps of size×size, one in four of a good part, the
// others with up to three elliptical defects whose pixels score higher. Sums of
// sines give the sound pixels smooth, all but tie-free scores.
func inspection(n, size int, seed uint64) []Image[float32] {
	rng := rand.New(rand.NewPCG(seed, 1))
	images := make([]Image[float32], n)
	for k := range images {
		m := Image[float32]{Width: size, Height: size, Scores: make([]float32, size*size), Truth: make([]bool, size*size)}
		fx, fy, ph := 5+20*rng.Float64(), 5+20*rng.Float64(), 7*rng.Float64()
		for i := range m.Scores {
			x, y := float64(i%size)/float64(size), float64(i/size)/float64(size)
			m.Scores[i] = float32(0.5 + 0.1*math.Sin(fx*x+ph)*math.Sin(fy*y) + 0.05*rng.NormFloat64())
		}
		for range k % 4 {
			cx, cy, r := 0.2+0.6*rng.Float64(), 0.2+0.6*rng.Float64(), 0.02+0.06*rng.Float64()
			lift := float32(0.1 + 0.5*rng.Float64())
			for i := range m.Scores {
				x, y := float64(i%size)/float64(size)-cx, float64(i/size)/float64(size)-cy
				if x*x+2*y*y < r*r {
					m.Truth[i] = true
					m.Scores[i] += lift
				}
			}
		}
		images[k] = m
	}
	return images
}

func BenchmarkROCAUC(b *testing.B) {
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(1, 2))
	scores, labels := make([]float32, n), make([]bool, n)
	for i := range scores {
		scores[i], labels[i] = rng.Float32(), rng.IntN(20) == 0
	}
	b.SetBytes(4 * n)
	for b.Loop() {
		if _, err := ROCAUC(scores, labels); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAUPRO(b *testing.B) {
	images := inspection(20, 400, 3)
	for _, c := range []struct {
		name string
		o    PROOptions
	}{{"official", PROOptions{}}, {"exact", PROOptions{Exact: true}}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4 * 20 * 400 * 400)
			for b.Loop() {
				if _, err := AUPRO(images, OfficialLimit, c.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPixels pools maps of 800×800 one after the other, as they would come
// from files, and takes the pixel ROC AUC and the AU-PRO, exact and official.
func BenchmarkPixels(b *testing.B) {
	images := inspection(20, 800, 3)
	b.SetBytes(4 * 20 * 800 * 800)
	b.ReportAllocs()
	for b.Loop() {
		var p Pixels[float32]
		for _, m := range images {
			if err := p.Add(m); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := p.ROCAUC(); err != nil {
			b.Fatal(err)
		}
		for _, o := range []PROOptions{{}, {Exact: true}} {
			if _, err := p.PROAreas(o, Limits()...); err != nil {
				b.Fatal(err)
			}
		}
		packed := 0
		for _, r := range p.runs {
			packed += len(r.data) + 16*len(r.first)
		}
		b.ReportMetric(float64(packed)/float64(p.ok), "bytes/pixel")
	}
}
