// Package onnx runs backbones that come as ONNX files, through ONNX Runtime.
//
// [Inspect] reads what a file says about itself and needs nothing else. [Open]
// needs ONNX Runtime's shared library, version 1.23 or newer, which is loaded
// when the first backbone is opened (package internal/ortlib says where it is
// looked for; "iad3d ort install" gets it), and a program built with cgo: in one
// built without, Open returns an error that says so. It is the only package of
// the module that uses cgo.
//
// A model takes one float32 input N×3×H×W. Its layers are those outputs that are
// float32 and either N×C×H×W, or N×T×D tokens of a vision transformer that has
// square patches and at most eight other tokens, all before them; these are put
// back into their raster. All sizes are read from the file or measured; no name is
// expected.
//
// Runs are deterministic on one machine: the same image gives the same bits
// whatever the batch and whatever runs beside it. Another processor, another
// version of the library, or another number of threads may differ in the last
// digits.
package onnx
