package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	oracles "github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/npy"
)

// mapSet writes a set in the layout of MVTec AD, two good scans and two bent
// ones of 8×6 pixels, and maps of them.
func mapSet(t *testing.T) (maps, gt string) {
	t.Helper()
	maps, gt = filepath.Join(t.TempDir(), "maps"), filepath.Join(t.TempDir(), "gt")
	for i, kind := range []string{"good", "good", "bent", "bent"} {
		scores, m := make([]float32, 48), image.NewGray(image.Rect(0, 0, 8, 6))
		for k := range scores {
			scores[k] = float32(k*7%31+i) / 31
			if kind == "bent" && k >= 10*i && k < 10*i+3 {
				m.Pix[k] = 255
				scores[k] += 0.6
			}
		}
		var b bytes.Buffer
		if err := npy.Encode(&b, npy.FromFloat32s(scores, 6, 8), npy.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(maps, "nut", "test", kind, fmt.Sprintf("%03d.npy", i)), b.Bytes())
		if kind == "bent" {
			b.Reset()
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(gt, "nut", "ground_truth", kind, fmt.Sprintf("%03d_mask.png", i)), b.Bytes())
		}
	}
	return maps, gt
}

func TestEvalMaps(t *testing.T) {
	maps, gt := mapSet(t)
	unchanged(t, maps)
	unchanged(t, gt)
	var keys map[string]any
	if err := json.Unmarshal([]byte(fine(t, "eval", "--maps", maps, "--gt", gt, "--json")), &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"image_auroc", "pixel_auroc", "au_pro"} {
		if v, ok := keys[k].(float64); !ok || v < 0 || v > 1 {
			t.Errorf("%s is %v", k, keys[k])
		}
	}
	if s, ok := keys["convention"].(string); !ok || !strings.Contains(s, "AU-PRO official") || keys["layout"] != "mvtec" || keys["maps"] != maps {
		t.Errorf("%v", keys)
	}
	text := fine(t, "eval", "--maps", maps, "--gt", gt, "--layout", "mvtec", "--limits", "0.2,1", "--bootstrap", "20", "--seed", "5")
	for _, says := range []string{"nut bent", "AU-PRO@0.2", "AU-PRO@1", "against 2 good scans, 192 pixels", "20 replicas, seed 5", "headline", "exact: AU-PRO exact"} {
		if !strings.Contains(text, says) {
			t.Errorf("%q does not say %q", text, says)
		}
	}
	if s := fine(t, "eval", "--maps", maps, "--gt", gt, "--saturation", "2px"); !strings.Contains(s, "AU-sPRO@0.3") || !strings.Contains(s, "saturation 2 pixels") {
		t.Errorf("%q", s)
	}
}

