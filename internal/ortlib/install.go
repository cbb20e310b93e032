package ortlib

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/iad3d/iad3d/internal/atomicfile"
)

// ErrOptions is wrapped by every error about [InstallOptions].
var ErrOptions = errors.New("bad options")

// InstallOptions says where the library comes from; the zero value: from a package of
// whichever client is there.
type InstallOptions struct {
	Via  Via    // this client only
	From string // a file: a library, or a .tgz archive that holds one
	URL  string // the same, to be downloaded
	// SHA256 is what the file of From or URL must have; empty: not known. A package's
	// library is always compared with what this program knows.
	SHA256 string
	Dir    string // empty: CacheDir
	// Fetching, when not nil, is told what is about to be downloaded.
	Fetching func(what string)
}

var hexHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (o *InstallOptions) check() error {
	given := 0
	for _, s := range []string{string(o.Via), o.From, o.URL} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return fmt.Errorf("%w: a client, a file and a URL exclude each other", ErrOptions)
	case o.Via != "" && o.Via != ViaGo && o.Via != ViaNPM:
		return fmt.Errorf("%w: client %q: there is %s and %s", ErrOptions, o.Via, ViaNPM, ViaGo)
	case o.SHA256 != "" && o.From == "" && o.URL == "":
		return fmt.Errorf("%w: a SHA-256 goes with a file or a URL; that of packages is known", ErrOptions)
	case o.SHA256 != "" && !hexHash.MatchString(o.SHA256):
		return fmt.Errorf("%w: SHA-256 %q: want 64 hexadecimal digits", ErrOptions, o.SHA256)
	}
	return nil
}

// Install puts the library into the user's cache, where [Find] finds it, and
// returns it. What is fetched is compared with its hash and examined before it is
// put in place; it is not loaded. A library that came from a package and is still
// in place is not fetched again. Errors wrap [ErrOptions] or [ErrLibrary].
func Install(ctx context.Context, o InstallOptions) (*Library, error) {
	i := installer{goos: runtime.GOOS, goarch: runtime.GOARCH, sources: sources(), find: exec.LookPath, run: run, look: look}
	return i.install(ctx, o)
}

// installer is Install with what tests replace.
type installer struct {
	goos, goarch string
	sources      []source
	find         func(program string) (string, error)
	run          func(ctx context.Context, dir, program string, args ...string) ([]byte, error)
	look         func(path string) (version string, err error) // what Examine does
}

func (i *installer) platform() string { return i.goos + "/" + i.goarch }

func (i *installer) install(ctx context.Context, o InstallOptions) (*Library, error) {
	o.SHA256 = strings.ToLower(o.SHA256)
	if o.Fetching == nil {
		o.Fetching = func(string) {}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = CacheDir(); err != nil {
			return nil, fmt.Errorf("%w: this user has no cache folder (%w): give --ort-library a library's file instead", ErrLibrary, err)
		}
	}
	if lib := i.present(dir, o); lib != nil {
		return lib, nil
	}
	if err := writable(dir); err != nil {
		return nil, failed(dir, "the cache cannot be written to (%w): name a library's file with --ort-library or %s instead", err, Variable)
	}
	work, err := os.MkdirTemp("", "iad3d-ort-")
	if err != nil {
		return nil, fmt.Errorf("%w: no temporary folder: %w", ErrLibrary, err)
	}
	defer os.RemoveAll(work)
	var got fetched
	switch {
	case o.From != "":
		got, err = i.fromFile(o.From, o.SHA256, work)
		got.source = "file " + filepath.Base(o.From)
	case o.URL != "":
		got, err = i.fromURL(ctx, &o, work)
	default:
		got, err = i.fromPackage(ctx, &o, work)
	}
	if err != nil {
		return nil, err
	}
	version, err := i.look(got.path)
	if err != nil {
		return nil, failed(got.source, "%w", err)
	}
	if version == "" {
		version = got.version
	}
	return i.place(dir, got, version)
}

// fetched is a library's file in the work folder.
type fetched struct {
	path, sha256, version, source string
	size                          int64
}

// present returns the installed library when it is one that fetching from a
// package would give.
func (i *installer) present(dir string, o InstallOptions) *Library {
	if o.From != "" || o.URL != "" {
		return nil
	}
	lib, err := installed(dir, i.look)
	if err != nil || lib == nil {
		return nil
	}
	for _, s := range i.sources {
		if (o.Via == "" || o.Via == s.via) && s.pins[i.platform()].sha256 == lib.SHA256 {
			return lib
		}
	}
	return nil
}

