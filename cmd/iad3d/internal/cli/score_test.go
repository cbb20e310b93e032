package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/regions"
)

// scoreLine has the keys of a line of score --json.
type scoreLine struct {
	Scan   string     `json:"scan"`
	Source string     `json:"source"`
	Score  float64    `json:"score"`
	Peak   iad3d.Peak `json:"peak"`
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Files  struct {
		Map     string `json:"map"`
		Heatmap string `json:"heatmap"`
		Cloud   string `json:"cloud"`
	} `json:"files"`
	Invalid    []string           `json:"invalid"`
	Verdict    inspection.Verdict `json:"verdict"`
	Why        string             `json:"why"`
	Thresholds *iad3d.Thresholds  `json:"thresholds"`
	MinArea    float64            `json:"min_area_mm2"`
	Regions    []regions.Region   `json:"regions"`
	Ignored    int                `json:"regions_ignored"`
}

// lines decodes the output of score --json: one object per line.
func lines(t *testing.T, stdout string) []scoreLine {
	t.Helper()
	var all []scoreLine
	for text := range strings.Lines(stdout) {
		var l scoreLine
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil || d.More() {
			t.Fatalf("line %q: %v", text, err)
		}
		all = append(all, l)
	}
	return all
}

// libraryScore is what a program that uses the library would get.
func libraryScore(t *testing.T, path string) *iad3d.Result {
	t.Helper()
	return libraryInspect(t, testModel(t), path).Result
}

