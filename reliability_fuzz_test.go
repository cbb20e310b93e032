package iad3d_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/io/model"
)

// modelFile lays out a model as model.Save does, without waiting for a disk.
func modelFile(t *testing.T, meta map[string]string, tensors []model.Tensor) []byte {
	const digits = 64
	head := map[string]any{}
	var data []byte
	for _, v := range tensors {
		head[v.Name] = map[string]any{"dtype": v.DType, "shape": v.Shape, "data_offsets": []int{len(data), len(data) + len(v.Data)}}
		data = append(data, v.Data...)
	}
	meta["iad3d.format"], meta["iad3d.sha256"] = "1", strings.Repeat("0", digits)
	head["__metadata__"] = meta
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	file = append(file, data...)
	key := []byte(`"iad3d.sha256":"`)
	if at := bytes.LastIndex(file[:8+len(text)], key); at >= 0 {
		sum := sha256.Sum256(file)
		hex.Encode(file[at+len(key):], sum[:])
	}
	return file
}

// FuzzLoad: whatever a model file, whole by its digest, says of itself, Load gives a
// detector or an error wrapping model.ErrModel, or ErrBackbone where it asks for another
// network than there is; and a detector that was loaded can be looked at and asked to
// score. A sound model of any kind lacks a tensor, or has another text in the place of
// one of its own, or a bit changed in its numbers.
func FuzzLoad(f *testing.F) {
	type sound struct {
		meta    map[string]string
		tensors []model.Tensor
		keys    []string
	}
	var bases []sound
	files, err := filepath.Glob(filepath.Join(releasedDir, "*.model"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no models: %v", err)
	}
	for i, file := range files {
		m, err := model.Open(file)
		if err != nil {
			f.Fatal(err)
		}
		s := sound{meta: m.Meta()}
		for _, info := range m.Tensors() {
			v, err := m.Tensor(info.Name)
			if err != nil {
				f.Fatal(err)
			}
			v.Data = append([]byte{}, v.Data...)
			s.tensors = append(s.tensors, v)
		}
		if err := m.Close(); err != nil {
			f.Fatal(err)
		}
		s.keys = slices.Sorted(maps.Keys(s.meta))
		s.keys = slices.DeleteFunc(s.keys, func(k string) bool { return k == "iad3d.format" || k == "iad3d.sha256" })
		bases = append(bases, s)
		for which, key := range s.keys {
			f.Add(uint8(i), uint8(which), uint8(0), uint32(0), s.meta[key])
			if other := strings.Replace(s.meta[key], `"name":"fine"`, `"name":"fin"`, 1); other != s.meta[key] {
				f.Add(uint8(i), uint8(which), uint8(0), uint32(0), other) // needs another network
			}
		}
		f.Add(uint8(i), uint8(255), uint8(3), uint32(7), "")
	}
	f.Add(uint8(0), uint8(1), uint8(0), uint32(0), `{"protocol":"default","features":["fpfh"],"size":4096,"cells":4000,"normal_k":1000,"fpfh_k":[1000],"coreset":1,"neighbors":1000,"top":1,"blur":1024}`)
	path := filepath.Join(f.TempDir(), "model")
	f.Fuzz(func(t *testing.T, base, which, drop uint8, flip uint32, text string) {
		s := bases[int(base)%len(bases)]
		meta, list := maps.Clone(s.meta), slices.Clone(s.tensors)
		if which < 128 {
			meta[s.keys[int(which)%len(s.keys)]] = text
		}
		if n := int(drop) % (len(list) + 1); n > 0 {
			list = slices.Delete(list, n-1, n)
		}
		if at := int(flip) % max(1, len(list)); flip > 0 && len(list) > 0 && len(list[at].Data) > 0 {
			v := slices.Clone(list[at].Data)
			v[int(flip>>3)%len(v)] ^= 1 << (flip & 7)
			list[at].Data = v
		}
		file := modelFile(t, meta, list)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var d *iad3d.Detector
		var err error
		used := pointstest.Allocated(func() { d, err = iad3d.Load(path, releasedNetwork()) })
		if used > pointstest.Bound(len(file)) {
			t.Fatalf("%d bytes allocated for a file of %d", used, len(file))
		}
		if err != nil {
			if !errors.Is(err, model.ErrModel) && !errors.Is(err, iad3d.ErrBackbone) {
				t.Fatalf("error %v", err)
			}
			return
		}
		defer d.Close()
		d.Config()
		d.Limits()
		d.Provenance()
		if c := d.Config(); c.Size > 64 || c.Points > 2000 || c.Centres > 2000 {
			return // sound, but not for here
		}
		r, err := d.Score(t.Context(), sheet(1, 0, d.Config().Loose))
		if err == nil && (r.Score-r.Score != 0 || r.Score < 0) {
			t.Fatalf("score %v", r.Score)
		}
	})
}

// TestHostileSounds: whatever a model says of its captures of sound parts, Load gives a
// detector or an error wrapping model.ErrModel, and a scan is laid on them or not.
func TestHostileSounds(t *testing.T) {
	m, err := model.Open(filepath.Join(releasedDir, "0.1.0-sounds-sound.model"))
	if err != nil {
		t.Fatal(err)
	}
	var tensors []model.Tensor
	for _, info := range m.Tensors() {
		v, err := m.Tensor(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		v.Data = append([]byte{}, v.Data...)
		tensors = append(tensors, v)
	}
	meta := m.Meta()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	load := func(text string, change func(v *model.Tensor)) (*iad3d.Detector, error) {
		list := slices.Clone(tensors)
		for i := range list {
			list[i].Data, list[i].Shape = slices.Clone(list[i].Data), slices.Clone(list[i].Shape)
			if change != nil && strings.HasPrefix(list[i].Name, "sound.") {
				change(&list[i])
			}
		}
		all := maps.Clone(meta)
		all["iad3d.sounds"] = text
		if err := os.WriteFile(path, modelFile(t, all, list), 0o600); err != nil {
			t.Fatal(err)
		}
		return iad3d.Load(path)
	}
	text := meta["iad3d.sounds"]
	one := `{"rotation":[[1,0,0],[0,1,0],[0,0,1]],"translation":[0,0,0],"colour":true}`
	for name, text := range map[string]string{
		"none": "[]", "null": "null", "text": `"x"`, "empty": "", "no motion": `[{}]`, "mirror": `[{"rotation":[[-1,0,0],[0,1,0],[0,0,1]]}]`,
		"huge": strings.Replace("["+one+"]", "[0,0,0]", "[1e999,0,0]", 1), "more than there are": "[" + strings.Repeat(one+",", 4) + one + "]",
	} {
		if d, err := load(text, nil); err == nil || !errors.Is(err, model.ErrModel) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	number := func(at int, value float64) func(v *model.Tensor) {
		return func(v *model.Tensor) { binary.LittleEndian.PutUint32(v.Data[4*at:], math.Float32bits(float32(value))) }
	}
	all := func(value float64) func(v *model.Tensor) {
		return func(v *model.Tensor) {
			for i := range len(v.Data) / 4 {
				number(i, value)(v)
			}
		}
	}
	for name, change := range map[string]func(v *model.Tensor){
		"as it is": nil, "one far": number(300, 3e38), "one NaN": number(301, math.NaN()), "one infinite": number(302, math.Inf(1)),
		"all NaN": all(math.NaN()), "all 0": all(0), "all far": all(3e38), "all near": all(1e-45), "negative": all(-1),
		"another raster": func(v *model.Tensor) { v.Shape[0], v.Shape[1] = v.Shape[1]*v.Shape[0], 1 },
	} {
		d, err := load(text, change)
		if err != nil {
			if !errors.Is(err, model.ErrModel) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		sounds, err := d.LaySound(t.Context(), sheet(1, 0.003, false))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "as it is" && len(sounds) == 0 {
			t.Error("the scan is not laid on the sound captures")
		}
		for _, s := range sounds {
			if err := s.Pose.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		d.Close()
	}
}
