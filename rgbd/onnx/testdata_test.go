package onnx_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/iad3d/iad3d/internal/tinyonnx"
)

var update = flag.Bool("update", false, "write the files in testdata")

// TestTestdata holds the example's file to the code that made it.
func TestTestdata(t *testing.T) {
	const path = "testdata/twoconvs.onnx"
	want := tinyonnx.TwoConvs().Encode()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what tinyonnx.TwoConvs gives, or %v", path, err)
	}
}
