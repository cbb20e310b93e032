package malformed

import "strings"

func textSound() []Sound {
	const announced = "2\n1 2 3\n4 5 6\n"
	const raster = "# raster 2 1\n1 2 3\n4 5 6\n"
	return []Sound{
		{Text, "points announced", []byte(announced), len(announced) - 1},
		{Text, "a raster", []byte(raster), len(raster) - 1},
		{OBJ, "two vertices", []byte("v 1 2 3\nv 4 5 6\n"), len("v 1 2 ")},
		{Text, "rows", []byte("1 2 3\n4 5 6\n"), len("1 2 ")},
		{Text, "CSV", []byte("x,y,z\n1,2,3\n"), len("x,y,z\n1,2,")},
	}
}

func textFiles() []File {
	m := maker{format: Text}
	const two = "1 2 3\n4 5 6\n"
	for what, s := range map[string]string{
		"empty": "", "line breaks alone": "\n\n\n", "a comment alone": "# x y z\n", "one column": "1\n2\n3\n", "two columns": "1 2\n3 4\n", "words": "this is no cloud\n",
		"a row of two": two + "7 8\n", "a row of four": two + "7 8 9 10\n", "a word": two + "7 eight 9\n", "hexadecimal": two + "7 0x8 9\n", "a zero byte": two + "7 \x00 9\n",
		"an exponent that does not end": two + "7 8e 9\n", "names of more columns than there are": "x,y,z,i\n1,2,3\n", "x twice": "x,y,x\n1,2,3\n", "no z": "x,y,w\n1,2,3\n",
		"a cell too few": "x,y,z\n1,2,3\n4,5\n", "a cell too many": "x,y,z\n1,2,3\n4,5,6,7\n", "a raster of more points": "# raster 3 1\n" + two, "a raster of fewer": "# raster 1 1\n" + two,
		"more announced": "3\n" + two, "fewer announced": "1\n" + two, "10⁸ announced": "100000000\n" + two, "names alone": "x,y,z\n", "a number in quotes": "x,y,z\n1,\"2,3\n",
		"a colour that is a word": "x,y,z,r,g,b\n1,2,3,1,2,red\n",
	} {
		m.text(Invalid, what, s)
	}
	for what, s := range map[string]string{
		"a raster of 2⁶² points":             "# raster 2147483648 2147483648\n" + two,
		"a raster of −1 × −1":                "# raster -1 -1\n" + two,
		"a raster whose size overflows":      "# raster 4611686018427387904 4\n" + two,
		"2⁴⁰ announced":                      "1099511627776\n" + two,
		"a line without end":                 two + strings.Repeat("1", 1<<17),
		"2,000 columns":                      strings.Repeat("1 ", 2000) + "\n",
		"a second block of 2⁶³−1, announced": "2\n" + two + "9223372036854775807\n" + two,
	} {
		m.text(TooLarge, what, s)
	}
	return m.files
}

func manifestFiles() []File {
	m := maker{format: Manifest}
	const head = "path,split,label\n"
	for what, s := range map[string]string{
		"empty": "", "no columns": "\n", "names alone": head, "no path column": "split,label\ntrain,good\n", "no split column": "path,label\na.pcd,good\n", "no label column": "path,split\na.pcd,train\n",
		"a cell too few": head + "a.pcd,train\n", "a cell too many": head + "a.pcd,train,good,x\n", "an empty path": head + ",train,good\n", "an unknown split": head + "a.pcd,training,good\n",
		"an empty split": head + "a.pcd,,good\n", "a defect in train": head + "a.pcd,train,dent\n", "a quote that does not end": head + "\"a.pcd,train,good\n", "a quote in a cell": head + "a\".pcd,train,good\n",
		"zero bytes": "\x00\x00\x00\x00",
	} {
		m.text(Input, what, s)
	}
	m.format = List
	for what, s := range map[string]string{
		"empty": "", "no list": "path: a.pcd\n", "a list of words": "- a.pcd\n", "a list of lists": "- [a.pcd, train, good]\n", "an unknown key": "- {path: a.pcd, split: train, label: good, colour_image: b}\n",
		"no path": "- {split: train, label: good}\n", "no split": "- {path: a.pcd, label: good}\n", "a path that is a list": "- {path: [a, b], split: train}\n", "a tab": "-\tpath: a.pcd\n\tsplit: train\n",
		"braces that do not end": "- {path: a.pcd, split: train", "an alias of nothing": "- *a\n", "an alias of itself": "- &a {path: *a}\n", "a key twice": "- {path: a, path: b, split: train}\n",
		"not UTF-8": "- {path: \"\xff\xfe\", split: train}\n", "deep": strings.Repeat("- ", 20_000), "deep in brackets": strings.Repeat("[", 20_000),
		"laughs": laughs("- "),
	} {
		m.text(Input, what, s)
	}
	return m.files
}

// laughs is YAML whose aliases grow to 10⁹ words.
func laughs(item string) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := range 8 {
		n, k := string(rune('1'+i)), string(rune('0'+i))
		b.WriteString("a" + n + ": &a" + n + " [" + strings.Repeat("*a"+k+", ", 9) + "*a" + k + "]\n")
	}
	if item == "" {
		return b.String()
	}
	return "- {path: a.pcd, split: train, label: good}\n" + item + "{" + strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", ", ") + "}\n"
}
