package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/io/scan"
)

// between returns thresholds that part a good scan of the line from a dented one.
func between(t *testing.T) (good, bad string, flags []string) {
	t.Helper()
	good, bad = testScan(t, "good"), testScan(t, "dent")
	a, b := libraryScore(t, good), libraryScore(t, bad)
	if !(b.Score > a.Score && b.Peak.Value > a.Peak.Value) {
		t.Fatalf("the dent has the score %v and the peak %v, the good scan %v and %v", b.Score, b.Peak.Value, a.Score, a.Peak.Value)
	}
	return good, bad, []string{
		"--threshold", fmt.Sprint((a.Score + b.Score) / 2), "--pixel-threshold", fmt.Sprint((a.Peak.Value + b.Peak.Value) / 2),
	}
}

func TestVerdict(t *testing.T) {
	good, bad, flags := between(t)
	base := append([]string{"score", "--model", testModel(t)}, flags...)
	got := lines(t, fine(t, append(base, "--json", good, bad)...))
	if got[0].Verdict != inspection.Pass || got[0].Regions == nil || len(got[0].Regions) != 0 {
		t.Errorf("good: %+v", got[0])
	}
	if got[1].Verdict != inspection.Fail || len(got[1].Regions) == 0 || got[1].Regions[0].Area <= 0 || got[1].Thresholds.Pixel == 0 {
		t.Errorf("dent: %+v", got[1])
	}
	if l := got[1].Thresholds; l.FalseAlarms != 0 || l.Promised != 0 || l.Scans != 0 {
		t.Errorf("a promise about a threshold set by hand: %+v", l)
	}
	text := run(t, append(base, "--regions", good, bad)...)
	if text.code != exitFine || !strings.Contains(text.stdout, "verdict  regions  at x, y") || !strings.Contains(text.stdout, "\n  region 1: ") || !strings.Contains(text.stdout, " mm² at (") {
		t.Errorf("table:\n%s", text.stdout)
	}
	if !strings.Contains(text.stderr, "2 scans: 1 pass, 1 fail, 0 invalid, 50.0 % fail\nmost abnormal: "+bad) {
		t.Errorf("summary:\n%s", text.stderr)
	}
	big := lines(t, fine(t, append(base, "--min-area", "1e6", "--json", bad)...))[0]
	if big.Verdict != inspection.Pass || big.Ignored == 0 || big.MinArea != 1e6 {
		t.Errorf("all tolerated: %+v", big)
	}
}

func TestFailOn(t *testing.T) {
	good, bad, flags := between(t)
	base := append([]string{"score", "-q", "--model", testModel(t), "--fail-on", "anomaly"}, flags...)
	if r := run(t, append(base, good)...); r.code != exitFine || r.stderr != "" {
		t.Errorf("good: %+v", r)
	}
	if r := run(t, append(base, good, bad)...); r.code != exitAnomaly || r.stderr != "iad3d: 1 scan fails\n" {
		t.Errorf("dent: %d %q", r.code, r.stderr)
	}
	if r := run(t, "score", "-q", "--model", testModel(t), "--fail-on", "anomaly", bad); r.code != exitAnomaly || r.stderr != "iad3d: 1 scan fails\n" {
		t.Errorf("dent, by the model's own thresholds: %d %q", r.code, r.stderr)
	}
	// Bad input weighs more: nothing is known about that scan.
	if r := run(t, append(base, bad, filepath.Join(t.TempDir(), "missing.tiff"))...); r.code != exitInput {
		t.Errorf("missing: %d %q", r.code, r.stderr)
	}
	tiny := []string{"score", "--model", testModel(t), "--threshold", "1e-9", "-q"} // all fail
	if r := run(t, append(tiny, "--fail-on", "invalid", good)...); r.code != exitFine {
		t.Errorf("no capture is invalid: %+v", r)
	}
	for _, test := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--fail-on", "anomaly"}, "--fail-on anomaly needs --threshold or --pixel-threshold: " + plainModel(t) + " has none"},
		{[]string{"--fail-on", "rain"}, `--fail-on "rain": there is anomaly or invalid`},
		{[]string{"--threshold", "-1"}, "--threshold -1: want a score above 0"},
		{[]string{"--pixel-threshold", "NaN"}, "--pixel-threshold NaN: want a score above 0"},
		{[]string{"--min-area", "-1"}, "--min-area -1: want mm² from 0 on"},
		{[]string{"--min-area", "1"}, "--min-area is about regions, which need --pixel-threshold"},
		{[]string{"--regions"}, "--regions needs --pixel-threshold"},
		{[]string{"--ply"}, "--ply goes with --out"},
	} {
		refuse(t, exitUsage, []string{test.says}, append(append([]string{"score", "--model", plainModel(t)}, test.flags...), good)...)
	}
}

// TestVerdictFiles looks at the files of a batch.
func TestVerdictFiles(t *testing.T) {
	good, bad, flags := between(t)
	out, junit := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "junit.xml")
	text := put(t, filepath.Join(t.TempDir(), "text.tiff"), []byte("no cloud"))
	r := run(t, append(append([]string{"score", "--model", testModel(t), "--out", out, "--ply", "--junit", junit}, flags...), good, bad, text)...)
	if r.code != exitInput {
		t.Fatalf("%+v", r)
	}
	written := bytes.Split(bytes.TrimSpace(get(t, filepath.Join(out, resultsFile))), []byte("\n"))
	var last struct{ Verdict, Error, Source string }
	if err := json.Unmarshal(written[2], &last); err != nil || len(written) != 3 || last.Verdict != "error" || last.Source != text || !strings.Contains(last.Error, "text file") {
		t.Errorf("%d results, the last %+v %v", len(written), last, err)
	}
	var sum summaryDocument
	if err := json.Unmarshal(get(t, filepath.Join(out, summaryFile)), &sum); err != nil || sum.Scans != 3 || sum.Fail != 1 || sum.Errors != 1 || sum.FailRate != 0.5 || sum.MostAbnormal[0].Scan != bad {
		t.Errorf("summary %+v, %v", sum, err)
	}
	rows, err := csv.NewReader(bytes.NewReader(get(t, filepath.Join(out, regionsFile)))).ReadAll()
	if err != nil || len(rows) < 2 || rows[1][0] != "dent/000" || rows[1][1] != "fail" {
		t.Errorf("regions %q %v", rows, err)
	}
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal(get(t, junit), &suite); err != nil || suite.Tests != 3 || suite.Failures != 1 || suite.Errors != 1 || len(suite.Cases) != 3 {
		t.Errorf("JUnit %+v %v", suite, err)
	}
	s, err := scan.Read(filepath.Join(out, "dent_000.ply"), scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, f := range s.Cloud.Fields {
		fields = append(fields, f.Name)
	}
	if want := "score region deviation_mm"; strings.Join(fields, " ") != want || s.Cloud.RGB == nil {
		t.Errorf("the coloured cloud has the fields %q", fields)
	}
	// A second run replaces its own files, none of others.
	again := append(append([]string{"score", "-q", "--model", testModel(t), "--out", out, "--ply"}, flags...), good, bad)
	fine(t, again...)
	for _, name := range []string{resultsFile, summaryFile, regionsFile} {
		path := filepath.Join(out, name)
		was := get(t, path)
		put(t, path, []byte("mine"))
		refuse(t, exitUsage, []string{path, "is not replaced"}, again...)
		if err := os.WriteFile(path, was, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
