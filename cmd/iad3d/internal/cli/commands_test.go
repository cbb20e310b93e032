package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand lists the commands by their paths, "ort install" among them.
func everyCommand() []string {
	var all []string
	var walk func(c *cobra.Command, path string)
	walk = func(c *cobra.Command, path string) {
		for _, child := range c.Commands() {
			name := strings.TrimSpace(path + " " + child.Name())
			if child.Name() == "help" || child.Name() == "completion" {
				continue
			}
			all = append(all, name)
			walk(child, name)
		}
	}
	walk((&app{}).root(), "")
	slices.Sort(all)
	return all
}

// TestEveryHelp holds the help of every command against a golden file, and that it
// shows how the command is called.
func TestEveryHelp(t *testing.T) {
	for _, name := range everyCommand() {
		help := fine(t, append(strings.Fields(name), "--help")...)
		golden(t, "help/"+strings.ReplaceAll(name, " ", "-")+".txt", help)
		if !strings.Contains(help, "\nExamples:\n  iad3d "+strings.Fields(name)[0]) {
			t.Errorf("%s: no example", name)
		}
	}
}

// refusals are, for every command, calls that name what is not there. DIR stands for
// an empty folder, MODEL for a model.
var refusals = map[string][]string{
	"backbone":         {"backbone frobnicate"},
	"backbone inspect": {"backbone inspect DIR/missing.onnx"},
	"bench":            {"bench --dataset mvtec3d --root DIR/missing --out DIR/out"},
	"convert":          {"convert DIR/missing.ply DIR/out.pcd"},
	"demo":             {"demo --out DIR/file"},
	"eval":             {"eval --model DIR/missing.iad3d --dataset mvtec3d --root LINE", "eval --model MODEL --dataset mvtec3d --root DIR/missing", "eval --maps DIR/missing --gt DIR/missing"},
	"fit":              {"fit --dataset mvtec3d --root DIR/missing --out DIR/m.iad3d", "fit --dataset mvtec3d --root LINE --method gmm --out DIR/m.iad3d", "fit --dataset mvtec3d --root LINE --method padim --contamination auto --out DIR/m.iad3d"},
	"inspect":          {"inspect DIR/missing.tiff"},
	"man":              {"man --out DIR/file"},
	"ort":              {"ort frobnicate"},
	"ort check":        {"ort check DIR/missing"},
	"ort install":      {"ort install --from DIR/missing.tgz"},
	"preprocess":       {"preprocess --out DIR/out DIR/missing.tiff"},
	"report":           {"report --model DIR/missing.iad3d --out DIR/r.html DIR/file", "report --model MODEL --out DIR/r.html DIR/missing.tiff"},
	"schema":           {"schema DIR/missing"},
	"score":            {"score --model DIR/missing.iad3d DIR/file", "score --model MODEL DIR/missing.tiff", "score --model MODEL --intrinsics DIR/missing.yaml DIR/file"},
	"synth":            {"synth --out DIR/file"},
	"update":           {"update DIR/missing.iad3d DIR/file", "update MODEL DIR/missing.tiff", "update MODEL --remove good/nobody"},
	"version":          {"version DIR/missing"},
	"watch":            {"watch --model DIR/missing.iad3d DIR", "watch --model MODEL DIR/missing"},
}

// TestEveryRefusal holds what every command says to a flag it does not know and to
// files that are missing, with the exit code, against a golden file.
func TestEveryRefusal(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), []byte("a file"))
	unchanged(t, dir)
	places := strings.NewReplacer("DIR", dir, "MODEL", testModel(t), "LINE", testLine(t))
	hide := strings.NewReplacer(dir, "DIR", testModel(t), "MODEL", testLine(t), "LINE", string(os.PathSeparator), "/")
	var b strings.Builder
	for _, name := range everyCommand() {
		calls, ok := refusals[name]
		if !ok {
			t.Errorf("%s: no call with a missing file", name)
		}
		for _, call := range append([]string{name + " --frobnicate"}, calls...) {
			r := run(t, strings.Fields(places.Replace(call))...)
			if r.code == exitFine || r.code == exitInternal || r.stdout != "" || !strings.HasPrefix(r.stderr, "iad3d: ") && !strings.Contains(r.stderr, "level=") {
				t.Errorf("iad3d %s: %+v", call, r)
			}
			fmt.Fprintf(&b, "$ iad3d %s\n%sexit code %d\n\n", call, hide.Replace(r.stderr), r.code)
		}
	}
	golden(t, "refusals.txt", b.String())
}

func TestMan(t *testing.T) {
	out := filepath.Join(t.TempDir(), "man1")
	if s := run(t, "man", "--out", out); s.code != exitFine || !strings.Contains(s.stderr, " pages in "+out) {
		t.Errorf("%+v", s)
	}
	for _, name := range everyCommand() {
		page := string(get(t, filepath.Join(out, "iad3d-"+strings.ReplaceAll(name, " ", "-")+".1")))
		if !strings.Contains(page, `.TH "IAD3D`) || !strings.Contains(page, "EXAMPLE") {
			t.Errorf("%s: no manual page", name)
		}
	}
	refuse(t, exitUsage, []string{"missing --out"}, "man")
}

func TestSchemaCommand(t *testing.T) {
	if got := fine(t, "schema"); !strings.Contains(got, `"$schema": "https://json-schema.org/draft/2020-12/schema"`) {
		t.Errorf("%.200s", got)
	}
}
