// Package model reads and writes the model file: named arrays of numbers with
// text metadata, verified when opened and used where they lie. It knows
// tensors; what they mean is the caller's affair.
//
// # The file
//
// A model is a valid safetensors file (https://github.com/huggingface/safetensors,
// "Format"), so other programs can read its arrays:
//
//	bytes 0…7      N, little-endian unsigned
//	bytes 8…8+N−1  header: one JSON object in UTF-8, then spaces
//	the rest       the arrays' bytes, C order, little-endian, no gaps
//
// The header maps each array's name to {"dtype", "shape", "data_offsets":
// [begin, end]}, offsets counted from byte 8+N, and "__metadata__" to an object
// of strings. Beyond the safetensors rules this program writes, as format 1,
//
//   - metadata "iad3d.format": "1";
//   - metadata "iad3d.sha256": 64 lower-case hexadecimal digits, the SHA-256 of
//     the whole file with these 64 bytes replaced by '0'. It guards against
//     damage; it is not a signature;
//   - arrays that start at multiples of 64 bytes in the file. Safetensors allows
//     no gaps, so U8 arrays named "_pad.0", "_pad.1", … fill them; readers ignore
//     names that start so. Alignment is a courtesy: a file without is read too.
//
// Keys are sorted, arrays stand in the order given to [Save]: the same input
// gives the same bytes.
//
// The reader insists on the safetensors rules as their own validator does:
// header at most 100 MB, no key twice, arrays one after the other from byte 8+N
// to the end of the file, each as long as shape and dtype say.
package model

import (
	"errors"
	"strconv"
)

// ErrModel is wrapped by every error that says a model file cannot be used: by
// those below, and by the operating system's for a missing or unreadable file
// (os.ErrNotExist and the like stay reachable).
var ErrModel = errors.New("unusable model")

// Why a file cannot be used; each comes together with [ErrModel].
var (
	ErrTruncated = errors.New("truncated")                // shorter than its header says
	ErrDamaged   = errors.New("damaged")                  // breaks the format's rules, or the digest differs
	ErrNewer     = errors.New("written by a newer iad3d") // of a format this program does not know
	ErrNotModel  = errors.New("not an iad3d model")       // something else, perhaps a safetensors file
)

const (
	formatVersion = 1
	formatKey     = "iad3d.format"
	digestKey     = "iad3d.sha256"
	digestDigits  = 64
	metadataKey   = "__metadata__"
	padPrefix     = "_pad."
	align         = 64 // bytes: a cache line, and the widest vector register

	lengthBytes = 8           // the field before the header
	maxHeader   = 100_000_000 // as the safetensors program limits it

	// Safetensors does not limit these; a header of 100 MB could hold millions.
	maxTensors  = 1 << 13 // padding included
	maxMetadata = 1 << 13
	maxRank     = 32
)

// quote makes a string from a file fit for a message.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