// libraryInspect judges by the thresholds of the model, if it has any.
func libraryInspect(t *testing.T, model, path string) *inspection.Inspection {
	t.Helper()
	d, err := iad3d.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s, err := scan.Read(path, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := inspection.Inspect(t.Context(), d, s, inspection.Options{Thresholds: d.Thresholds(), WholeSurface: d.Config().KeepPlane})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestScore scores by a model with thresholds, which gives verdicts without a flag,
// and by one without.
func TestScore(t *testing.T) {
	// The first sound scan is above the threshold, as one in four may be of a model of
	// three scans; the second is not.
	good, dent := filepath.Join(filepath.Dir(testScan(t, "good")), "001.tiff"), testScan(t, "dent")
	for _, test := range []struct {
		model, head string
		verdicts    []inspection.Verdict
	}{
		{testModel(t), "scan score peak verdict regions at x, y", []inspection.Verdict{inspection.Pass, inspection.Fail}},
		{plainModel(t), "scan score peak at x, y", []inspection.Verdict{inspection.Unjudged, inspection.Unjudged}},
	} {
		text := fine(t, "score", "--model", test.model, good, dent)
		rows := slices.Collect(strings.Lines(text))
		if len(rows) != 3 || strings.Join(strings.Fields(rows[0]), " ") != test.head {
			t.Fatalf("table:\n%s", text)
		}
		got := lines(t, fine(t, "score", "--model", test.model, "--json", good, dent))
		for i, path := range []string{good, dent} {
			n := libraryInspect(t, test.model, path)
			r := n.Result
			cells := []string{path, number(r.Score), number(float64(r.Peak.Value)), strconv.Itoa(r.Peak.X) + ",", strconv.Itoa(r.Peak.Y)}
			line := scoreLine{Scan: r.Name, Source: path, Score: r.Score, Peak: r.Peak, Width: r.Map.W, Height: r.Map.H}
			if n.Verdict != inspection.Unjudged {
				cells = slices.Insert(cells, 3, string(n.Verdict), strconv.Itoa(len(n.Regions())))
				line.Verdict, line.Why, line.Thresholds, line.Regions = n.Verdict, n.Why, &n.Thresholds, append([]regions.Region{}, n.Regions()...)
			}
			if n.Verdict != test.verdicts[i] {
				t.Errorf("%s: verdict %q, want %q", path, n.Verdict, test.verdicts[i])
			}
			if got := strings.Fields(rows[i+1]); !slices.Equal(got, cells) {
				t.Errorf("row %q, want %q", got, cells)
			}
			if strings.Index(rows[i+1], cells[1])+len(cells[1]) != strings.Index(rows[0], "score")+len("score") {
				t.Errorf("columns are not aligned:\n%s", text)
			}
			if !reflect.DeepEqual(got[i], line) {
				t.Errorf("line %+v, want %+v", got[i], line)
			}
		}
	}
	// One scan's line says it all, two have a summary.
	for n, scans := range [][]string{{}, {good}, {good, dent}} {
		if n == 0 {
			continue
		}
		r := run(t, append([]string{"score", "--model", testModel(t)}, scans...)...)
		if r.code != exitFine || (n > 1) != strings.Contains(r.stderr, "2 scans: 1 pass, 1 fail, 0 invalid, 50.0 % fail\n") || n == 1 && r.stderr != "" {
			t.Errorf("%d scans: %+v", n, r)
		}
	}
}

// TestScoreShares holds that the features share out the score of a region, in the
// order of the model's, and what a model of colour says to a scan without.
func TestScoreShares(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "rgb.iad3d")
	fine(t, fitArgs(t, model)...) // the line's scans have colour
	dent := testScan(t, "dent")
	l := lines(t, fine(t, "score", "--model", model, "--pixel-threshold", "0.5", "--json", dent))[0]
	if len(l.Regions) == 0 {
		t.Fatal("no region")
	}
	for _, g := range l.Regions {
		var names []string
		sum := 0.0
		for _, s := range g.Shares {
			names, sum = append(names, s.Name), sum+s.Share
			if !(s.Share >= 0) {
				t.Errorf("region %d: %+v", g.ID, g.Shares)
			}
		}
		if strings.Join(names, " ") != "fpfh surface rgb" || math.Abs(sum-1) > 1e-9 {
			t.Errorf("region %d: shares %+v, the sum is %v", g.ID, g.Shares, sum)
		}
	}
	text := fine(t, "score", "--model", model, "--pixel-threshold", "0.5", "--regions", dent)
	want := fmt.Sprintf(", fpfh %.0f %%, surface %.0f %%, rgb %.0f %%", 100*l.Regions[0].Shares[0].Share, 100*l.Regions[0].Shares[1].Share, 100*l.Regions[0].Shares[2].Share)
	if !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	plain := put(t, filepath.Join(dir, "in", "part.tiff"), get(t, dent))
	refuse(t, exitInput, []string{plain + ": no colour image, which feature rgb needs"}, "score", "--model", model, plain)
}

// TestScoreFolder scores folders, in which two scans have the same name, and
// looks at all that is written.
func TestScoreFolder(t *testing.T) {
	gear := filepath.Join(testLine(t), "gear")
	out := filepath.Join(t.TempDir(), "new", "out")
	r := run(t, "score", "--model", testModel(t), "--json", "--out", out,
		filepath.Join(gear, "test", "good"), filepath.Join(gear, "train", "good", "xyz"), testScan(t, "dent"))
	if r.code != exitFine || !strings.Contains(r.stderr, out) {
		t.Fatalf("%+v", r)
	}
	got := lines(t, r.stdout)
	names := []string{"good_000", "good_001", "good_000-2", "good_001-2", "good_002", "dent_000"}
	want := []string{".", resultsFile, summaryFile, regionsFile}
	for _, n := range names {
		want = append(want, n+".png", n+".tiff")
	}
	slices.Sort(want)
	if files := tree(t, out); !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
	if len(got) != len(names) {
		t.Fatalf("%d lines", len(got))
	}
	for i, l := range got {
		if l.Files.Map != filepath.Join(out, names[i]+".tiff") || l.Files.Heatmap != filepath.Join(out, names[i]+".png") {
			t.Errorf("files %+v, want %s", l.Files, names[i])
		}
		b := get(t, l.Files.Map)
		im, err := xyztiff.Decode(bytes.NewReader(b), int64(len(b)), xyztiff.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if im.Width != l.Width || im.Height != l.Height || im.Samples != 1 || im.F32[l.Peak.Y*l.Width+l.Peak.X] != l.Peak.Value {
			t.Errorf("%s: map of %d×%d×%d does not have the peak %+v", l.Source, im.Width, im.Height, im.Samples, l.Peak)
		}
		if !slices.Equal(im.F32, libraryScore(t, l.Source).Map.Data) {
			t.Errorf("%s: another map", l.Source)
		}
		if _, err := png.Decode(bytes.NewReader(get(t, l.Files.Heatmap))); err != nil {
			t.Errorf("%s: %v", l.Files.Heatmap, err)
		}
	}
	before := get(t, got[0].Files.Heatmap)
	if r := run(t, "score", "-q", "--model", testModel(t), "--out", out, testScan(t, "dent")); r.code != exitFine || r.stderr != "" {
		t.Errorf("once more, quietly: %+v", r)
	}
	if !bytes.Equal(before, get(t, got[0].Files.Heatmap)) {
		t.Error("the picture of a scan that was not scored changed")
	}
}

func TestScoreColour(t *testing.T) {
	// The pictures differ when the photo is there, the scores do not.
	dir := t.TempDir()
	plain := put(t, filepath.Join(dir, "in", "part.tiff"), get(t, testScan(t, "dent")))
	rgb := put(t, filepath.Join(dir, "in", "photo.png"), get(t, filepath.Join(testLine(t), "gear", "test", "dent", "rgb", "000.png")))
	a := lines(t, fine(t, "score", "--model", testModel(t), "--json", "--out", filepath.Join(dir, "a"), plain))[0]
	b := lines(t, fine(t, "score", "--model", testModel(t), "--json", "--out", filepath.Join(dir, "b"), "--rgb", rgb, plain))[0]
	if a.Scan != "part" || a.Score != b.Score {
		t.Errorf("%+v and %+v", a, b)
	}
	if !bytes.Equal(get(t, a.Files.Map), get(t, b.Files.Map)) || bytes.Equal(get(t, a.Files.Heatmap), get(t, b.Files.Heatmap)) {
		t.Error("maps differ, or pictures do not")
	}
	// Results must not replace what they were made from.
	for _, in := range [][]string{{plain}, {"--rgb", rgb, testScan(t, "dent")}} {
		refuse(t, exitUsage, []string{"is the folder of"}, append([]string{"score", "--model", testModel(t), "--out", filepath.Join(dir, "in")}, in...)...)
	}
	refuse(t, exitUsage, []string{"is not a folder"}, "score", "--model", testModel(t), "--out", rgb, testScan(t, "dent"))
}

// TestScoreGoesOn mixes bad scans with good ones.
func TestScoreGoesOn(t *testing.T) {
	dir := t.TempDir()
	text := put(t, filepath.Join(dir, "text.tiff"), []byte("no cloud"))
	missing := filepath.Join(dir, "missing.tiff")
	out := filepath.Join(dir, "out")
	r := run(t, "score", "--model", testModel(t), "--json", "--out", out, "-q", text, testScan(t, "bent"), missing, testScan(t, "dent"))
	if r.code != exitInput {
		t.Errorf("exit code %d", r.code)
	}
	want := []string{
		"iad3d: " + text + ": is a text file named .tiff (begins \"no cloud\"), and not of points: no line of numbers in the first 8 bytes\n",
		"iad3d: " + missing + ": no such file or directory\n",
	}
	if got := slices.Collect(strings.Lines(r.stderr)); !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
	if got := lines(t, r.stdout); len(got) != 2 || got[0].Scan != "bent/000" || got[1].Scan != "dent/000" {
		t.Errorf("lines %+v", got)
	}
	if got := tree(t, out); len(got) != 8 {
		t.Errorf("files %q", got)
	}
}

// cancelWriter ends a context when the first result is written.
type cancelWriter struct {
	bytes.Buffer
	cancel func()
}

func (w *cancelWriter) Write(p []byte) (int, error) {
	w.cancel()
	return w.Buffer.Write(p)
}

func TestScoreInterrupted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	stdout, stderr := &cancelWriter{cancel: cancel}, &bytes.Buffer{}
	code := Run(ctx, []string{"score", "--model", testModel(t), "--json", "--out", out, testScan(t, "bent"), testScan(t, "dent")}, nil, stdout, stderr)
	if code != exitInterrupted || stderr.String() != "iad3d: interrupted\n" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if got := lines(t, stdout.String()); len(got) != 1 {
		t.Errorf("%d lines", len(got))
	}
	if got := tree(t, out); !slices.Equal(got, []string{".", "bent_000.tiff"}) {
		t.Errorf("files %q", got)
	}
}

func TestScanFiles(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"b.tiff", "a.TIF", "c.png", ".d.tiff", "sub/e.tiff", "set/xyz/g.tiff", "set/f.tiff"} {
		put(t, filepath.Join(dir, f), nil)
	}
	if err := os.Mkdir(filepath.Join(dir, "z.tiff"), 0o755); err != nil {
		t.Fatal(err)
	}
	in := func(names ...string) []string {
		for i, n := range names {
			names[i] = filepath.Join(dir, filepath.FromSlash(n))
		}
		return names
	}
	for _, test := range []struct{ args, want []string }{
		{in("c.png"), in("c.png")},
		{in("missing"), in("missing")},
		{in("."), in("a.TIF", "b.tiff")},
		{in("set", "b.tiff"), in("set/xyz/g.tiff", "b.tiff")},
	} {
		if got, err := scanFiles(test.args, false); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, %v, want %q", test.args, got, err, test.want)
		}
	}
}

