package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
)

func fitArgs(t *testing.T, out string, more ...string) []string {
	return append([]string{"fit", "--dataset", "mvtec3d", "--root", testLine(t), "--class", "gear", "--out", out}, more...)
}

func TestFit(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "m.iad3d")
	doc := document[fitDocument](t, fitArgs(t, out, "--protocol", "btf", "--features", "fpfh", "--seed", "7", "--coreset", "0.2", "--size", "64", "--cells", "16")...)
	head, err := model.ReadHeader(out)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Model != out || doc.SHA256 != head.SHA256 || doc.Bytes != head.Size || doc.Class != "gear" {
		t.Errorf("document %+v, header %+v", doc, head)
	}
	// 3 scans of 16×16 cells, a fifth of them kept, 33 values each.
	if doc.Provenance.Scans != 3 || doc.Provenance.Rows != 768 || doc.Bank != (bankSize{153, 153 * 33}) {
		t.Errorf("document %+v", doc)
	}
	c := doc.Config
	if c.Protocol != iad3d.ProtocolBTF || c.Seed != 7 || c.Coreset != 0.2 || c.Cells != 16 || c.Size != 64 || !c.KeepPlane {
		t.Errorf("configuration %+v", c)
	}
	d, err := iad3d.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Provenance() != doc.Provenance {
		t.Errorf("provenance %+v in the file, %+v in the document", d.Provenance(), doc.Provenance)
	}
	if doc.Thresholds != nil || doc.Calibration != nil {
		t.Errorf("the btf protocol has the thresholds %+v, the calibration %+v", doc.Thresholds, doc.Calibration)
	}
	text := fine(t, fitArgs(t, out, "--protocol", "btf")...) // replaces a model
	want := regexp.QuoteMeta(out) + `: fpfh; \d+ descriptors of 3 scans of gear, [\d.]+ [kM]B; [\d.]+ s`
	if !regexp.MustCompile("^" + want + "\n$").MatchString(text) {
		t.Errorf("text %q", text)
	}
}

// TestFitMethods fits, looks at and scores with models of the other methods.
func TestFitMethods(t *testing.T) {
	for method, want := range map[string]struct{ text, bank string }{
		"padim": {" Gaussians of 3 scans", `bank +\d+ Gaussians of \d+ rows`},
		"spade": {" descriptors of 3 scans", `neighbours .*, bank 1 of the 2 scans most alike`},
	} {
		out := filepath.Join(t.TempDir(), "m.iad3d")
		args := []string{"--method", method}
		if method == "spade" {
			args = append(args, "--alike", "2")
		}
		if text := fine(t, fitArgs(t, out, args...)...); !strings.Contains(text, want.text) || !strings.Contains(text, "threshold ") {
			t.Errorf("%s: text %q", method, text)
		}
		text := fine(t, "inspect", out)
		for _, line := range []string{want.bank, "method +" + method + "\n"} {
			if !regexp.MustCompile(line).MatchString(text) {
				t.Errorf("%s: no %s in\n%s", method, line, text)
			}
		}
		scan := testScan(t, "good")
		fine(t, "score", "--model", out, scan)
		refuse(t, exitUsage, []string{"method " + method, "fit it again"}, "update", out, scan)
	}
}

// TestFitPromise looks at what a fit says of its thresholds.
func TestFitPromise(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.iad3d")
	r := run(t, fitArgs(t, out)...)
	d, err := iad3d.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	limits := d.Thresholds()
	// Of three scans the highest is exceeded by a fourth in one case of four.
	if limits == nil || limits.Scans != 3 || limits.Promised != 0.25 || limits.FalseAlarms != 0.05 || limits.Scan <= 0 || limits.Pixel <= limits.Scan {
		t.Fatalf("thresholds %+v", limits)
	}
	want := "^" + regexp.QuoteMeta(out) + `: fpfh\+surface\+rgb; \d+ descriptors of 3 scans of gear, [\d.]+ [kM]B; [\d.]+ s` + "\n" +
		regexp.QuoteMeta(fmt.Sprintf("threshold %.4g: of 3 sound scans held out in turn, false alarms in at most 25 %% promised\n", limits.Scan)) + "$"
	if r.code != exitFine || !regexp.MustCompile(want).MatchString(r.stdout) {
		t.Errorf("exit code %d, text %q", r.code, r.stdout)
	}
	if want := "3 scans are too few to promise false alarms in 5 % only: fit at least 19\n"; !strings.HasSuffix(r.stderr, want) {
		t.Errorf("notes %q, want %q", r.stderr, want)
	}
	if r := run(t, fitArgs(t, out, "--false-alarms", "0.25")...); r.code != exitFine || strings.Contains(r.stderr, "too few") {
		t.Errorf("a rate that three scans allow: %+v", r)
	}
	doc := document[fitDocument](t, fitArgs(t, out, "--false-alarms", "0.5")...)
	c := doc.Calibration
	if doc.Thresholds == nil || doc.Thresholds.FalseAlarms != 0.5 || doc.Thresholds.Promised != 0.5 || c == nil || len(c.Held) != 3 || len(c.Weights) != 3 || c.Left != nil {
		t.Errorf("thresholds %+v, calibration %+v", doc.Thresholds, c)
	}
	for says, flags := range map[string][]string{
		"--false-alarms 0: want more than 0":                               {"--false-alarms", "0"},
		"false_alarms 1.5 is not in (0, 1)":                                {"--false-alarms", "1.5"},
		"false_alarms -1 is not in (0, 1)":                                 {"--false-alarms", "-1"},
		"--false-alarms x: want a number":                                  {"--false-alarms", "x"},
		"--contamination x: want auto or a number from 0 to 0.3":           {"--contamination", "x"},
		"--contamination 0.31: want auto or a number from 0 to 0.3":        {"--contamination", "0.31"},
		"--contamination -1: want auto or a number from 0 to 0.3":          {"--contamination", "-1"},
		"--contamination NaN: want auto or a number from 0 to 0.3":         {"--contamination", "NaN"},
		"--contamination  : want auto or a number from 0 to 0.3":           {"--contamination", " "},
		"the BTF protocol knows no input, rows, sketch, false alarms, con": {"--protocol", "btf", "--contamination", "0.1"},
	} {
		refuse(t, exitUsage, []string{says}, fitArgs(t, filepath.Join(t.TempDir(), "none.iad3d"), flags...)...)
	}
}

