package points

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// decimal reads a decimal number with few digits and a small exponent, whose
// value one correctly rounded operation gives; ok is false for any other text.
func decimal(s []byte) (v float64, ok bool) {
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	var m uint64
	digits, exp := 0, 0
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		m = m*10 + uint64(s[i]-'0')
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			m = m*10 + uint64(s[i]-'0')
			digits++
			exp--
		}
	}
	if digits == 0 || digits > 19 {
		return 0, false
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		sign, e, k := 1, 0, 0
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			if s[i] == '-' {
				sign = -1
			}
			i++
		}
		for ; i < len(s) && s[i]-'0' <= 9 && k < 4; i++ {
			e = e*10 + int(s[i]-'0')
			k++
		}
		if k == 0 {
			return 0, false
		}
		exp += sign * e
	}
	if i != len(s) || m >= 1<<53 || exp < -22 || exp > 22 {
		return 0, false
	}
	v = float64(m)
	if exp < 0 {
		v /= powers[-exp]
	} else {
		v *= powers[exp]
	}
	if neg {
		v = -v
	}
	return v, true
}

// ParseFloat reads a decimal number, correctly rounded, or what C libraries
// print for NaN and infinity. One that is too large is infinite.
func ParseFloat(s []byte) (float64, error) {
	if v, ok := decimal(s); ok {
		return v, nil
	}
	return parse(s, 64)
}

// ParseFloat32 is ParseFloat rounded once, to float32.
func ParseFloat32(s []byte) (float32, error) {
	if v, ok := decimal(s); ok {
		// Rounding twice errs only where the first result is half way between two
		// float32s or near their subnormals.
		const half = 1 << 28
		a := math.Abs(v)
		if v == 0 || a > 1e-37 && a < 1e38 && math.Float64bits(v)&(2*half-1) != half {
			return float32(v), nil
		}
	}
	v, err := parse(s, 32)
	return float32(v), err
}

func parse(s []byte, bits int) (float64, error) {
	text := string(s)
	digits := false
	for _, c := range s {
		digits = digits || c-'0' <= 9
		if !(c-'0' <= 9 || c == '+' || c == '-' || c == '.' || c|0x20 == 'e') {
			return special(text)
		}
	}
	v, err := strconv.ParseFloat(text, bits)
	if err != nil && !(digits && math.IsInf(v, 0)) { // out of range is infinite
		return 0, notNumber(text)
	}
	return v, nil
}

func special(text string) (float64, error) {
	s, neg := strings.CutPrefix(strings.ToLower(text), "-")
	if !neg {
		s = strings.TrimPrefix(s, "+")
	}
	sign := 1
	if neg {
		sign = -1
	}
	switch {
	case s == "inf" || s == "infinity" || s == "1.#inf":
		return math.Inf(sign), nil
	case s == "nan" || strings.HasPrefix(s, "nan(") || strings.HasPrefix(s, "1.#qnan") || strings.HasPrefix(s, "1.#ind") || strings.HasPrefix(s, "1.#snan"):
		return math.NaN(), nil
	}
	return 0, notNumber(text)
}

func notNumber(s string) error {
	if strings.Count(s, ",") == 1 {
		return fmt.Errorf("%s is not a number (a decimal comma?)", Quote(s))
	}
	return fmt.Errorf("%s is not a number", Quote(s))
}

// Quote quotes the beginning of a text from a file.
func Quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		return strconv.Quote(string(r[:40]) + "…")
	}
	return strconv.Quote(s)
}

// PutText parses a value and stores it at the beginning of dst as type t,
// little-endian. An integer may be written as a float that is whole, and must be
// within the type's range.
func PutText(dst []byte, t Type, s []byte) error {
	le := binary.LittleEndian
	switch t {
	case Float32:
		v, err := ParseFloat32(s)
		le.PutUint32(dst, math.Float32bits(v))
		return err
	case Float64:
		v, err := ParseFloat(s)
		le.PutUint64(dst, math.Float64bits(v))
		return err
	}
	var v uint64
	if f, ok := decimal(s); ok && math.Abs(f) < 1<<53 { // also 255.0 and 1e3
		if f != math.Trunc(f) || f < limits[t][0] || f > limits[t][1] {
			return fmt.Errorf("%s is not of type %v", Quote(string(s)), t)
		}
		v = uint64(int64(f))
	} else if i, err := strconv.ParseInt(string(s), 10, 8*t.Size()); err == nil && t != Uint64 {
		v = uint64(i)
	} else if u, err := strconv.ParseUint(string(s), 10, 8*t.Size()); err == nil && t == Uint64 {
		v = u
	} else {
		return fmt.Errorf("%s is not of type %v", Quote(string(s)), t)
	}
	switch t.Size() {
	case 1:
		dst[0] = byte(v)
	case 2:
		le.PutUint16(dst, uint16(v))
	case 4:
		le.PutUint32(dst, uint32(v))
	case 8:
		le.PutUint64(dst, v)
	}
	return nil
}
