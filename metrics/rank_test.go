package metrics

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/iad3d/iad3d/internal/golden"
)

// oracleTolerance is for values of the reference programs: both sides count
// pixels exactly and differ in float64 summation alone.
const oracleTolerance = 1e-9

type rankCase struct {
	Name       string
	ScoreDType string `json:"score_dtype"`
	Labels     []int
	Scores     []golden.Float
	LabelsFile golden.Ref `json:"labels_file"`
	ScoresFile golden.Ref `json:"scores_file"`
	Expected   struct {
		ROCAUC    json.RawMessage `json:"roc_auc"`
		AP        json.RawMessage `json:"average_precision"`
		AUPR      json.RawMessage `json:"aupr_trapezoid"`
		F1Max     json.RawMessage `json:"f1max"`
		Error     string
		Value     float64
		Rational  []string  `json:"roc_auc_exact_rational"`
		F1        []string  `json:"f1max_exact_rational"`
		AllArgmax []float64 `json:"f1max_all_argmax_thresholds_low_to_high"`
	}
}

func (c *rankCase) load(t *testing.T) ([]float64, []bool) {
	if c.ScoresFile.File != "" {
		scores := golden.NPY(t, c.ScoresFile.File).Float64s()
		return scores, isDefect(golden.NPY(t, c.LabelsFile.File).Uint8s())
	}
	var scores []float64
	for _, s := range c.Scores {
		scores = append(scores, float64(s))
	}
	return scores, isDefect(c.Labels)
}

func isDefect[T int | uint8](labels []T) []bool {
	b := make([]bool, len(labels))
	for i, l := range labels {
		b[i] = l > 0
	}
	return b
}

// metrics_rank/rank_metrics.json: scikit-learn 1.2.1 on synthetic scores, with
// exact rationals beside.
func TestRankMetricsAgainstScikitLearn(t *testing.T) {
	var oracle struct {
		Cases      []rankCase
		ErrorCases []rankCase `json:"error_cases"`
	}
	golden.JSON(t, "metrics_rank/rank_metrics.json", &oracle)
	for _, c := range oracle.Cases {
		t.Run(c.Name, func(t *testing.T) {
			scores, labels := c.load(t)
			if c.ScoreDType == "float32" {
				checkRankCase(t, &c, toFloat32(scores), labels)
			}
			checkRankCase(t, &c, scores, labels)
		})
	}
	sentinels := map[string]error{
		"nan_score": ErrNotFinite, "inf_score": ErrNotFinite, "empty": ErrEmpty, "length_mismatch": ErrLength,
	}
	for _, c := range oracle.ErrorCases {
		t.Run(c.Name, func(t *testing.T) {
			if c.Name == "labels_0_1_2" {
				return // three classes; a []bool cannot hold them
			}
			scores, labels := c.load(t)
			want := sentinels[c.Name]
			auc, err := ROCAUC(scores, labels)
			if (c.Expected.Error != "") != (want != nil) || !errors.Is(err, want) || auc.Value != c.Expected.Value {
				t.Errorf("ROCAUC = %v, %v; want %v, %v", auc, err, c.Expected.Value, want)
			}
			if want == nil {
				return
			}
			_, ap := AveragePrecision(scores, labels)
			_, aupr := AUPRTrapezoid(scores, labels)
			_, f1 := F1Max(scores, labels)
			_, count := Confuse(scores, labels, 0, AtLeast)
			for _, err := range []error{ap, aupr, f1, count} {
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
		})
	}
}

func checkRankCase[S Score](t *testing.T, c *rankCase, scores []S, labels []bool) {
	t.Helper()
	near := func(name string, raw json.RawMessage, got float64, err error) {
		t.Helper()
		var want float64
		if json.Unmarshal(raw, &want) != nil { // an error, or a value beside a warning
			if !errors.Is(err, ErrOneClass) {
				t.Errorf("%s = %v, %v; want ErrOneClass, the reference has %s", name, got, err, raw)
			}
			return
		}
		if err != nil || !(math.Abs(got-want) <= oracleTolerance) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, want)
		}
	}
	auc, err := ROCAUC(scores, labels)
	near("ROCAUC", c.Expected.ROCAUC, auc.Value, err)
	if r := c.Expected.Rational; r != nil && auc.Value != ratio(t, r) {
		t.Errorf("ROCAUC = %v, want %v rounded once", auc, r)
	}
	ap, err := AveragePrecision(scores, labels)
	near("AveragePrecision", c.Expected.AP, ap.Value, err)
	aupr, err := AUPRTrapezoid(scores, labels)
	near("AUPRTrapezoid", c.Expected.AUPR, aupr.Value, err)

	f, err := F1Max(scores, labels)
	var best struct {
		F1        json.RawMessage
		Threshold float64 `json:"threshold_first_argmax"`
	}
	if json.Unmarshal(c.Expected.F1Max, &best) != nil {
		t.Fatalf("f1max %s", c.Expected.F1Max)
	}
	if best.F1 == nil { // no positive: scikit-learn warns and gives 0
		best.F1 = json.RawMessage(`{}`)
	}
	near("F1Max", best.F1, f.F1, err)
	if err != nil {
		return
	}
	if r := c.Expected.F1; r != nil && f.F1 != ratio(t, r) {
		t.Errorf("F1Max = %v, want %v rounded once", f.F1, r)
	}
	if f.Threshold != best.Threshold {
		t.Errorf("F1Max threshold %v, want the first argmax %v of %v", f.Threshold, best.Threshold, c.Expected.AllArgmax)
	}
	if n, err := Confuse(scores, labels, f.Threshold, AtLeast); err != nil || n != f.Counts {
		t.Errorf("F1Max counts %v; counting at its threshold gives %v, %v", f.Counts, n, err)
	}
}

