package points

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// texts gives fn decimal numbers of every length and size, and some that lie
// half way, or nearly, between two float32s.
func texts(fn func(s string)) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range []string{"0", "-0", "0.0", ".5", "5.", "1e0", "1E+5", "-1e-5", "+7", "00012", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890",
		"1e-45", "7e-46", "3.4028235e38", "3.4028236e38", "1e39", "1e308", "1e309", "-1e400", "2.2250738585072014e-308", "5e-324", "1e-400", "1.17549435e-38", "1.4e-45"} {
		fn(s)
	}
	for range 20_000 {
		fn(strconv.FormatFloat(rng.NormFloat64()*math.Exp(50*rng.NormFloat64()), 'g', 1+rng.IntN(20), 64))
		fn(fmt.Sprintf("%.*f", rng.IntN(12), rng.NormFloat64()*1000))
		fn(strconv.FormatFloat(float64(math.Float32frombits(rng.Uint32()&0x7fffffff)), 'g', -1, 32))
		if f := math.Float32frombits(rng.Uint32() & 0x7f7fffff); f < math.MaxFloat32 {
			half := (float64(f) + float64(math.Nextafter32(f, math.MaxFloat32))) / 2
			fn(strconv.FormatFloat(half, 'g', 17, 64))
			fn(strconv.FormatFloat(half, 'f', 60, 64) + "1") // a little above
			fn(strconv.FormatFloat(math.Nextafter(half, 0), 'g', 19, 64))
		}
	}
}

// TestParse compares with package strconv: the nearest float, rounded once.
func TestParse(t *testing.T) {
	texts(func(s string) {
		want, _ := strconv.ParseFloat(s, 64)
		if got, err := ParseFloat([]byte(s)); err != nil && !math.IsNaN(want) || math.Float64bits(got) != math.Float64bits(want) && want == want {
			t.Fatalf("%s: %x, %v, want %x", s, got, err, want)
		}
		want, _ = strconv.ParseFloat(s, 32)
		got, err := ParseFloat32([]byte(s))
		if err != nil && !math.IsNaN(want) || math.Float32bits(got) != math.Float32bits(float32(want)) && want == want {
			t.Fatalf("%s: %x, %v, want %x", s, got, err, float32(want))
		}
		// A coordinate is a float64 within one unit that rounds to that float32.
		b := make([]byte, 8)
		if err := PutCoordinate(b, []byte(s)); err != nil && want == want {
			t.Fatalf("%s: %v", s, err)
		}
		wide, _ := strconv.ParseFloat(s, 64)
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if want-want == 0 && math.Float32bits(float32(v)) != math.Float32bits(float32(want)) || v != wide && v != math.Nextafter(wide, math.Inf(1)) && v != math.Nextafter(wide, math.Inf(-1)) && wide == wide {
			t.Fatalf("%s: coordinate %x, want about %x that rounds to %x", s, v, wide, float32(want))
		}
	})
	for s, want := range map[string]float64{
		"inf": math.Inf(1), "-Inf": math.Inf(-1), "+INF": math.Inf(1), "infinity": math.Inf(1), "-1.#INF": math.Inf(-1),
		"nan": math.NaN(), "NaN": math.NaN(), "-nan": math.NaN(), "nan(0x7)": math.NaN(), "-nan(ind)": math.NaN(), "1.#QNAN": math.NaN(), "-1.#IND00": math.NaN(),
	} {
		got, err := ParseFloat([]byte(s))
		if narrow, err32 := ParseFloat32([]byte(s)); err != nil || err32 != nil || (got != want || narrow != float32(want)) && (want == want || got == got || narrow == narrow) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "-", ".", "e5", "1e", "1e+", "0x10", "1_000", "1,5", "one", "1.2.3", "--1", "1 2", "nano", "i", "1e5e5", "+-1"} {
		if v, err := ParseFloat([]byte(s)); err == nil {
			t.Errorf("%q is %v", s, v)
		}
		if v, err := ParseFloat32([]byte(s)); err == nil {
			t.Errorf("%q is %v", s, v)
		}
	}
}

// TestPutText: every type takes its whole range, and nothing beyond.
func TestPutText(t *testing.T) {
	b := make([]byte, 8)
	for typ, test := range map[Type]struct{ good, bad []string }{
		Int8:   {[]string{"-128", "127", "0", "1.0", "1e2"}, []string{"-129", "128", "1.5", "x", "", "nan"}},
		Uint8:  {[]string{"0", "255", "255.0"}, []string{"-1", "256"}},
		Int16:  {[]string{"-32768", "32767"}, []string{"-32769", "32768"}},
		Uint16: {[]string{"65535"}, []string{"65536", "-1"}},
		Int32:  {[]string{"-2147483648", "2147483647"}, []string{"-2147483649", "2147483648"}},
		Uint32: {[]string{"4294967295"}, []string{"4294967296", "-1"}},
		Int64:  {[]string{"-9223372036854775808", "9223372036854775807"}, []string{"9223372036854775808", "1e19"}},
		Uint64: {[]string{"18446744073709551615"}, []string{"18446744073709551616", "-1"}},
	} {
		for _, s := range test.good {
			if err := PutText(b, typ, []byte(s)); err != nil {
				t.Errorf("%v %s: %v", typ, s, err)
				continue
			}
			var v [1]float64
			values(v[:], typ, b, 0)
			if want, _ := strconv.ParseFloat(s, 64); v[0] != want {
				t.Errorf("%v %s: %v", typ, s, v[0])
			}
		}
		for _, s := range test.bad {
			if err := PutText(b, typ, []byte(s)); err == nil {
				t.Errorf("%v takes %q", typ, s)
			}
		}
	}
}

func BenchmarkParseFloat32(b *testing.B) {
	s := []byte("-0.16884723")
	for b.Loop() {
		if _, err := ParseFloat32(s); err != nil {
			b.Fatal(err)
		}
	}
}