func TestEvalMapsFiles(t *testing.T) {
	maps, gt := mapSet(t)
	out := t.TempDir()
	official, curves := filepath.Join(out, "metrics.json"), filepath.Join(out, "curves")
	fine(t, "eval", "--maps", maps, "--gt", gt, "--official-json", official, "--curves", curves)
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(get(t, official), &doc); err != nil || doc["mean_au_pro"] == nil || doc["nut"] == nil {
		t.Errorf("%s, %v", get(t, official), err)
	}
	var want []string
	for _, name := range []string{"image_pr", "image_roc", "pixel_pr", "pixel_roc", "pro"} {
		for _, ext := range []string{"csv", "png", "svg"} {
			want = append(want, "nut_"+name+"."+ext)
		}
	}
	if got := tree(t, curves)[1:]; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// Whatever is wrong is one line that names the file, with the code of the fault.
func TestEvalMapsRefuses(t *testing.T) {
	maps, gt := mapSet(t)
	eval := func(more ...string) []string { return append([]string{"eval", "--maps", maps, "--gt", gt}, more...) }
	refuse(t, exitUsage, []string{"missing --gt"}, "eval", "--maps", maps)
	refuse(t, exitUsage, []string{"--model does not go with --maps"}, eval("--model", "x")...)
	refuse(t, exitUsage, []string{"missing --maps"}, "eval", "--gt", gt)
	refuse(t, exitUsage, []string{"--limits does not go with --model"}, "eval", "--model", "x", "--limits", "0.3")
	refuse(t, exitUsage, []string{`--layout "x"`, "loco"}, eval("--layout", "x")...)
	refuse(t, exitUsage, []string{"limit 2"}, eval("--limits", "2")...)
	refuse(t, exitUsage, []string{"--limits x: want numbers joined by commas"}, eval("--limits", "x")...)
	refuse(t, exitUsage, []string{"mm²", "clouds"}, eval("--saturation", "1mm2")...)
	for _, s := range []string{"3cm", "0", "1.5", "-2px", "NaN", "Infpx"} {
		refuse(t, exitUsage, []string{"--saturation " + s, "25px"}, eval("--saturation", s)...)
	}
	refuse(t, exitUsage, []string{"lies among the maps"}, eval("--curves", filepath.Join(maps, "curves"))...)
	refuse(t, exitUsage, []string{"is a folder"}, eval("--official-json", t.TempDir())...)
	refuse(t, exitUsage, []string{"--bootstrap x"}, eval("--bootstrap", "x")...)
	refuse(t, exitInput, []string{"no class", "found nut"}, eval("--class", "bolt")...)
	refuse(t, exitInput, []string{gt, "layout eyecandies"}, eval("--layout", "eyecandies")...)
	refuse(t, exitInput, []string{"gone", "is not a folder"}, "eval", "--maps", filepath.Join(maps, "gone"), "--gt", gt)

	good := filepath.Join(maps, "nut", "test", "good")
	bent := filepath.Join(maps, "nut", "test", "bent", "003.npy")
	content := get(t, bent)
	for says, spoilt := range map[string][]byte{
		"pixel (7, 5): score is not finite: NaN": append(content[:len(content)-4:len(content)-4], 0, 0, 0xc0, 0x7f),
		"unexpected EOF":                         content[:len(content)-1],
		"is empty":                               {},
		"unknown format":                         []byte("0.1 0.2 0.3"),
	} {
		put(t, bent, spoilt)
		refuse(t, exitInput, []string{bent, says}, eval()...)
	}
	var small bytes.Buffer
	if err := npy.Encode(&small, npy.FromFloat32s(make([]float32, 12), 3, 4), npy.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, bent, small.Bytes())
	refuse(t, exitInput, []string{bent, "map is 4×3", "is 8×6", "as BTF does"}, eval()...)
	if err := os.Remove(bent); err != nil {
		t.Fatal(err)
	}
	refuse(t, exitInput, []string{"no map of bent/003"}, eval()...)
	put(t, bent, content)
	if err := os.RemoveAll(good); err != nil {
		t.Fatal(err)
	}
	refuse(t, exitInput, []string{"nut", "0 good and 2 defective"}, eval()...)
}

// The trees of the reference run of MVTec LOCO's script; maps as TIFF.
func TestEvalMapsLOCO(t *testing.T) {
	root := oracles.Shared(t, "oracles/metrics_spro")
	ties := run(t, "eval", "--maps", filepath.Join(root, "loco_ties", "maps"), "--gt", filepath.Join(root, "loco_ties", "dataset"))
	if ties.code != exitFine || !strings.Contains(ties.stderr, "tied scores") || !strings.Contains(ties.stdout, "AU-sPRO exact") {
		t.Errorf("%+v", ties)
	}
	refuse(t, exitUsage, []string{"MVTec LOCO has saturations of its own"}, "eval", "--maps", filepath.Join(root, "loco_small", "maps"),
		"--gt", filepath.Join(root, "loco_small", "dataset"), "--saturation", "3px")
}

// Maps that score writes are maps that eval rates.
func TestEvalMapsOfScore(t *testing.T) {
	out := t.TempDir()
	doc := document[evalDocument](t, evalArgs(t, "--out", out)...)
	var got mapsDocument
	if err := json.Unmarshal([]byte(fine(t, "eval", "--maps", out, "--gt", testLine(t), "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.PixelAUROC != doc.PixelAUROC || got.AUPRO != doc.AUPRO {
		t.Errorf("%v and %v by the maps, %v and %v by the model", got.PixelAUROC, got.AUPRO, doc.PixelAUROC, doc.AUPRO)
	}
}