// TestDepthFiles holds what a folder of depth images stands for.
func TestDepthFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.PNG", "a.tiff", "notes.txt", "set/depth/g.png", "set/rgb/g.png"} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), nil)
	}
	for arg, want := range map[string][]string{"": {"a.tiff", "b.PNG"}, "set": {"set/depth/g.png"}} {
		for i, name := range want {
			want[i] = filepath.Join(dir, filepath.FromSlash(name))
		}
		if got, err := scanFiles([]string{filepath.Join(dir, arg)}, true); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", arg, got, err, want)
		}
	}
}

// TestScoreSparesOthersFiles holds that results replace results only.
func TestScoreSparesOthersFiles(t *testing.T) {
	path := testScan(t, "good")
	name := fileName(libraryScore(t, path).Name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{name + ".tiff": raw, name + ".png": []byte("a photo")} {
		out := t.TempDir()
		mine := put(t, filepath.Join(out, file), content)
		refuse(t, exitUsage, []string{mine, "is not replaced"}, "score", "--model", testModel(t), "--out", out, path)
		if got, err := os.ReadFile(mine); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s was changed", file)
		}
	}
	refuse(t, exitUsage, []string{"looks like a folder of a data set"}, "score", "--model", testModel(t), "--out", filepath.Join(t.TempDir(), "rgb"), path)
	out := t.TempDir()
	for range 2 { // its own files it does replace
		if r := run(t, "score", "--model", testModel(t), "--out", out, path); r.code != exitFine {
			t.Fatalf("exit code %d: %s", r.code, r.stderr)
		}
	}
}

func TestEmptyValues(t *testing.T) {
	unset := [][]string{
		{"synth", "--out", ""}, {"synth", "--out", t.TempDir(), "--parts="}, {"score", "--model", "", "x"},
		{"fit", "--dataset", "mvtec3d", "--root", "", "--out", "x"}, {"preprocess", "--out", "", "x"},
	}
	for _, args := range unset {
		refuse(t, exitUsage, []string{"is empty"}, args...)
	}
}
