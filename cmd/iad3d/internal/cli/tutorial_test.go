package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestTutorial runs every command of the tutorial, in order.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("scores some thirty scans")
	}
	text := string(get(t, filepath.Join("..", "..", "..", "..", "docs", "tutorial.md")))
	t.Chdir(t.TempDir())
	n := 0
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "$ iad3d ")
		if !ok {
			continue
		}
		n++
		command, note, _ := strings.Cut(strings.TrimSpace(command), " # ")
		want := exitFine
		if note == "exit code 5" {
			want = exitAnomaly
		}
		args := strings.Fields(command)
		if args[0] == "watch" {
			args = append(args, "--settle", "50ms", "--interval", "20ms")
		}
		if r := run(t, args...); r.code != want {
			t.Fatalf("iad3d %s: exit code %d\n%s%s", command, r.code, r.stdout, r.stderr)
		}
	}
	if n < 8 {
		t.Errorf("%d commands", n)
	}
}
