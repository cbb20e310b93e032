package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	good, bad, flags := between(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "new", "r.html")
	text := put(t, filepath.Join(dir, "text.tiff"), []byte("no cloud"))
	base := append([]string{"report", "--model", testModel(t), "--out", out}, flags...)
	r := run(t, append(base, good, bad, text)...)
	if r.code != exitInput || r.stdout != "" || !strings.Contains(r.stderr, "iad3d: "+text+": ") || !strings.Contains(r.stderr, out+": 0.") {
		t.Errorf("%+v", r)
	}
	page := string(get(t, out))
	for _, want := range []string{">dent/000</a>", ">good/000</a>", "<td class=\"name\">text.tiff</td>", "data-verdict=\"fail\"", `<strong class="verdict pass">1</strong> pass`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	fine(t, append(base, good)...) // its own page it does replace
	// A label, the figures and the curves of a data set.
	set := filepath.Join(dir, "set.html")
	fine(t, "report", "--model", testModel(t), "--dataset", "mvtec3d", "--root", testLine(t), "--out", set, "--title", "all of it")
	page = string(get(t, set))
	for _, want := range []string{"<title>all of it</title>", "image AUROC", "<td class=\"left\">bent</td>", "per-region overlap", "fpfh_k", "data_sha256"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(page, "pixel threshold</dt>") {
		t.Error("the model's own threshold is not there")
	}
	fine(t, "report", "--model", plainModel(t), "--dataset", "mvtec3d", "--root", testLine(t), "--out", set)
	if page = string(get(t, set)); strings.Contains(page, "pixel threshold</dt>") {
		t.Error("a threshold that nobody gave")
	}

	mine := put(t, filepath.Join(dir, "mine.html"), []byte("<html>mine</html>"))
	refuse(t, exitUsage, []string{mine, "is not replaced"}, "report", "--model", testModel(t), "--out", mine, good)
	if !bytes.Equal(get(t, mine), []byte("<html>mine</html>")) {
		t.Error("it was changed")
	}
	refuse(t, exitUsage, []string{"is a folder"}, "report", "--model", testModel(t), "--out", dir, good)
	none := filepath.Join(dir, "none.html")
	refuse(t, exitInput, []string{text}, "report", "--model", testModel(t), "--out", none, text)
	refuse(t, exitModel, []string{"no such file"}, "report", "--model", filepath.Join(dir, "missing"), "--out", none, good)
	for says, args := range map[string][]string{
		"want either --dataset and --root or scans": {},
		"want both --dataset and --root":            {"--dataset", "mvtec3d"},
		"--points 5: want 100 to 1000000":           {"--points", "5", good},
		"--rgb is the image of one scan, not of 2":  {"--rgb", "x.png", good, bad},
	} {
		refuse(t, exitUsage, []string{says}, append([]string{"report", "--model", testModel(t), "--out", none}, args...)...)
	}
	if got := tree(t, dir); len(got) != 6 { // ., mine, new, new/r, set, text
		t.Errorf("files %q", got)
	}
}
