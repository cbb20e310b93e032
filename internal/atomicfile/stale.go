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
	forLeftovers(dir, name, func(path string, here bool, process int) {
		info, err := sys.lstat(path)
		if err == nil && info.Mode().IsRegular() && (here && !sys.alive(process) || time.Since(info.ModTime()) > staleAge) {
			sys.remove(path)
		}
	})
}

// forLeftovers calls do for all temporaries of name in dir, with the process that made
// each and whether that is of this host.
func forLeftovers(dir, name string, do func(path string, here bool, process int)) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	this := host()
	for {
		names, err := d.Readdirnames(1024) // folders of results can be long
		for _, n := range names {
			rest, ok := strings.CutPrefix(n, prefix(name))
			if !ok {
				continue
			}
			m := suffix.FindStringSubmatch(rest)
			if m == nil {
				continue
			}
			if process, err := strconv.Atoi(m[2]); err == nil {
				do(filepath.Join(dir, n), m[1] == this, process)
			}
		}
		if err != nil || len(names) == 0 {
			return
		}
	}
}