// writable makes the folder and tries to write in it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".iad3d-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// fromPackage tries the clients that are there.
func (i *installer) fromPackage(ctx context.Context, o *InstallOptions, work string) (fetched, error) {
	via := o.Via
	var failures, missing []string
	offered := false
	for n, s := range i.sources {
		p, ok := s.pins[i.platform()]
		if !ok || via != "" && via != s.via {
			continue
		}
		offered = true
		program, err := i.find(string(s.via))
		if err != nil {
			missing = append(missing, string(s.via))
			continue
		}
		dir := filepath.Join(work, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fetched{}, fmt.Errorf("%w: %w", ErrLibrary, err)
		}
		o.Fetching(s.String())
		got, err := i.fetch(ctx, s, p, program, dir)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return fetched{}, ctx.Err()
		}
		failures = append(failures, fmt.Sprintf("%s: %v", s.via, err))
	}
	const otherwise = "give a library's file with --from, or its address with --url"
	switch {
	case !offered && via != "":
		return fetched{}, fmt.Errorf("%w: there is no package of %s with a library for %s: %s", ErrLibrary, via, i.platform(), otherwise)
	case !offered:
		return fetched{}, fmt.Errorf("%w: there is no package with a library for %s: %s", ErrLibrary, i.platform(), otherwise)
	case len(failures) > 0:
		return fetched{}, fmt.Errorf("%w: it could not be fetched (%s): %s", ErrLibrary, strings.Join(failures, "; "), otherwise)
	}
	return fetched{}, fmt.Errorf("%w: nothing to fetch it with, %s not found: install one, or %s", ErrLibrary, strings.Join(missing, " and "), otherwise)
}

// fetch gets one package and takes the library out of it.
func (i *installer) fetch(ctx context.Context, s source, p pin, program, dir string) (fetched, error) {
	got := fetched{version: p.version, source: s.String()}
	var err error
	if s.via == ViaGo {
		got.path, err = i.goModule(ctx, program, s.spec, p.file, dir)
	} else {
		got.path, err = i.npmPackage(ctx, program, s.spec, p, dir)
	}
	if err != nil {
		return got, err
	}
	if got.sha256, got.size, err = hashAndSize(got.path); err != nil {
		return got, err
	}
	if got.sha256 != p.sha256 || got.size != p.size {
		return got, fmt.Errorf("the library in %s is not the one that is known: SHA-256 %s of %d bytes, want %s of %d", s.spec, got.sha256, got.size, p.sha256, p.size)
	}
	return got, nil
}

// goModule downloads a module into Go's cache and returns the file's path there.
func (i *installer) goModule(ctx context.Context, program, spec, file, dir string) (string, error) {
	out, err := i.run(ctx, dir, program, "mod", "download", "-json", spec)
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) == nil && module.Error != "" {
		return "", errors.New(firstLines(module.Error))
	}
	if err != nil {
		return "", err
	}
	if module.Dir == "" {
		return "", errors.New("go mod download did not say where the module is")
	}
	return filepath.Join(module.Dir, filepath.FromSlash(file)), nil
}

// npmPackage downloads a package's archive and takes the file out of it.
func (i *installer) npmPackage(ctx context.Context, program, spec string, p pin, dir string) (string, error) {
	if _, err := i.run(ctx, dir, program, "pack", spec, "--ignore-scripts", "--loglevel=error"); err != nil {
		return "", err
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", errors.New("npm pack left no archive")
	}
	path := filepath.Join(dir, "library")
	return path, extract(archives[0], p.file, path)
}

// run runs a client in a folder and returns its standard output.
func run(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	// What a project asks of its builds does not concern a download.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if why := firstLines(stderr.String()); why != "" {
			err = fmt.Errorf("%w: %s", err, why)
		}
	}
	return out, err
}

// firstLines shortens what a client complains about.
func firstLines(s string) string {
	const most = 300
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// place copies the library into the cache, records it and removes older ones.
func (i *installer) place(dir string, got fetched, version string) (*Library, error) {
	name := cachedName(i.goos, got.sha256)
	path := filepath.Join(dir, name)
	err := atomicfile.Write(path, func(w io.Writer) error {
		f, err := os.Open(got.path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLibrary, err)
	}
	if sum, err := HashFile(path); err != nil || sum != got.sha256 {
		return nil, failed(path, "it changed while it was copied")
	}
	r := record{File: name, SHA256: got.sha256, Size: got.size, Version: version, Source: got.source}
	err = atomicfile.Write(filepath.Join(dir, recordName), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLibrary, err)
	}
	removeOthers(dir, name)
	return &Library{Path: path, Place: Cache, Version: version, SHA256: got.sha256, Source: got.source}, nil
}

// cachedName names a library's file after its hash, so that one in use by
// another process is never written to.
func cachedName(goos, sum string) string {
	switch goos {
	case "windows":
		return "onnxruntime-" + sum[:12] + ".dll"
	case "darwin":
		return "libonnxruntime-" + sum[:12] + ".dylib"
	}
	return "libonnxruntime-" + sum[:12] + ".so"
}

var cached = regexp.MustCompile(`^(lib)?onnxruntime-[0-9a-f]{12}\.(dll|dylib|so)$`)

// removeOthers removes the libraries that were installed before; one that is in
// use and cannot be removed stays until the next time.
func removeOthers(dir, keep string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Name() != keep && cached.MatchString(e.Name()) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