// TestFitContamination fits with another part among seven sound ones.
func TestFitContamination(t *testing.T) {
	line := t.TempDir()
	fine(t, "synth", "-q", "--out", line, "--parts", "gear,washer", "--size", "64", "--train", "7", "--seed", "3", "--good", "1", "--defects", "dent")
	train := filepath.Join(line, "gear", "train", "good")
	for _, f := range []string{"xyz/000.tiff", "rgb/000.png"} {
		name := strings.Replace(f, "000", "900", 1)
		put(t, filepath.Join(train, filepath.FromSlash(name)), get(t, filepath.Join(line, "washer", "test", "good", filepath.FromSlash(f))))
	}
	dir := t.TempDir()
	fit := func(flags ...string) outcome {
		args := append([]string{"fit", "--dataset", "mvtec3d", "--root", line, "--class", "gear", "--out", filepath.Join(dir, "m.iad3d"), "--features", "fpfh"}, flags...)
		r := run(t, args...)
		if r.code != exitFine {
			t.Fatalf("%q: %+v", flags, r)
		}
		return r
	}
	if r := fit(); !strings.Contains(r.stderr, "look at these training scans, they stand out from the others: good/900\n") || !strings.Contains(r.stdout, "of 8 sound scans") {
		t.Errorf("as it is: %+v", r)
	}
	if r := fit("--contamination", "auto"); !strings.Contains(r.stderr, "left out as defective: good/900\n") || !strings.Contains(r.stdout, "of 7 sound scans") {
		t.Errorf("auto: %+v", r)
	}
	// A fifth of eight is one.
	if r := fit("--contamination", "0.2"); !strings.Contains(r.stderr, "left out as defective: good/900\n") || !strings.Contains(r.stdout, "of 7 sound scans") {
		t.Errorf("a fifth: %+v", r)
	}
	var doc fitDocument
	r := fit("--contamination", "auto", "--json")
	if !strings.Contains(r.stderr, "left out as defective: good/900\n") {
		t.Errorf("with --json it says %q", r.stderr)
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || doc.Config.Contamination != iad3d.ContaminationAuto || !slices.Equal(doc.Calibration.Left, []string{"good/900"}) {
		t.Errorf("document %+v, %v", doc.Calibration, err)
	}
}

func TestFitIsDeterministic(t *testing.T) {
	for _, set := range []struct{ flags, change []string }{
		{nil, []string{"--rows", "500"}},
		{[]string{"--protocol", "btf"}, []string{"--coreset", "0.11"}},
	} {
		fit := func(more ...string) []byte {
			out := filepath.Join(t.TempDir(), "m.iad3d")
			fine(t, fitArgs(t, out, append(more, set.flags...)...)...)
			return get(t, out)
		}
		want := fit()
		for _, threads := range []string{"0", "1", "2", "5"} {
			if !bytes.Equal(fit("--threads", threads), want) {
				t.Errorf("%q: another model with --threads %s", set.flags, threads)
			}
		}
		if bytes.Equal(fit(set.change...), want) {
			t.Errorf("%q: the same model with %q", set.flags, set.change)
		}
	}
}

func TestFitRefusesTarget(t *testing.T) {
	dir := t.TempDir()
	text := put(t, filepath.Join(dir, "notes.txt"), []byte("please keep these notes"))
	unchanged(t, dir)
	for _, test := range []struct{ out, says string }{
		{dir, dir + " is a folder; name a file"},
		{text, text + " exists and is not a model"},
		{filepath.Join(text, "m.iad3d"), "not a directory"},
		{filepath.Join(text, "a", "b", "m.iad3d"), "not a directory"},
	} {
		refuse(t, exitUsage, []string{test.says}, fitArgs(t, test.out)...)
	}
	if string(get(t, text)) != "please keep these notes" {
		t.Error("the notes are gone")
	}
	refuse(t, exitUsage, []string{"coreset 2 is not in (0, 1]"}, fitArgs(t, filepath.Join(dir, "m"), "--protocol", "btf", "--coreset", "2")...)
	refuse(t, exitUsage, []string{"rows 9 is not in [10, "}, fitArgs(t, filepath.Join(dir, "m"), "--rows", "9")...)
}

// TestFitInterrupted ends a fit at several moments. A fast machine may be done
// before the later ones; the model must then be whole.
func TestFitInterrupted(t *testing.T) {
	for _, after := range []time.Duration{0, 5, 20, 50, 100, 150} {
		dir := t.TempDir()
		out := filepath.Join(dir, "m.iad3d")
		args := fitArgs(t, out, fixtureFlags...)
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		r := runContext(ctx, args...)
		cancel()
		switch {
		case r.code == exitFine && after > 0:
			if !bytes.Equal(get(t, out), get(t, testModel(t))) {
				t.Errorf("after %v ms: another model", after)
			}
		case r.code != exitInterrupted || r.stderr != "iad3d: interrupted\n" || r.stdout != "":
			t.Errorf("after %v ms: %+v", after, r)
		default:
			if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("after %v ms: %v", after, tree(t, dir))
			}
		}
	}
}
