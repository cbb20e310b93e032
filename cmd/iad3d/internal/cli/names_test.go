package cli

import "testing"

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"bent/003":       "bent_003",
		"part7":          "part7",
		"Teil 7, größer": "Teil 7, größer",
		`a\b:c*d?e"f<g>`: "a_b_c_d_e_f_g_",
		"":               "scan",
		".":              "scan",
		"..":             "scan",
		"../..":          "_.._", // a leading dot would hide the file
		"a/..":           "a_",
		".hidden":        "_.hidden",
		"tab\tnewline\n": "tab_newline_",
		"end. ":          "end",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestUnique(t *testing.T) {
	n := names{}
	for _, step := range [][2]string{
		{"a/1", "a_1"}, {"a_1", "a_1-2"}, {"A/1", "A_1-3"}, {"a_1-2", "a_1-2-2"}, {"b", "b"}, {"a/1", "a_1-4"},
	} {
		if got := n.unique(step[0]); got != step[1] {
			t.Errorf("%q: %q, want %q", step[0], got, step[1])
		}
	}
}
