package malformed

import (
	"fmt"
	"strings"
)

const (
	cameraOwn   = "width: 640\nheight: 480\nfx: 525.0\nfy: 525.0\ncx: 319.5\ncy: 239.5\n"
	cameraOpen  = `{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525, 0, 319.5, 239.5, 1]}`
	cameraReal  = `{"width": 640, "height": 480, "fx": 525, "fy": 525, "ppx": 319.5, "ppy": 239.5, "model": "none", "coeffs": [0, 0, 0, 0, 0]}`
	cameraOther = "colour: {width: 4, height: 4, fx: 1, fy: 1, cx: 0, cy: 0, rotation: [1,0,0,0,1,0,0,0,1], translation: [0,0,0]}\n"
)

func cameraSound() []Sound {
	return []Sound{
		{Camera, "own", []byte(cameraOwn), strings.Index(cameraOwn, "cy: 239.5") + len("cy: ")},
		{Camera, "Open3D's", []byte(cameraOpen), len(cameraOpen)},
		{Camera, "librealsense's", []byte(cameraReal), len(cameraReal)},
	}
}

func cameraFiles() []File {
	m := maker{format: Camera}
	own := func(what, from, to string) { m.text(Invalid, what, strings.Replace(cameraOwn, from, to, 1)) }
	for _, line := range strings.SplitAfter(strings.TrimSuffix(cameraOwn, "\n"), "\n") {
		own("no "+strings.TrimSpace(line), line, "")
	}
	for _, name := range []string{"width", "height"} {
		line := map[string]string{"width": "width: 640", "height": "height: 480"}[name]
		for _, v := range []string{"0", "-640", "640.5", "1e30", ".nan", ".inf", "x", "", "[640]x", "{a: 1}", "true", "99999999999999999999"} {
			own(fmt.Sprintf("%s %s", name, v), line, name+": "+v)
		}
	}
	for _, v := range []string{"0", "-525", ".nan", ".inf", "-.inf", "x", "", "{}", "1e999"} {
		own("fx "+v, "fx: 525.0", "fx: "+v)
	}
	for _, v := range []string{".nan", ".inf", "x", "{}"} {
		own("cx "+v, "cx: 319.5", "cx: "+v)
	}
	for what, s := range map[string]string{
		"an unknown field": "focal: 3\n", "a depth scale of 0": "depth_scale: 0\n", "a negative depth scale": "depth_scale: -1\n", "a depth scale of NaN": "depth_scale: .nan\n", "an offset that is a word": "depth_offset: far\n",
		"an invalid value that is a word": "depth_invalid: [0, none]\n", "an unknown registration": "registration: perfect\n", "a field twice": "fx: 525.0\n", "two registrations": "registration: scaled\n" + cameraOther,
		"a colour camera that is a word": "colour: yes\n", "a colour camera without a pose": "colour: {width: 4, height: 4, fx: 1, fy: 1, cx: 0, cy: 0}\n",
		"a rotation of 8 numbers":       strings.Replace(cameraOther, "[1,0,0,0,1,0,0,0,1]", "[1,0,0,0,1,0,0,0]", 1),
		"a rotation that is none":       strings.Replace(cameraOther, "[1,0,0,0,1,0,0,0,1]", "[2,0,0,0,2,0,0,0,2]", 1),
		"a rotation of zeros":           strings.Replace(cameraOther, "[1,0,0,0,1,0,0,0,1]", "[0,0,0,0,0,0,0,0,0]", 1),
		"a mirror":                      strings.Replace(cameraOther, "[1,0,0,0,1,0,0,0,1]", "[1,0,0,0,1,0,0,0,-1]", 1),
		"a translation of NaN":          strings.Replace(cameraOther, "[0,0,0]", "[0,.nan,0]", 1),
		"a translation of two numbers":  strings.Replace(cameraOther, "[0,0,0]", "[0,0]", 1),
		"two documents":                 "---\nwidth: 1\n",
		"a tag that makes an object":    "x: !!python/object/apply:os.system [true]\n",
		"a tab":                         "\tx: 1\n",
		"brackets that do not end":      "depth_invalid: [0\n",
		"an alias of nothing":           "depth_scale: *x\n",
		"an alias of itself":            "depth_invalid: &x [*x]\n",
		"a colour camera within itself": "colour: &x {width: 4, colour: *x}\n",
	} {
		m.text(Invalid, what, cameraOwn+s)
	}
	for what, s := range map[string]string{
		"empty": "", "a word": "camera\n", "a list": "- 1\n", "null": "null\n", "zero bytes": "\x00\x00\x00", "not UTF-8": "width: \xff\xfe\n", "JSON that does not end": cameraReal[:len(cameraReal)-1],
		"JSON and more": cameraReal + "{}", "too long": cameraOwn + "# " + strings.Repeat("a", 1<<16), "laughs": laughs(""), "laughs beside": cameraOwn + laughs(""),
		"deep": strings.Repeat("[", 20_000), "deep JSON": `{"a":` + strings.Repeat("[", 20_000), "deep lists": strings.Repeat("- ", 20_000),
	} {
		m.text(Invalid, what, s)
	}
	open := func(what, from, to string) {
		m.text(Invalid, "Open3D's: "+what, strings.Replace(cameraOpen, from, to, 1))
	}
	open("a matrix of 8 numbers", ", 1]", "]")
	open("a matrix that ends in 2", ", 1]", ", 2]")
	open("a matrix row by row", "[525, 0, 0, 0, 525, 0, 319.5, 239.5, 1]", "[525, 0, 319.5, 0, 525, 239.5, 0, 0, 1]")
	open("a skewed matrix", "[525, 0,", "[525, 1,")
	open("a matrix of zeros", "525, 0, 0, 0, 525", "0, 0, 0, 0, 0")
	open("a matrix that is a word", "[525, 0, 0, 0, 525, 0, 319.5, 239.5, 1]", `"identity"`)
	open("a depth scale of 0", `"width"`, `"depth_scale": 0, "width"`)
	m.text(Distorted, "distorted", cameraOwn+"distortion: [0.1, 0, 0, 0, 0]\n")
	m.text(Distorted, "librealsense's: distorted", strings.Replace(cameraReal, "[0, 0", "[0, 0.1", 1))
	return m.files
}
