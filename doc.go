// Package iad3d finds what is abnormal in 3-D scans of parts, having seen sound
// ones only.
//
// A scan goes in, a map of what is abnormal comes out: [Fit] describes the
// surface of good scans around every point, keeps a representative bank of
// these descriptors and returns a [Detector]; [Detector.Score] compares a new
// scan with the bank; [Batch] does so for many, several at a time; [Detector.Evaluate] rates the scores against ground truth
// with the field's metrics. Detectors are stored with [Detector.Save] and
// [Load].
//
// Scans are [rgbd.Scan] values: an organised cloud in metres (or millimetres,
// if its Unit says so) in the camera's frame, x right, y down, z away from the
// camera, and optionally a colour image. The packages under io read them from
// files; a program that has a cloud in memory fills the struct itself.
package iad3d
