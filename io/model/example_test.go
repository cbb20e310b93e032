package model_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d/io/model"
)

func Example() {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bagel.safetensors")

	rows := []float32{0, 0.5, 1, 10, 10.5, 11}
	err = model.Save(path, map[string]string{"class": "bagel"}, []model.Tensor{
		model.Float32s("rows", []int{2, 3}, rows),
		model.Int32s("source", []int{2}, []int32{17, 4}),
	})
	if err != nil {
		panic(err)
	}

	f, err := model.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Meta()["class"])
	for _, t := range f.Tensors() {
		fmt.Println(t.Name, t.DType, t.Shape, t.Bytes)
	}
	values, shape, err := f.Float32s("rows")
	fmt.Println(values, shape, err)
	// Output:
	// bagel
	// rows F32 [2 3] 24
	// source I32 [2] 8
	// [0 0.5 1 10 10.5 11] [2 3] <nil>
}

// A program that watches a folder can tell an incomplete model from a missing one.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	half := filepath.Join(dir, "half.safetensors")
	if err := os.WriteFile(half, []byte{200, 1, 0}, 0o644); err != nil {
		panic(err)
	}
	for _, path := range []string{half, filepath.Join(dir, "none.safetensors")} {
		_, err := model.Open(path)
		fmt.Println(errors.Is(err, model.ErrModel), errors.Is(err, model.ErrTruncated), errors.Is(err, os.ErrNotExist))
	}
	// Output:
	// true true false
	// true false true
}
