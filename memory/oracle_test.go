package memory

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
)

// The expected values were computed by BTF's program (revision 612eb7b, torch
// 1.13.1) and, as "exact", by the same formulas in float64.
const (
	exactDistance = 1e-9 // float64 sums in another order
	scoreRelative = 1e-7 // the reference rounds √D to float32
	grey          = 1.0  // level of the 8-bit blurred map
	radiusError   = 1e-5 // radii recorded from float32 distances
)

type scoringCase struct {
	Name          string
	Bank, Queries refOrNote
	Reference     struct {
		SegMap golden.Ref `json:"seg_map_224"`
	}
	Exact struct {
		SIdx   int     `json:"s_idx"`
		SStar  float64 `json:"s_star"`
		MStar  int32   `json:"m_star_idx"`
		W, S   float64
		MinVal golden.Ref `json:"min_val"`
	} `json:"exact_float64"`
}

type patchcoreOracle struct {
	Scoring []scoringCase
	Coreset []struct {
		Name    string
		Z       golden.Ref
		N       int
		Float64 []int32 `json:"indices_float64_own"`
		Float32 []int32 `json:"indices_float32"`
		Radius  float64 `json:"covering_radius"`
	}
}

// refOrNote is an array, or a sentence saying how another case's array is used.
type refOrNote struct{ golden.Ref }

func (r *refOrNote) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return nil
	}
	return json.Unmarshal(b, &r.Ref)
}

// inputs returns the tables of a case; those that the oracle describes in words
// are put together from the first case's.
func (o *patchcoreOracle) inputs(t *testing.T, i int) (bank, queries *Rows) {
	c := o.Scoring[i]
	if c.Bank.File != "" {
		return table(t, c.Bank.Ref), table(t, c.Queries.Ref)
	}
	if c.Name == "fpfh_scale_f64" {
		return o.inputs(t, slices.IndexFunc(o.Scoring, func(c scoringCase) bool { return c.Name == "fpfh_scale" }))
	}
	bank, queries = o.inputs(t, 0)
	head := func(r *Rows, n int) *Rows { return &Rows{N: n, D: r.D, Data: r.Data[:n*r.D]} }
	switch c.Name {
	case "exact_hits":
		queries = &Rows{}
		for range 3 {
			queries.Append(bank)
		}
		queries.Append(head(bank, 184))
	case "bank_with_duplicates":
		first := head(bank, 60)
		bank = &Rows{}
		bank.Append(first)
		bank.Append(first)
	case "bank3":
		bank = head(bank, 3)
	default:
		t.Fatalf("case %s has no inputs", c.Name)
	}
	return bank, queries
}

func table(t *testing.T, r golden.Ref) *Rows {
	return &Rows{N: r.Shape[0], D: r.Shape[1], Data: golden.NPY(t, r.File).Float32s()}
}

func TestOracleScoring(t *testing.T) {
	var o patchcoreOracle
	golden.JSON(t, "patchcore/patchcore.json", &o)
	for i, c := range o.Scoring {
		t.Run(c.Name, func(t *testing.T) {
			rows, q := o.inputs(t, i)
			bank, err := NewBank(rows, 2)
			if err != nil {
				t.Fatal(err)
			}
			hits, err := bank.Nearest(t.Context(), q, 1)
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, want := range golden.NPY(t, c.Exact.MinVal.File).Float64s() {
				worst = max(worst, math.Abs(hits[i].Dist-want))
			}
			t.Logf("nearest distance off by %.2g at most", worst)
			if worst > exactDistance {
				t.Errorf("nearest distance off by %g", worst)
			}
			s, err := bank.ImageScore(t.Context(), q, hits)
			if err != nil {
				t.Fatal(err)
			}
			if s.Query != c.Exact.SIdx || math.Abs(s.Star-c.Exact.SStar) > exactDistance {
				t.Errorf("largest distance %v at query %d, want %v at %d", s.Star, s.Query, c.Exact.SStar, c.Exact.SIdx)
			}
			if row := hits[s.Query].Row; row != c.Exact.MStar && c.Name != "bank_with_duplicates" {
				t.Errorf("nearest row %d, want %d", row, c.Exact.MStar)
			}
			if math.Abs(s.Weight-c.Exact.W) > scoreRelative || math.Abs(s.Value-c.Exact.S) > scoreRelative*c.Exact.S {
				t.Errorf("score %v (weight %v), want %v (%v)", s.Value, s.Weight, c.Exact.S, c.Exact.W)
			}
			if c.Reference.SegMap.File == "" {
				return
			}
			m := grid.New(28, 28, 1)
			for i, h := range hits {
				m.Data[i] = float32(h.Dist)
			}
			got := grid.BlurBTF(grid.ResizeBilinear(m, 224, 224), 4)
			want := golden.NPY(t, c.Reference.SegMap.File).Float64s()
			level := c.Exact.SStar / 255 // the map is quantised before the blur
			for i, w := range want {
				if math.Abs(float64(got.Data[i])-w) > grey*level*1.001 {
					t.Fatalf("map pixel %d: %v, want %v within a grey level (%v)", i, got.Data[i], w, level)
				}
			}
		})
	}
}

func TestOracleCoreset(t *testing.T) {
	var o patchcoreOracle
	golden.JSON(t, "patchcore/patchcore.json", &o)
	for _, c := range o.Coreset {
		t.Run(c.Name, func(t *testing.T) {
			got, err := Greedy(t.Context(), table(t, c.Z), c.N, 2)
			if err != nil {
				t.Fatal(err)
			}
			want := c.Float64
			if want == nil {
				want = c.Float32
			}
			if got.Radius == 0 { // all distinct rows taken; the reference repeats row 0
				for _, i := range want[len(got.Index):] {
					if i != 0 {
						t.Fatalf("%d picks, but the reference goes on to %d", len(got.Index), i)
					}
				}
				want = want[:len(got.Index)]
			}
			if !slices.Equal(got.Index, want) {
				t.Errorf("picks %v, want %v", got.Index, want)
			}
			if math.Abs(got.Radius-c.Radius) > radiusError {
				t.Errorf("radius %v, want %v", got.Radius, c.Radius)
			}
		})
	}
}

func TestSmallBank(t *testing.T) {
	bank, err := NewBank(&Rows{N: 2, D: 1, Data: []float32{1, 2}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	q := &Rows{N: 1, D: 1, Data: []float32{5}}
	hits, err := bank.Nearest(t.Context(), q, 9)
	if err != nil || len(hits) != 2 {
		t.Fatalf("hits %v, error %v; want both rows", hits, err)
	}
	if _, err := bank.ImageScore(t.Context(), q, hits); !errors.Is(err, ErrSmallBank) {
		t.Errorf("error %v, want %v", err, ErrSmallBank)
	}
}
