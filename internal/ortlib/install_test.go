package ortlib

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func sumOf(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// archive makes a .tgz of names and contents.
func archive(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		h := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Typeflag: tar.TypeReg}
		if target, ok := strings.CutPrefix(files[i+1], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			w.Write([]byte(files[i+1]))
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// clients stands for the programs and packages of a machine.
type clients struct {
	t       *testing.T
	present []string          // of the programs
	module  string            // content of the Go module's library; empty: fails
	archive string            // of the npm package; empty: fails
	called  []string          // command lines
	hashes  map[string]string // of the library that is known, by client
}

func (c *clients) installer() *installer {
	pins := func(via Via, file string) map[string]pin {
		content := c.hashes[string(via)]
		return map[string]pin{"linux/amd64": {file, int64(len(content)), sumOf(content), content}}
	}
	return &installer{
		goos: "linux", goarch: "amd64", look: lookFake,
		sources: []source{{ViaGo, "example.org/lib@v1", pins(ViaGo, "lib/x.so")}, {ViaNPM, "lib@1", pins(ViaNPM, "package/bin/libonnxruntime.so.1")}},
		find: func(program string) (string, error) {
			if !slices.Contains(c.present, program) {
				return "", errors.New("not found")
			}
			return "/bin/" + program, nil
		},
		run: func(_ context.Context, dir, program string, args ...string) ([]byte, error) {
			c.called = append(c.called, program+" "+strings.Join(args, " "))
			if program == "/bin/go" {
				if c.module == "" {
					return []byte(`{"Error": "dial tcp:\nno route to host"}`), errors.New("exit status 1")
				}
				module := c.t.TempDir()
				put(c.t, c.module, module, "lib", "x.so")
				return json.Marshal(map[string]string{"Dir": module})
			}
			if c.archive == "" {
				return nil, errors.New("exit status 1: npm error code ENOTFOUND")
			}
			put(c.t, c.archive, dir, "lib-1.tgz")
			return nil, nil
		},
	}
}

func TestInstallPackage(t *testing.T) {
	npm := archive(t, "package/readme", "x", "package/bin/libonnxruntime.so.1", "npm library", "package/z", "z")
	hashes := map[string]string{"go": "go library", "npm": "npm library"}
	both := []string{"go", "npm"}
	for _, c := range []struct {
		name string
		with clients
		via  Via
		want string // content, or ! and what the error says
	}{
		{"both there", clients{present: both, module: "go library", archive: npm}, "", "go library"},
		{"npm asked for", clients{present: both, module: "go library", archive: npm}, ViaNPM, "npm library"},
		{"npm alone", clients{present: both[1:], archive: npm}, "", "npm library"},
		{"go fails", clients{present: both, archive: npm}, "", "npm library"},
		{"go gives another", clients{present: both, module: "go librarx", archive: npm}, "", "npm library"},
		{"no client", clients{}, "", "! nothing to fetch it with, go and npm not found: install one, or give a library's file with --from"},
		{"not the client asked for", clients{present: both[:1], module: "go library"}, ViaNPM, "! nothing to fetch it with, npm not found"},
		{"no network", clients{present: both}, "", "! it could not be fetched (go: dial tcp:; no route to host; npm: exit status 1: npm error code ENOTFOUND): give"},
		{"wrong hash", clients{present: both[:1], module: "evil library"}, "", "! the library in example.org/lib@v1 is not the one that is known: SHA-256 " + sumOf("evil library")},
		{"wrong archive", clients{present: both[1:], archive: archive(t, "package/other", "x")}, "", "! there is no package/bin/libonnxruntime.so.1 in the archive"},
		{"no archive", clients{present: both[1:], archive: "not gzip"}, "", "! the archive is damaged"},
		{"cut archive", clients{present: both[1:], archive: npm[:len(npm)/2]}, "", "! damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.with.t, c.with.hashes = t, hashes
			dir := filepath.Join(t.TempDir(), "cache")
			i := c.with.installer()
			lib, err := i.install(t.Context(), InstallOptions{Via: c.via, Dir: dir})
			if says, fails := strings.CutPrefix(c.want, "! "); fails {
				if !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), says) {
					t.Errorf("%+v, %v, want %q", lib, err, says)
				}
				if entries, _ := os.ReadDir(dir); len(entries) != 0 {
					t.Errorf("left in the cache: %v", entries)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(lib.Path); err != nil || string(b) != c.want {
				t.Errorf("%q, %v, want %q", b, err, c.want)
			}
			found, err := Find(Search{Getenv: func(string) string { return "" }, Cache: dir, look: lookFake})
			if err != nil || *found != *lib || found.SHA256 != sumOf(c.want) || found.Place != Cache || found.Source == "" {
				t.Errorf("installed %+v, found %+v, %v", lib, found, err)
			}
			calls := len(c.with.called)
			again, err := i.install(t.Context(), InstallOptions{Via: c.via, Dir: dir})
			if err != nil || *again != *lib || len(c.with.called) != calls {
				t.Errorf("the second time: %+v, %v, %q", again, err, c.with.called[calls:])
			}
			put(t, "damaged", lib.Path)
			if again, err := i.install(t.Context(), InstallOptions{Via: c.via, Dir: dir}); err != nil || *again != *lib {
				t.Errorf("damaged, then: %+v, %v", again, err)
			}
		})
	}
}

func TestInstallElsewhere(t *testing.T) {
	c := clients{t: t, present: []string{"go", "npm"}}
	i := c.installer()
	i.goos = "plan9"
	if _, err := i.install(t.Context(), InstallOptions{Dir: t.TempDir()}); !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), "no package with a library for plan9/amd64: give") {
		t.Error(err)
	}
	if _, err := i.install(t.Context(), InstallOptions{Dir: t.TempDir(), Via: ViaGo}); !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), "no package of go with a library for plan9/amd64") {
		t.Error(err)
	}
	if len(c.called) > 0 {
		t.Errorf("called %q", c.called)
	}
}

