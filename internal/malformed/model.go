package malformed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

const digestPlace = "0000000000000000000000000000000000000000000000000000000000000000"

// modelOf frames a header and data, and puts the digest of the file where the
// header has 64 zeros, so that no lie is found by the digest alone.
func modelOf(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(append(b, header...), data...)
	if at := strings.Index(string(b), digestPlace); at >= 0 {
		sum := sha256.Sum256(b)
		hex.Encode(b[at:], sum[:])
	}
	return b
}

const (
	modelMeta = `"__metadata__":{"iad3d.format":"1","iad3d.sha256":"` + digestPlace + `"}`
	modelHead = `{` + modelMeta + `,"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`
)

func modelSound() []Sound {
	b := modelOf(modelHead, "ab")
	return []Sound{{Model, "plain", b, len(b)}}
}

func modelFiles() []File {
	m := maker{format: Model}
	sound := modelOf(modelHead, "ab")
	add := func(class Class, what, header, data string) { m.add(class, what, modelOf(header, data)) }
	one := func(class Class, what, entry, data string) { add(class, what, `{`+modelMeta+`,"a":`+entry+`}`, data) }
	m.add(Truncated, "empty", nil)
	m.add(Truncated, "half a length", sound[:4])
	m.add(Truncated, "cut", sound[:len(sound)-1])
	m.add(Damaged, "a byte too many", append(sound[:len(sound):len(sound)], 0))
	m.add(Damaged, "a changed byte", edit(sound, func(b []byte) { b[len(b)-1] ^= 1 }))
	for _, n := range []uint64{0, 1, 100_000_001, 1 << 31, 1<<63 - 1, 1 << 63, 1<<64 - 8, 1<<64 - 1} {
		m.add(NotModel, fmt.Sprintf("a header of %d bytes", n), edit(sound, func(b []byte) { binary.LittleEndian.PutUint64(b, n) }))
	}
	for _, n := range []uint64{uint64(len(sound)), 100_000_000} {
		m.add(Truncated, fmt.Sprintf("a header of %d bytes that are not there", n), edit(sound, func(b []byte) { binary.LittleEndian.PutUint64(b, n) }))
	}
	add(NotModel, "another program's", `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "ab")
	add(NotModel, "a list", `[{"dtype":"U8"}]`, "")
	m.text(NotModel, "a pickle", "\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.")
	m.text(NotModel, "a ZIP archive", "PK\x03\x04\x14\x00\x00\x00\x08\x00more")
	for _, v := range []string{"2", "7", "1000000"} {
		add(Newer, "format "+v, strings.Replace(modelHead, `format":"1"`, `format":"`+v+`"`, 1), "ab")
	}
	for _, v := range []string{"0", "-1", "one", "", "1.0", "99999999999999999999"} {
		add(Damaged, fmt.Sprintf("format %q", v), strings.Replace(modelHead, `format":"1"`, `format":"`+v+`"`, 1), "ab")
	}
	add(Damaged, "no digest", `{"__metadata__":{"iad3d.format":"1"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "ab")
	add(Damaged, "another digest", strings.Replace(modelHead, digestPlace, strings.Repeat("a", 64), 1), "ab")
	add(Damaged, "not UTF-8", `{`+modelMeta+",\"\xff\":{}}", "")
	add(Damaged, "JSON that does not end", `{`+modelMeta+`,"a":{"dtype":`, "")
	add(Damaged, "JSON and more", modelHead+"{}", "ab")
	add(Damaged, "deep", `{"a":`+strings.Repeat("[", 100_000), "")
	add(Damaged, "a name twice", `{`+modelMeta+`,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "ab")
	add(Damaged, "metadata twice", `{`+modelMeta+`,`+modelMeta+`}`, "")
	for what, e := range map[string]string{
		"no type": `{"shape":[2],"data_offsets":[0,2]}`, "no shape": `{"dtype":"U8","data_offsets":[0,2]}`, "no offsets": `{"dtype":"U8","shape":[2]}`, "a type that is not known": `{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}`,
		"a negative length": `{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}`, "a fraction": `{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}`, "a length beyond 64 bits": `{"dtype":"U8","shape":[18446744073709551618],"data_offsets":[0,2]}`,
		"a size that overflows": `{"dtype":"F64","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,2]}`, "a size of 2⁶⁴+4": `{"dtype":"U8","shape":[20,5581,8681,49477,384773],"data_offsets":[0,4]}`,
		"one offset": `{"dtype":"U8","shape":[2],"data_offsets":[2]}`, "offsets reversed": `{"dtype":"U8","shape":[2],"data_offsets":[2,0]}`, "a negative offset": `{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}`,
		"a hole": `{"dtype":"U8","shape":[1],"data_offsets":[1,2]}`, "too short a shape": `{"dtype":"U8","shape":[1],"data_offsets":[0,2]}`, "too long a shape": `{"dtype":"F64","shape":[1000000],"data_offsets":[0,2]}`,
		"33 dimensions": `{"dtype":"U8","shape":[` + strings.Repeat("1,", 39) + `2],"data_offsets":[0,2]}`, "bytes of no array": `{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`,
	} {
		one(Damaged, what, e, "ab")
	}
	one(Truncated, "an array beyond the end", `{"dtype":"U8","shape":[3],"data_offsets":[0,3]}`, "ab")
	one(Truncated, "an array of 2³⁰ bytes", `{"dtype":"U8","shape":[1073741824],"data_offsets":[0,1073741824]}`, "ab")
	return m.files
}
