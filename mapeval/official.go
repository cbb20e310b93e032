package mapeval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/iad3d/iad3d/io/groundtruth"
)

// OfficialJSON writes the document that the data set's official script writes as
// metrics.json: for MVTec AD, MVTec 3D-AD and Eyecandies, which has no script of
// its own, au_pro up to the first limit, classification_au_roc and its curve for
// each class, and the means; for MVTec LOCO auc_spro and auc_roc, the latter with
// the script's way to treat ties. That script takes one class: of several, the
// document has one such object for each, by name.
//
// A class whose official area is not defined is an [ErrUndefined].
func OfficialJSON(w io.Writer, r *Report) error {
	var document any
	var err error
	if r.Layout == groundtruth.LOCO {
		document, err = officialLOCO(r)
	} else {
		document, err = officialMVTec(r)
	}
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	return e.Encode(document)
}

func officialMVTec(r *Report) (any, error) {
	document := map[string]any{}
	pro, roc := 0.0, 0.0
	for _, c := range r.Classes {
		if c.Areas[0].Official == nil {
			return nil, fmt.Errorf("%w: %s: no official area", ErrUndefined, c.Class)
		}
		fpr, tpr := c.officialROC()
		document[c.Class] = map[string]any{
			"au_pro":                       *c.Areas[0].Official,
			"classification_au_roc":        c.ImageFigures.AUROC,
			"classification_roc_curve_fpr": fpr,
			"classification_roc_curve_tpr": tpr,
		}
		pro += *c.Areas[0].Official
		roc += c.ImageFigures.AUROC
	}
	n := float64(len(r.Classes))
	document["mean_au_pro"], document["mean_classification_au_roc"] = pro/n, roc/n
	return document, nil
}

// officialROC returns the script's curve: (0, 0) and a point for each distinct
// score, good and defective.
func (c *Class) officialROC() (fpr, tpr []float64) {
	scans := slices.Clone(c.Scans)
	slices.SortFunc(scans, func(a, b Scan) int { return cmp.Compare(b.Score, a.Score) })
	fp, tp := 0, 0
	fpr, tpr = []float64{0}, []float64{0}
	for i, s := range scans {
		if s.Kind == groundtruth.Good {
			fp++
		} else {
			tp++
		}
		if i == len(scans)-1 || scans[i+1].Score != s.Score {
			fpr, tpr = append(fpr, float64(fp)/float64(c.Good)), append(tpr, float64(tp)/float64(c.Defective))
		}
	}
	return fpr, tpr
}

func officialLOCO(r *Report) (any, error) {
	if len(r.Classes) == 1 {
		return r.Classes[0].officialLOCO()
	}
	document := map[string]any{}
	for _, c := range r.Classes {
		var err error
		if document[c.Class], err = c.officialLOCO(); err != nil {
			return nil, err
		}
	}
	return document, nil
}

func (c *Class) officialLOCO() (any, error) {
	spro := map[string]map[string]float64{"mean": {}}
	roc := map[string]float64{}
	sum := 0.0
	areas := func(of []Area) (map[string]float64, error) {
		m := map[string]float64{}
		for _, a := range of {
			if a.Official == nil {
				return nil, fmt.Errorf("%w: %s: no official area, because scores are tied", ErrUndefined, c.Class)
			}
			m[pythonFloat(a.Limit)] = *a.Official
		}
		return m, nil
	}
	var err error
	for _, k := range c.Kinds {
		if k.PixelFigures == nil {
			continue
		}
		if spro[k.Kind], err = areas(k.Areas); err != nil {
			return nil, err
		}
		roc[k.Kind] = c.loco[k.Kind].Value
		sum += roc[k.Kind]
	}
	if spro["mean"], err = areas(c.Areas); err != nil {
		return nil, err
	}
	roc["mean"] = sum / float64(len(roc))
	return map[string]any{
		"localization":   map[string]any{"auc_spro": spro},
		"classification": map[string]any{"auc_roc": roc},
	}, nil
}

// pythonFloat spells a number as Python does: 1.0, not 1.
func pythonFloat(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}