func TestInstallFile(t *testing.T) {
	c := clients{t: t}
	i := c.installer()
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	plain := put(t, "1.30", dir, "mine.so")
	official := archive(t, "x-1.24/lib/libonnxruntime.so", "-> libonnxruntime.so.1", "x-1.24/lib/libonnxruntime.so.1.24.1", "1.24.1", "x-1.24/README", "r")
	tgz := put(t, official, dir, "x.tgz")
	for _, o := range []InstallOptions{{From: plain}, {From: plain, SHA256: strings.ToUpper(sumOf("1.30"))}, {From: tgz}, {From: tgz, SHA256: sumOf(official)}} {
		o.Dir = cache
		lib, err := i.install(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(lib.Path)
		if err != nil || lib.SHA256 != sumOf(string(b)) || lib.Version != string(b) || lib.Source != "file "+filepath.Base(o.From) {
			t.Errorf("%+v, content %q, %v", lib, b, err)
		}
		if entries, _ := os.ReadDir(cache); len(entries) != 2 {
			t.Errorf("the cache holds %v", entries)
		}
	}
	before, _ := os.ReadFile(filepath.Join(cache, recordName))
	for _, c := range []struct {
		o    InstallOptions
		says string
	}{
		{InstallOptions{From: filepath.Join(dir, "none")}, "none: no such file or directory"},
		{InstallOptions{From: dir}, "it is not a regular file"},
		{InstallOptions{From: plain, SHA256: sumOf("x")}, "its SHA-256 is " + sumOf("1.30") + ", not " + sumOf("x")},
		{InstallOptions{From: put(t, "bad", dir, "bad")}, "file bad: it is bad"},
		{InstallOptions{From: put(t, "PK\x03\x04", dir, "zip")}, "it is a ZIP archive"},
		{InstallOptions{From: put(t, archive(t, "a", "x"), dir, "none.tgz")}, "there is no ONNX Runtime library in the archive"},
		{InstallOptions{From: put(t, archive(t, "a/libonnxruntime.so", "x", "b/libonnxruntime.so", "y"), dir, "two.tgz")}, "several libraries in the archive (a/libonnxruntime.so, b/libonnxruntime.so)"},
		{InstallOptions{From: put(t, official[:60], dir, "cut.tgz")}, "the archive is damaged"},
	} {
		c.o.Dir = cache
		lib, err := i.install(t.Context(), c.o)
		if !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v, %v, want %q", lib, err, c.says)
		}
	}
	if after, _ := os.ReadFile(filepath.Join(cache, recordName)); !bytes.Equal(after, before) {
		t.Error("a failure changed what is installed")
	}
}

func TestInstallURL(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/lib", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1.25") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/lib", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	c := clients{t: t}
	i := c.installer()
	dir := t.TempDir()
	secret := strings.Replace(server.URL, "://", "://user:secret@", 1) + "/moved?token=secret"
	lib, err := i.install(t.Context(), InstallOptions{URL: secret, SHA256: sumOf("1.25"), Dir: dir})
	if err != nil || lib.Version != "1.25" || lib.Source != server.URL+"/moved" {
		t.Errorf("%+v, %v", lib, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx      context.Context
		url, sum string
		kind     error
		says     string
	}{
		{t.Context(), server.URL + "/lib", "", ErrOptions, "not encrypted: give the file's --sha256"},
		{t.Context(), server.URL + "/lib", sumOf("x"), ErrLibrary, "its SHA-256 is"},
		{t.Context(), server.URL + "/none", sumOf("x"), ErrLibrary, "the server answers 404 Not Found"},
		{t.Context(), "ftp://host/lib", "", ErrOptions, "want https://"},
		{t.Context(), "/lib", "", ErrOptions, "want https://"},
		{cancelled, server.URL + "/lib", sumOf("x"), context.Canceled, "cannot be downloaded"},
	} {
		lib, err := i.install(c.ctx, InstallOptions{URL: c.url, SHA256: c.sum, Dir: dir})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v, want %q", c.url, lib, err, c.says)
		}
	}
}

func TestInstallOptions(t *testing.T) {
	for _, o := range []InstallOptions{
		{Via: "apt"}, {Via: ViaGo, From: "x"}, {From: "x", URL: "https://x/"}, {SHA256: sumOf("")}, {Via: ViaNPM, SHA256: sumOf("")},
		{From: "x", SHA256: "12"}, {From: "x", SHA256: strings.Repeat("g", 64)},
	} {
		if _, err := Install(t.Context(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestCacheCannotBeWritten(t *testing.T) {
	c := clients{t: t, present: []string{"go"}, module: "x"}
	file := put(t, "", t.TempDir(), "file")
	_, err := c.installer().install(t.Context(), InstallOptions{Dir: filepath.Join(file, "cache")})
	if !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), "the cache cannot be written to") || !strings.Contains(err.Error(), "--ort-library") {
		t.Error(err)
	}
	if len(c.called) > 0 {
		t.Errorf("called %q", c.called)
	}
}

// TestPins checks that nothing is mistyped.
func TestPins(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sources() {
		for platform, p := range s.pins {
			if !hexHash.MatchString(p.sha256) || seen[p.sha256] || p.size < 1<<24 || older(p.version, Oldest) || strings.HasPrefix(p.file, "/") {
				t.Errorf("%s %s: %+v", s.spec, platform, p)
			}
			seen[p.sha256] = true
		}
	}
}
