package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/report"
)

// watchRecord is a line of a watch's results.
type watchRecord struct {
	scoreLine
	Error   string        `json:"error"`
	Time    time.Time     `json:"time"`
	Seconds float64       `json:"seconds"`
	File    report.Origin `json:"file"`
}

func watchRecords(t *testing.T, path string) []watchRecord {
	t.Helper()
	schema := resultSchema(t)
	var all []watchRecord
	for line := range bytes.Lines(get(t, path)) {
		var r watchRecord
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

func resultSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("s.json")
}

func TestWatchOnce(t *testing.T) {
	good, bad, flags := between(t)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	put(t, filepath.Join(dir, "a.tiff"), get(t, good))
	put(t, filepath.Join(dir, "b.tiff"), get(t, bad))
	put(t, filepath.Join(dir, "text.tiff"), []byte("no cloud"))
	put(t, filepath.Join(dir, "notes.txt"), []byte("no scan"))
	put(t, filepath.Join(dir, "deep", "c.tiff"), get(t, good)) // not looked at
	base := append([]string{"watch", dir, "--model", testModel(t), "--out", out, "--once", "--settle", "50ms", "--interval", "20ms", "--fail-on", "anomaly", "--ply", "--log", "json"}, flags...)
	r := run(t, base...)
	if r.code != exitAnomaly || r.stdout != "" {
		t.Errorf("exit code %d, %s", r.code, r.stdout)
	}
	got := watchRecords(t, filepath.Join(out, resultsFile))
	if len(got) != 3 {
		t.Fatalf("%d records", len(got))
	}
	verdicts := map[string]string{}
	for _, g := range got {
		verdicts[g.File.Path] = string(g.Verdict)
	}
	if fmt.Sprint(verdicts) != "map[a.tiff:pass b.tiff:fail text.tiff:error]" {
		t.Error(verdicts)
	}
	want := []string{"."}
	for _, n := range []string{"a.tiff", "b.tiff"} {
		want = append(want, n+".json", n+".map.tiff", n+".png", n+".scored.ply")
	}
	want = append(want, resultsFile, resultsFile+".lock", "text.tiff.json")
	slices.Sort(want)
	if files := tree(t, out); !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
	b := get(t, filepath.Join(out, "b.tiff.map.tiff"))
	if im, err := xyztiff.Decode(bytes.NewReader(b), int64(len(b)), xyztiff.Options{}); err != nil || !slices.Equal(im.F32, libraryScore(t, bad).Map.Data) {
		t.Errorf("the map is another one: %v", err)
	}
	if _, err := scan.Read(filepath.Join(out, "b.tiff.scored.ply"), scan.Options{}); err != nil {
		t.Error(err)
	}
	events := 0
	for line := range strings.Lines(r.stderr) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			if line == "iad3d: 1 scan fails\n" {
				continue
			}
			t.Errorf("log: %q", line)
		}
		if e["msg"] == "scored" || e["msg"] == "unusable" {
			events++
		}
	}
	if events != 3 {
		t.Errorf("%d events in\n%s", events, r.stderr)
	}

	// Once more: nothing to do; touched: nothing; new content: a second version.
	if r := run(t, base...); r.code != exitFine || len(watchRecords(t, filepath.Join(out, resultsFile))) != 3 {
		t.Errorf("once more: %+v", r)
	}
	now := time.Now().Add(-time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "a.tiff"), now, now); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "b.tiff"), get(t, testScan(t, "bent")))
	if r := run(t, base...); r.code != exitFine && r.code != exitAnomaly || !strings.Contains(r.stderr, `"msg":"known","file":"a.tiff"`) {
		t.Errorf("touched: %+v", r)
	}
	got = watchRecords(t, filepath.Join(out, resultsFile))
	if len(got) != 4 || got[3].File.Path != "b.tiff" || filepath.Base(got[3].Files.Map) != "b.tiff-2.map.tiff" {
		t.Errorf("new content: %d records, the last %+v", len(got), got[len(got)-1])
	}
}

// TestWatchBeside writes beside the scans, waits for colour and looks into folders.
func TestWatchBeside(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testLine(t), "gear", "test", "good"))); err != nil {
		t.Fatal(err)
	}
	args := []string{"watch", dir, "--model", testModel(t), "--once", "--settle", "0s", "--interval", "20ms", "-q"}
	for range 2 { // the maps it wrote are no scans
		if r := run(t, args...); r.code != exitFine || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		if got := watchRecords(t, filepath.Join(dir, ".iad3d-"+resultsFile)); len(got) != 2 || got[0].Scan != filepath.Base(dir)+"/000" && got[0].Scan == "" {
			t.Errorf("%d records", len(got))
		}
	}
	for _, name := range []string{"xyz/000.tiff.iad3d.json", "xyz/000.tiff.iad3d.png", "xyz/001.tiff.iad3d.map.tiff"} {
		get(t, filepath.Join(dir, filepath.FromSlash(name)))
	}
}

