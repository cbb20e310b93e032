package mapeval_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/mapeval"
)

// metrics_spro: the trees of the reference run, and its figures.
func TestRateLOCO(t *testing.T) {
	var oracle struct {
		Datasets []struct {
			Name     string
			Official map[string]struct {
				AUC            map[string]map[string]float64 `json:"auc_spro"`
				PerType        map[string]map[string]float64 `json:"per_defect_type"`
				Classification struct {
					AUC map[string]float64 `json:"auc_roc"`
				}
			}
		}
	}
	golden.JSON(t, "metrics_spro/spro.json", &oracle)
	const tolerance = 1e-9
	for _, d := range oracle.Datasets {
		root := golden.Shared(t, "oracles/metrics_spro/"+d.Name)
		r, err := mapeval.Rate(t.Context(), filepath.Join(root, "maps"), filepath.Join(root, "dataset"), mapeval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := mapeval.OfficialJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Localization struct {
				AUC map[string]map[string]float64 `json:"auc_spro"`
			}
			Classification struct {
				AUC map[string]float64 `json:"auc_roc"`
			}
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := d.Official["curve_max_distance=0.001"]
		near := func(what string, got, want map[string]float64) {
			t.Helper()
			if len(got) != len(want) {
				t.Fatalf("%s %s: %v, want %v", d.Name, what, got, want)
			}
			for k, v := range want {
				if !(math.Abs(got[k]-v) <= tolerance) {
					t.Errorf("%s %s %s: %v, want %v", d.Name, what, k, got[k], v)
				}
			}
		}
		for part, v := range want.AUC {
			near(part, got.Localization.AUC[part], v)
		}
		near("classification", got.Classification.AUC, want.Classification.AUC)
		for _, typ := range r.Classes[0].Types {
			areas := map[string]float64{}
			for _, a := range typ.Areas {
				limit := fmt.Sprint(a.Limit)
				if a.Limit == 1 {
					limit = "1.0"
				}
				areas[limit] = *a.Official
			}
			near(typ.Type, areas, want.PerType[typ.Type])
		}
	}
	root := golden.Shared(t, "oracles/metrics_spro/loco_ties")
	r, err := mapeval.Rate(t.Context(), filepath.Join(root, "maps"), filepath.Join(root, "dataset"), mapeval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Classes[0].Areas[0]; a.Official != nil || a.Exact != r.AUPRO || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "tied scores") {
		t.Errorf("tied scores: %+v, notes %q", a, r.Notes)
	}
	if err := mapeval.OfficialJSON(io.Discard, r); !errors.Is(err, mapeval.ErrUndefined) {
		t.Errorf("official document of tied scores: %v", err)
	}
}

func TestOfficialJSON(t *testing.T) {
	s := newSet(t)
	r, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := mapeval.OfficialJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var class struct {
		AUPRO float64   `json:"au_pro"`
		AUROC float64   `json:"classification_au_roc"`
		FPR   []float64 `json:"classification_roc_curve_fpr"`
		TPR   []float64 `json:"classification_roc_curve_tpr"`
	}
	if err := json.Unmarshal(got["nut"], &class); err != nil {
		t.Fatal(err)
	}
	area := 0.0
	for i := 1; i < len(class.FPR); i++ {
		area += (class.FPR[i] - class.FPR[i-1]) * (class.TPR[i] + class.TPR[i-1]) / 2
	}
	if class.AUPRO != r.AUPRO || class.AUROC != r.ImageAUROC || math.Abs(area-r.ImageAUROC) > 1e-12 || string(got["mean_au_pro"]) == "" || len(got) != 3 {
		t.Errorf("%s", b.Bytes())
	}
}
