package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/bench"
)

func benchArgs(t *testing.T, out string, more ...string) []string {
	return append([]string{"bench", "--dataset", "mvtec3d", "--root", testLine(t), "--class", "gear", "--out", out}, more...)
}

func TestBench(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	text := fine(t, benchArgs(t, out, "--methods", "raw,hog")...)
	for _, want := range []string{"## image AUROC", "| method | gear |", "| Raw | 0.", "| HoG | ", "protocol btf"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := string(get(t, filepath.Join(out, bench.TableMarkdown))); got != text {
		t.Errorf("the table in the folder is\n%s", got)
	}
	for _, name := range []string{bench.TableCSV, bench.TableJSON, bench.EvidenceJSON} {
		if len(get(t, filepath.Join(out, name))) == 0 {
			t.Errorf("%s is empty", name)
		}
	}

	// Again, with one method more: two runs are taken over.
	r := run(t, benchArgs(t, out, "--methods", "raw,hog,sift", "--json")...)
	if r.code != exitFine || strings.Count(r.stderr, "taken over") != 2 {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	var table bench.Table
	if err := json.Unmarshal([]byte(r.stdout), &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 3 || table.Rows[2].Title != "SIFT" || len(table.Conventions) != 1 {
		t.Errorf("%+v", table)
	}
}

func TestBenchRefused(t *testing.T) {
	occupied := t.TempDir()
	if err := os.WriteFile(filepath.Join(occupied, "mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{benchArgs(t, out, "--methods", "fpfh,fpfp"), exitUsage, `--methods "fpfp": there are all, rgb, depth`},
		{benchArgs(t, out, "--methods", "raw,raw"), exitUsage, "raw is there twice"},
		{benchArgs(t, out, "--methods", "depth"), exitUsage, "method depth needs --backbone"},
		{benchArgs(t, out, "--protocol", "best"), exitUsage, `--protocol "best"`},
		{benchArgs(t, out, "--seeds", "0"), exitUsage, "--seeds 0"},
		{benchArgs(t, occupied), exitUsage, "neither empty nor the folder of an earlier benchmark"},
		{benchArgs(t, filepath.Join(testLine(t), "gear", "x")), exitUsage, "lies in the data set"},
		{benchArgs(t, out, "--class", "gear,gear"), exitUsage, "there twice"},
		{benchArgs(t, out, "--class", "gear,cog"), exitInput, `no class "cog"`},
	} {
		r := run(t, c.args...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %s", c.args[7:], r.code, r.stderr)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused benchmark left its folder")
	}
}
