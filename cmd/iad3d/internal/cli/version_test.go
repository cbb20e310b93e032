package cli

import (
	"runtime"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
)

func TestVersion(t *testing.T) {
	v := document[versionDocument](t, "version")
	if v.Version != iad3d.Version || v.Go != runtime.Version() || v.OS != runtime.GOOS || v.Arch != runtime.GOARCH {
		t.Errorf("document %+v", v)
	}
	text := fine(t, "version")
	if !strings.HasPrefix(text, "iad3d "+iad3d.Version) || strings.Count(text, "\n") != 1 {
		t.Errorf("text %q", text)
	}
}