func TestWatchRefuses(t *testing.T) {
	dir := t.TempDir()
	file := put(t, filepath.Join(dir, "in", "x.txt"), []byte("x"))
	in := filepath.Dir(file)
	mine := filepath.Dir(put(t, filepath.Join(dir, "mine", resultsFile), []byte("mine\n")))
	for says, args := range map[string][]string{
		"want one folder, not 0":                   {},
		"want one folder, not 2":                   {in, in},
		"is not a folder":                          {file},
		`--log "xml": there is text or json`:       {in, "--log", "xml"},
		"--settle -1s":                             {in, "--settle", "-1s"},
		"--settle x: want a time":                  {in, "--settle", "x"},
		"--fail-on goes with --once":               {in, "--fail-on", "anomaly"},
		"--fail-on anomaly needs --threshold":      {in, "--fail-on", "anomaly", "--once"},
		"is the watched folder":                    {in, "--out", in},
		"not a journal":                            {in, "--out", mine},
		"--rgb is the image of one scan":           {in, "--rgb", "x.png"},
		"--threshold 0: want a score above 0":      {in, "--threshold", "0"},
		"--min-area is about regions, which need ": {in, "--min-area", "2"},
	} {
		refuse(t, exitUsage, []string{says}, append([]string{"watch", "--model", plainModel(t)}, args...)...)
	}
	refuse(t, exitInput, []string{"no such file or directory"}, "watch", "--model", testModel(t), filepath.Join(dir, "missing"))
	refuse(t, exitModel, []string{"no such file or directory"}, "watch", "--model", filepath.Join(dir, "missing"), in)
}

// TestWatchInterrupted ends a watch as Ctrl-C does.
func TestWatchInterrupted(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	put(t, filepath.Join(dir, "a.tiff"), get(t, testScan(t, "good")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for range 600 {
			if b, err := os.ReadFile(filepath.Join(out, resultsFile)); err == nil && len(b) > 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
	}()
	r := runContext(ctx, "watch", dir, "--model", testModel(t), "--out", out, "--settle", "10ms", "--interval", "10ms", "-q")
	if r.code != exitInterrupted || r.stderr != "iad3d: interrupted\n" {
		t.Errorf("%+v", r)
	}
	if got := watchRecords(t, filepath.Join(out, resultsFile)); len(got) != 1 {
		t.Errorf("%d records", len(got))
	}
}

// TestWatchKilled drops scans into a folder, half of them at once and the others one
// by one, kills the program in between without warning, starts it again, and holds
// that each scan has one record and its results.
func TestWatchKilled(t *testing.T) {
	t.Parallel() // it waits a lot
	n, kills := 500, 14
	if testing.Short() {
		n, kills = 24, 3
	}
	dir, stage, out := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "out")
	contents := [][]byte{get(t, testScan(t, "good")), get(t, testScan(t, "bent")), get(t, testScan(t, "dent"))}
	name := func(i int) string { return fmt.Sprintf("part-%03d.tiff", i) }
	r := rand.New(rand.NewPCG(1, 7))

	var log bytes.Buffer
	args := []string{"watch", dir, "--model", testModel(t), "--out", out, "--settle", "100ms", "--interval", "30ms", "--pixel-threshold", "1.1", "--log", "json"}
	start := func() (kill func()) {
		cmd := program(t, args...)
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return func() {
			cmd.Process.Kill() // SIGKILL: no warning, no deferred function
			cmd.Wait()
		}
	}
	kill := start()
	for i := range n / 2 { // at once, by renaming
		if err := os.Rename(put(t, filepath.Join(stage, name(i)), contents[i%3]), filepath.Join(dir, name(i))); err != nil {
			t.Fatal(err)
		}
	}
	killed := 0
	for i := n / 2; i < n; i++ { // one by one, written in place in two pieces
		f, err := os.Create(filepath.Join(dir, name(i)))
		if err != nil {
			t.Fatal(err)
		}
		c := contents[i%3]
		f.Write(c[:len(c)/2])
		time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
		f.Write(c[len(c)/2:])
		f.Close()
		if i%(n/4) == n/8 { // while they arrive
			kill()
			killed++
			kill = start()
		}
	}
	for killed < kills { // while it works
		time.Sleep(time.Duration(300+r.IntN(3500)) * time.Millisecond)
		kill()
		killed++
		kill = start()
	}
	time.Sleep(time.Duration(r.IntN(1000)) * time.Millisecond)
	kill()
	killed++
	if got := run(t, append(args, "--once", "-q")...); got.code != exitFine || got.stderr != "" {
		t.Fatalf("%+v", got)
	}

	records := watchRecords(t, filepath.Join(out, resultsFile))
	seen := map[string]int{}
	for _, g := range records {
		seen[g.File.Path]++
		if g.Error != "" {
			t.Errorf("%s: %s", g.File.Path, g.Error)
		}
	}
	for i := range n {
		if seen[name(i)] != 1 {
			t.Errorf("%s has %d records", name(i), seen[name(i)])
		}
		var one watchRecord
		if err := json.Unmarshal(get(t, filepath.Join(out, name(i)+".json")), &one); err != nil || one.File.Path != name(i) {
			t.Errorf("%s: %v", name(i), err)
		}
		for _, ext := range []string{".png", ".map.tiff"} {
			if info, err := os.Stat(filepath.Join(out, name(i)+ext)); err != nil || info.Size() == 0 {
				t.Errorf("%s%s: %v", name(i), ext, err)
			}
		}
	}
	if len(records) != n {
		t.Errorf("%d records of %d scans", len(records), n)
	}
	t.Logf("%d scans, killed %d times: %d records; %d scans were logged as scored", n, killed, len(records), strings.Count(log.String(), `"msg":"scored"`))
}
