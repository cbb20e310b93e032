package camera

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// The camera files that docs/captures.md shows can be read.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "captures.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("(?s)```(?:yaml|json)\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(files) != 4 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		c, err := Decode(strings.NewReader(f[1]))
		if err != nil {
			t.Errorf("%v:\n%s", err, f[1])
			continue
		}
		if k := c.Intrinsics; k.Width != 640 || k.Height != 480 || k.Cx != 319.5 || k.Cy != 239.5 || c.Units.Scale != 0 && c.Units.Scale != 0.001 {
			t.Errorf("%+v", c)
		}
	}
}
