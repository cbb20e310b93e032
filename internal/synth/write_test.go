package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/xyztiff"
)

// small is a line that is quick to write.
func small() Options {
	return Options{
		Seed: 9, Size: 48, Train: 2, Validation: 1, Good: 1, PerDefect: 1,
		Parts: []string{"washer", "bracket"}, Defects: []string{"stained", "dent"},
	}
}

// tree returns the content of all files below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWriteLayout(t *testing.T) {
	dir := t.TempDir()
	var calls []int
	err := Write(t.Context(), dir, small(), func(done, total int) {
		if total != 12 {
			t.Errorf("progress counts %d scans, want 12", total)
		}
		calls = append(calls, done)
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; !slices.Equal(calls, want) {
		t.Errorf("progress %v", calls)
	}
	var want []string
	for _, part := range []string{"bracket/", "washer/"} {
		for _, f := range []string{"class_ids.json", "calibration/camera_parameters.json", "truth.json", "synth.json"} {
			want = append(want, part+f)
		}
		for _, scan := range []string{"train/good 000", "train/good 001", "validation/good 000", "test/good 000", "test/dent 000", "test/stained 000"} {
			folder, name := filepath.Split(scan[:len(scan)-4])
			folder += name
			n := scan[len(scan)-3:]
			want = append(want, part+folder+"/xyz/"+n+".tiff", part+folder+"/rgb/"+n+".png")
			if scan[:4] == "test" {
				want = append(want, part+folder+"/gt/"+n+".png")
			}
		}
	}
	slices.Sort(want)
	got := tree(t, dir)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Fatalf("files\n%q\nwant\n%q", names, want)
	}

	for name, text := range map[string]string{
		"washer/class_ids.json": "{\n  \"0\": \"good\",\n  \"249\": \"stained\",\n  \"252\": \"dent\"\n}\n",
		"washer/calibration/camera_parameters.json": "{\n  \"camera_type\": \"area_scan_division\",\n  \"focus\": 0.0125,\n  \"kappa\": 0,\n" +
			"  \"sx\": 0.00006481481481481482,\n  \"sy\": 0.00006481481481481482,\n  \"cx\": 23.5,\n  \"cy\": 23.5,\n" +
			"  \"image_width\": 48,\n  \"image_height\": 48\n}\n",
	} {
		if got[name] != text {
			t.Errorf("%s:\n%s", name, got[name])
		}
	}
}

// TestWriteHoldsTheScans decodes the files and compares them with Scan.
func TestWriteHoldsTheScans(t *testing.T) {
	dir := t.TempDir()
	o := small()
	if err := Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	files := tree(t, dir)
	for _, part := range o.Parts {
		var found []finding
		if err := json.Unmarshal([]byte(files[part+"/truth.json"]), &found); err != nil {
			t.Fatal(err)
		}
		if len(found) != 2 || found[0].Scan != "stained/000" || found[1].Scan != "dent/000" {
			t.Fatalf("%s: truth.json has %+v", part, found)
		}
		for _, c := range [][2]string{{Train, "good"}, {Test, "good"}, {Test, "dent"}, {Test, "stained"}} {
			want, err := Scan(t.Context(), part, c[1], 0, c[0], o)
			if err != nil {
				t.Fatal(err)
			}
			folder := part + "/" + c[0] + "/" + c[1]
			tiff := []byte(files[folder+"/xyz/000.tiff"])
			im, err := xyztiff.Decode(bytes.NewReader(tiff), int64(len(tiff)), xyztiff.Options{})
			if err != nil {
				t.Fatal(err)
			}
			cloud, err := im.Cloud()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(cloud.XYZ, want.Cloud.XYZ) || !slices.Equal(cloud.Valid, want.Cloud.Valid) {
				t.Errorf("%s: another cloud", folder)
			}
			rgb := decodePNG(t, files[folder+"/rgb/000.png"])
			for i := range want.Colour.Pix {
				x, y := i/4%o.Size, i/4/o.Size
				r, g, b, _ := rgb.At(x, y).RGBA()
				v := want.Colour.NRGBAAt(x, y)
				if uint8(r>>8) != v.R || uint8(g>>8) != v.G || uint8(b>>8) != v.B {
					t.Fatalf("%s: another colour at (%d, %d)", folder, x, y)
				}
			}
			if c[0] != Test {
				continue
			}
			gt, ok := decodePNG(t, files[folder+"/gt/000.png"]).(*image.Gray)
			if !ok || !bytes.Equal(gt.Pix, want.Truth.Pix) {
				t.Errorf("%s: another truth", folder)
			}
		}
	}
}

func decodePNG(t *testing.T, s string) image.Image {
	t.Helper()
	im, err := png.Decode(bytes.NewReader([]byte(s)))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestWriteIsReproducible writes with one and four processors, and again over
// what it wrote, a file of which is gone.
func TestWriteIsReproducible(t *testing.T) {
	one, four := t.TempDir(), t.TempDir()
	workers(t, 1)
	if err := Write(t.Context(), one, small(), nil); err != nil {
		t.Fatal(err)
	}
	workers(t, 4)
	if err := Write(t.Context(), four, small(), nil); err != nil {
		t.Fatal(err)
	}
	want := tree(t, one)
	if !maps.Equal(tree(t, four), want) {
		t.Error("four processors write other files than one")
	}
	if err := os.Remove(filepath.Join(one, "washer", "test", "dent", "xyz", "000.tiff")); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), one, small(), nil); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(tree(t, one), want) {
		t.Error("the second run wrote other files")
	}
}

func TestWriteRefusesForeignFolders(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "washer", "notes.txt")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	o := small()
	o.Parts = []string{"bracket", "washer"} // the free one first
	if err := Write(t.Context(), dir, o, nil); !errors.Is(err, ErrOccupied) {
		t.Errorf("a folder with a user's file: error %v", err)
	}
	if !maps.Equal(tree(t, dir), before) {
		t.Error("something was written")
	}
	if _, err := os.Stat(filepath.Join(dir, "bracket")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the free folder was made: %v", err)
	}

	o.Parts = []string{"bracket"}
	if err := Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	before = tree(t, dir)
	o.Seed++
	if err := Write(t.Context(), dir, o, nil); !errors.Is(err, ErrOccupied) {
		t.Errorf("a folder of another seed: error %v", err)
	}
	if !maps.Equal(tree(t, dir), before) {
		t.Error("something was written")
	}
}

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	err := Write(ctx, dir, small(), func(done, total int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := Write(t.Context(), dir, small(), nil); err != nil {
		t.Errorf("the run after one that was cut short: %v", err)
	}
}

// TestWriteFails puts a folder where a scan's file should go.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	o := small()
	if err := Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "washer", "train", "good", "rgb", "001.png")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Fatal(err)
	}
	err := Write(t.Context(), dir, o, nil)
	if err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v does not say that %s is in the way", err, file)
	}
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "line")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	o := Options{Size: 48, Train: 2, Validation: -1, Good: 1, Parts: []string{"gear"}, Defects: []string{"crack"}}
	if err := Write(context.Background(), dir, o, nil); err != nil {
		fmt.Println(err)
		return
	}
	scans, err := filepath.Glob(filepath.Join(dir, "gear", "*", "*", "xyz", "*.tiff"))
	fmt.Println(len(scans), err)
	// Output: 4 <nil>
}
