package xyztiff

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"golang.org/x/image/tiff/lzw"
)

// lzwOf compresses b as TIFF 6.0 section 13 describes.
func lzwOf(b []byte) []byte {
	var (
		out   []byte
		bits  uint64
		nbits uint
		width uint
		table map[string]int
	)
	put := func(code int) {
		bits = bits<<width | uint64(code)
		for nbits += width; nbits >= 8; nbits -= 8 {
			out = append(out, byte(bits>>(nbits-8)))
		}
	}
	clear := func() {
		table = make(map[string]int)
		for i := range 256 {
			table[string([]byte{byte(i)})] = i
		}
	}
	width = 9
	put(lzwClear)
	clear()
	next, omega := lzwEnd+1, ""
	for _, k := range b {
		if _, ok := table[omega+string([]byte{k})]; ok {
			omega += string([]byte{k})
			continue
		}
		put(table[omega])
		table[omega+string([]byte{k})] = next
		next++
		switch next {
		case 512, 1024, 2048:
			width++
		case 4094:
			put(lzwClear)
			clear()
			width, next = 9, lzwEnd+1
		}
		omega = string([]byte{k})
	}
	if omega != "" {
		put(table[omega])
		if next++; next == 512 || next == 1024 || next == 2048 {
			width++
		}
	}
	put(lzwEnd)
	return append(out, byte(bits<<(8-nbits)))
}

// TestLZW compares lzwReader with golang.org/x/image/tiff/lzw v0.47.0 on streams
// that fill the table many times over.
func TestLZW(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	l := new(lzwReader)
	for i, alphabet := range []int{1, 2, 5, 256} {
		b := make([]byte, 60_000+rng.IntN(1000))
		for j := range b {
			b[j] = byte(rng.IntN(alphabet))
			if i == 3 && rng.IntN(3) > 0 && j > 100 {
				b[j] = b[j-1-rng.IntN(100)]
			}
		}
		z := lzwOf(b)
		want, err := io.ReadAll(lzw.NewReader(bytes.NewReader(z), lzw.MSB, 8))
		if err != nil || !bytes.Equal(want, b) {
			t.Fatalf("alphabet of %d: x/image reads %d bytes, %v", alphabet, len(want), err)
		}
		l.reset(bufio.NewReader(bytes.NewReader(z)))
		got, err := io.ReadAll(iotest.OneByteReader(l))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("alphabet of %d: %d of %d bytes, %v", alphabet, len(got), len(b), err)
		}
		l.reset(bufio.NewReader(bytes.NewReader(z)))
		got, err = io.ReadAll(l)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("alphabet of %d: %d of %d bytes, %v", alphabet, len(got), len(b), err)
		}
	}
}

// FuzzLZW: on any stream the two decoders agree on every byte up to the first
// error, as long as the table does not overflow (x/image stops entering strings
// one code earlier, which no conforming stream shows).
func FuzzLZW(f *testing.F) {
	f.Add(lzwOf([]byte("aaaaaaaaaabababababab")))
	f.Add([]byte{0x80, 0x0f, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, z []byte) {
		if len(z) > 4000 { // 9 bits or more each: fewer codes than the table has
			return
		}
		want, wantErr := io.ReadAll(lzw.NewReader(bytes.NewReader(z), lzw.MSB, 8))
		l := new(lzwReader)
		l.reset(bufio.NewReader(bytes.NewReader(z)))
		got, err := io.ReadAll(l)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%d bytes, %v; x/image has %d, %v", len(got), err, len(want), wantErr)
		}
	})
}

func TestPackBits(t *testing.T) {
	// The example of Apple's technical note TN1023, as TIFF 6.0 refers to it.
	packed := []byte{0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa}
	want := append([]byte{0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22}, bytes.Repeat([]byte{0xaa}, 10)...)
	got, err := io.ReadAll(&packBitsReader{r: bufio.NewReader(bytes.NewReader(packed))})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("% x, %v", got, err)
	}
	if z := appendPackBits(nil, want); !bytes.Equal(z, packed) {
		t.Errorf("% x, want % x", z, packed)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		b := make([]byte, rng.IntN(700))
		alphabet := 1 + rng.IntN(4)
		for i := range b {
			if b[i] = byte(rng.IntN(alphabet)); i > 0 && rng.IntN(3) > 0 {
				b[i] = b[i-1]
			}
		}
		z := appendPackBits(nil, b)
		if most := len(b) + (len(b)+127)/128; len(z) > most {
			t.Fatalf("%d bytes packed into %d, at most %d", len(b), len(z), most)
		}
		got, err := io.ReadAll(iotest.OneByteReader(&packBitsReader{r: bufio.NewReader(bytes.NewReader(z))}))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(b), err)
		}
	}
}
