package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// names gives the files of one folder their names. It holds those in use, in
// lower case as some file systems see them.
type names map[string]bool

// unique returns the name of a scan's files; of several that would have the
// same name the second is "bent_003-2".
func (n names) unique(scan string) string {
	name := fileName(scan)
	free := name
	for k := 2; n[strings.ToLower(free)]; k++ {
		free = fmt.Sprintf("%s-%d", name, k)
	}
	n[strings.ToLower(free)] = true
	return free
}

// fileName makes one path element out of a scan's name: "bent/003" becomes
// "bent_003". It is cut where it would be too long for a file's.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name)
	const room = 20 // for a number and an extension
	for len(s) > maxName-room {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	s = strings.TrimRight(s, ". ")
	if strings.HasPrefix(s, ".") {
		s = "_" + s
	}
	if s == "" {
		return "scan"
	}
	return s
}