func ratio(t *testing.T, r []string) float64 {
	num, err1 := strconv.ParseInt(r[0], 10, 64)
	den, err2 := strconv.ParseInt(r[1], 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return float64(num) / float64(den)
}

func toFloat32(v []float64) []float32 {
	w := make([]float32, len(v))
	for i := range v {
		w[i] = float32(v[i])
	}
	return w
}

// sample makes n scores with many ties among some levels, and labels that lean
// towards the high ones; both classes occur.
func sample(rng *rand.Rand, n, levels int) ([]float64, []bool) {
	scores, labels := make([]float64, n), make([]bool, n)
	for i := range scores {
		k := rng.IntN(levels)
		scores[i] = float64(k-levels/3) / 8
		labels[i] = rng.IntN(2*levels) < k
	}
	labels[0], labels[1] = true, false
	return scores, labels
}

// gonum's ROC curve, integrated by its trapezoid rule, is an independent
// implementation; both are float64 sums over at most 700 points.
func TestROCAUCAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 300 {
		scores, labels := sample(rng, 2+rng.IntN(700), 1+rng.IntN(100))
		got, err := ROCAUC(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		stat.SortWeightedLabeled(scores, labels, nil)
		tpr, fpr, _ := stat.ROC(nil, scores, labels, nil)
		want := integrate.Trapezoidal(fpr, tpr)
		if math.Abs(got.Value-want) > 1e-12 {
			t.Fatalf("ROCAUC = %v, gonum %v for %v %v", got, want, scores, labels)
		}
	}
}

// The definitions, over every distinct score as a threshold.
func slowRankMetrics(t *testing.T, scores []float64, labels []bool) (ap, aupr, f1, threshold float64) {
	t.Helper()
	levels := slices.Clone(scores)
	slices.Sort(levels)
	levels = slices.Compact(levels)
	recall, precision := 0.0, 1.0
	for _, level := range slices.Backward(levels) {
		c, err := Confuse(scores, labels, level, AtLeast)
		if err != nil {
			t.Fatal(err)
		}
		ap += (c.Recall() - recall) * c.Precision()
		aupr += (c.Recall() - recall) * (c.Precision() + precision) / 2
		recall, precision = c.Recall(), c.Precision()
		if c.F1() >= f1 {
			f1, threshold = c.F1(), level
		}
	}
	return ap, aupr, f1, threshold
}

func TestRankMetricsAgainstDefinitions(t *testing.T) {
	const tolerance = 1e-12 // float64 sums of at most 60 terms
	rng := rand.New(rand.NewPCG(4, 1))
	for range 500 {
		scores, labels := sample(rng, 2+rng.IntN(150), 1+rng.IntN(60))
		ap, aupr, f1, threshold := slowRankMetrics(t, scores, labels)
		if got, err := AveragePrecision(scores, labels); err != nil || math.Abs(got.Value-ap) > tolerance {
			t.Fatalf("AveragePrecision = %v, %v; want %v", got, err, ap)
		}
		if got, err := AUPRTrapezoid(scores, labels); err != nil || math.Abs(got.Value-aupr) > tolerance {
			t.Fatalf("AUPRTrapezoid = %v, %v; want %v", got, err, aupr)
		}
		if got, err := F1Max(scores, labels); err != nil || got.F1 != f1 || got.Threshold != threshold {
			t.Fatalf("F1Max = %v, %v; want %v at %v", got, err, f1, threshold)
		}
	}
}

func TestRankMetricsInvariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for range 200 {
		scores, labels := sample(rng, 2+rng.IntN(300), 1+rng.IntN(50))
		auc, err := ROCAUC(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		ap, err := AveragePrecision(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		turned := make([]float64, len(scores))
		for i, s := range scores {
			turned[i] = -s
		}
		// 1 − auc rounds once more than the quotient of the counts.
		if got, _ := ROCAUC(turned, labels); math.Abs(got.Value-(1-auc.Value)) > 1e-15 {
			t.Errorf("ROCAUC of the negated scores %v, want 1 − %v", got, auc)
		}
		// x³ + x is strictly increasing, and exact for multiples of 1/8 up to 100.
		mapped := make([]float64, len(scores))
		for i, s := range scores {
			mapped[i] = s*s*s + s
		}
		order := rng.Perm(len(scores))
		shuffled, shuffledLabels := make([]float64, len(scores)), make([]bool, len(scores))
		for i, j := range order {
			shuffled[i], shuffledLabels[i] = mapped[j], labels[j]
		}
		if got, _ := ROCAUC(shuffled, shuffledLabels); got != auc {
			t.Errorf("ROCAUC mapped and shuffled %v, want the same bits as %v", got, auc)
		}
		if got, _ := AveragePrecision(shuffled, shuffledLabels); got != ap {
			t.Errorf("AveragePrecision mapped and shuffled %v, want the same bits as %v", got, ap)
		}
	}
}

// FuzzROCAUC compares with the definition, pair by pair.
func FuzzROCAUC(f *testing.F) {
	f.Add([]byte{1, 3, 2, 6, 9}, 1.0)
	f.Add([]byte{0, 1, 0, 1, 255, 254}, 5e-324)
	f.Add([]byte{7, 200, 31}, -1e300)
	f.Fuzz(func(t *testing.T, data []byte, scale float64) {
		data = data[:min(len(data), 400)]
		scores, labels := make([]float64, len(data)), make([]bool, len(data))
		for i, b := range data {
			scores[i] = float64(int8(b)>>1) * scale
			labels[i] = b&1 == 1
		}
		checkSlowAUC(t, scores, labels)
		checkSlowAUC(t, toFloat32(scores), labels)
	})
}

func checkSlowAUC[S Score](t *testing.T, scores []S, labels []bool) {
	t.Helper()
	var won, pairs float64
	finite := true
	for i, d := range scores {
		finite = finite && d-d == 0
		for j, ok := range scores {
			if !labels[i] || labels[j] {
				continue
			}
			pairs++
			switch {
			case d > ok:
				won++
			case d == ok:
				won += 0.5
			}
		}
	}
	got, err := ROCAUC(scores, labels)
	switch {
	case len(scores) == 0:
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("error %v, want ErrEmpty", err)
		}
	case !finite:
		if !errors.Is(err, ErrNotFinite) {
			t.Errorf("error %v, want ErrNotFinite", err)
		}
	case pairs == 0:
		if !errors.Is(err, ErrOneClass) {
			t.Errorf("error %v, want ErrOneClass", err)
		}
	case err != nil || got.Value != won/pairs:
		t.Errorf("ROCAUC(%v, %v) = %v, %v; want %v", scores, labels, got, err, won/pairs)
	}
}
