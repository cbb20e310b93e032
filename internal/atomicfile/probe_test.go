package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, strings.Replace(temporaryName(probeName), fmt.Sprintf("-%d-", os.Getpid()), "-4712-", 1))
	put(t, left, "")
	if err := probe(lively{}, dir); err != nil { // nobody lives there
		t.Fatal(err)
	}
	if names := listing(t, dir); len(names) != 0 {
		t.Errorf("folder holds %q", names)
	}
	if err := probe(broken{step: "create"}, dir); !errors.Is(err, errInjected) {
		t.Errorf("error is %v", err)
	}
	if err := Probe(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
