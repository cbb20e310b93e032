package atomicfile

import (
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// staleAge is the time without a write after which a temporary counts as left
// over even if its process number is in use or belongs to another host.
const staleAge = time.Hour

// suffix is what follows ".NAME.tmp-"; the groups are host and process.
var suffix = regexp.MustCompile(`^([0-9a-f]{8})-([1-9][0-9]{0,9})-[0-9A-Z]{8}$`)

func prefix(name string) string { return "." + name + ".tmp-" }

func temporaryName(name string) string {
	return fmt.Sprintf("%s%s-%d-%s", prefix(name), host(), os.Getpid(), rand.Text()[:8])
}

// host tells hosts that share a folder apart (containers have names of their
// own too); a name as such may hold characters a file name may not.
func host() string {
	name, _ := os.Hostname() // without a name all count as the same host
	h := fnv.New32a()
	io.WriteString(h, name)
	return fmt.Sprintf("%08x", h.Sum32())
}

// removeStale removes what killed writers of name left in dir. It is a service,
// not a condition: what cannot be listed or removed stays.
func removeStale(sys system, dir, name string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	here := host()
	for {
		names, err := d.Readdirnames(1024) // folders of results can be long
		for _, n := range names {
			rest, ok := strings.CutPrefix(n, prefix(name))
			if !ok {
				continue
			}
			path := filepath.Join(dir, n)
			if m := suffix.FindStringSubmatch(rest); m != nil && stale(sys, path, m[1] == here, m[2]) {
				sys.remove(path)
			}
		}
		if err != nil || len(names) == 0 {
			return
		}
	}
}

func stale(sys system, path string, here bool, process string) bool {
	info, err := sys.lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if pid, err := strconv.Atoi(process); err == nil && here && !sys.alive(pid) {
		return true
	}
	return time.Since(info.ModTime()) > staleAge
}
