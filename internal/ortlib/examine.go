package ortlib

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Examine looks at a library's file without loading it, for what would make
// loading it fail or crash: it is a whole shared library of this system and
// processor, it is ONNX Runtime, and it is not older than [Oldest]. The version
// is empty where the file's format does not tell. Errors wrap [ErrLibrary].
func Examine(path string) (version string, err error) {
	version, err = look(path)
	if err != nil {
		return "", failed(path, "%w", err)
	}
	return version, nil
}

// look is Examine whose errors do not name the file.
func look(path string) (version string, err error) {
	const remedy = "get one with iad3d ort install"
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: %s", bare(err), remedy)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", bare(err)
	case info.IsDir():
		return "", errors.New("it is a folder: name the library's file")
	case !info.Mode().IsRegular():
		return "", errNotRegular
	}
	var found binary
	switch runtime.GOOS {
	case "darwin":
		found, err = readMachO(f)
	case "windows":
		found, err = readPE(f)
	default:
		found, err = readELF(f)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("it is not a whole shared library of this system: %s", remedy)
	case found.arch != runtime.GOARCH:
		return "", fmt.Errorf("it is made for another processor (%s) than this program (%s): %s", found.arch, runtime.GOARCH, remedy)
	case found.end > info.Size():
		return "", fmt.Errorf("it is cut off: %d of at least %d bytes: %s", info.Size(), found.end, remedy)
	case !found.isORT:
		return "", fmt.Errorf("it is a shared library, but not ONNX Runtime: %s", remedy)
	case found.version != "" && older(found.version, Oldest):
		return "", fmt.Errorf("it is ONNX Runtime %s, want %s or newer: %s", found.version, Oldest, remedy)
	}
	return found.version, nil
}

// binary is what a library's headers tell.
type binary struct {
	arch    string // as GOARCH names it
	end     int64  // where its last part ends in the file
	isORT   bool   // exports the entry point
	version string // empty: not told
}

// entryPoint is the one function by which ONNX Runtime is entered.
const entryPoint = "OrtGetApiBase"

func readELF(f *os.File) (binary, error) {
	e, err := elf.NewFile(f)
	if err != nil {
		return binary{}, err
	}
	b := binary{arch: e.Machine.String()}
	switch e.Machine {
	case elf.EM_X86_64:
		b.arch = "amd64"
	case elf.EM_AARCH64:
		b.arch = "arm64"
	case elf.EM_ARM:
		b.arch = "arm"
	case elf.EM_386:
		b.arch = "386"
	}
	if e.Type != elf.ET_DYN {
		return b, errors.New("not a shared object")
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			b.end = max(b.end, int64(min(p.Off, 1<<62)+min(p.Filesz, 1<<62)))
		}
	}
	symbols, err := e.DynamicSymbols()
	if err != nil {
		return b, nil // cut off, or no library: end and isORT tell
	}
	for _, s := range symbols {
		if s.Name == entryPoint && s.Section != elf.SHN_UNDEF {
			b.isORT = true
			b.version, _ = strings.CutPrefix(s.Version, "VERS_")
		}
	}
	return b, nil
}

func readMachO(f *os.File) (binary, error) {
	var b binary
	m, err := macho.NewFile(f)
	if err != nil {
		fat, err := macho.NewFatFile(f)
		if err != nil {
			return b, err
		}
		for i := range fat.Arches {
			if a := &fat.Arches[i]; machoArch(a.Cpu) == runtime.GOARCH {
				return describeMachO(a.File, int64(a.Offset)), nil
			}
		}
		b.arch = "several"
		return b, nil
	}
	return describeMachO(m, 0), nil
}

func describeMachO(m *macho.File, offset int64) binary {
	b := binary{arch: machoArch(m.Cpu)}
	for _, l := range m.Loads {
		if s, ok := l.(*macho.Segment); ok {
			b.end = max(b.end, offset+int64(min(s.Offset, 1<<61)+min(s.Filesz, 1<<61)))
		}
	}
	if m.Symtab != nil {
		for _, s := range m.Symtab.Syms {
			b.isORT = b.isORT || s.Name == "_"+entryPoint
		}
	}
	return b
}

func machoArch(c macho.Cpu) string {
	switch c {
	case macho.CpuAmd64:
		return "amd64"
	case macho.CpuArm64:
		return "arm64"
	}
	return c.String()
}

func readPE(f *os.File) (binary, error) {
	p, err := pe.NewFile(f)
	if err != nil {
		return binary{}, err
	}
	// The export table needs more reading than it is worth; the loader says whether
	// the entry point is there.
	b := binary{isORT: true}
	switch p.Machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		b.arch = "amd64"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		b.arch = "arm64"
	default:
		b.arch = "machine " + strconv.Itoa(int(p.Machine))
	}
	for _, s := range p.Sections {
		b.end = max(b.end, int64(s.Offset)+int64(s.Size))
	}
	return b, nil
}

// older compares versions number by number.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX != nil || errY != nil {
			return false
		}
		if x != y {
			return x < y
		}
	}
	return false
}
