package model

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// decode fills meta, entries and digestAt from the header's JSON text. It goes
// token by token because json.Unmarshal takes the last of two equal keys in
// silence. Depth is fixed by the calls below, so nesting cannot exhaust a stack.
func (h *header) decode(text []byte) error {
	s := scanner{text, json.NewDecoder(bytes.NewReader(text))}
	s.dec.UseNumber()
	err := s.object(maxTensors+1, func(key string) error {
		if key == metadataKey {
			return h.decodeMetadata(s)
		}
		e := entry{name: key}
		err := s.entry(&e)
		h.entries = append(h.entries, e)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.dec.Token(); err != io.EOF {
		return errors.New("text after the closing brace")
	}
	return nil
}

func (h *header) decodeMetadata(s scanner) error {
	h.meta = map[string]string{}
	return s.object(maxMetadata, func(key string) error {
		v, err := s.text()
		if err != nil {
			return err
		}
		h.meta[key] = v
		if key != digestKey {
			return nil
		}
		// The digits are replaced where they stand, so they must stand as such.
		end := int(s.dec.InputOffset())
		at := end - 1 - digestDigits
		_, err = hex.DecodeString(v)
		if err != nil || len(v) != digestDigits || v != strings.ToLower(v) || at < 0 || string(s.raw[at:end-1]) != v {
			return fmt.Errorf("%s is not %d lower-case hexadecimal digits", quote(v), digestDigits)
		}
		h.digestAt = lengthBytes + at
		return nil
	})
}

// scanner reads the few shapes of JSON that a header is made of.
type scanner struct {
	raw []byte
	dec *json.Decoder
}

func (s scanner) entry(e *entry) error {
	fields := 0
	err := s.object(3, func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			var d string
			d, err = s.text()
			e.dtype = DType(d)
		case "shape":
			e.shape, err = s.integers(maxRank)
		case "data_offsets":
			var o []int
			if o, err = s.integers(2); err == nil && len(o) != 2 {
				err = errors.New("one number is missing")
			}
			if err == nil {
				e.begin, e.end = o[0], o[1]
			}
		default:
			err = errors.New("unknown key")
		}
		return err
	})
	if err == nil && fields != 3 {
		err = errors.New("wants dtype, shape and data_offsets")
	}
	return err
}

// object reads an object of at most limit keys, each once; value must read the
// value of the key it is given.
func (s scanner) object(limit int, value func(key string) error) error {
	if err := s.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for s.dec.More() {
		key, err := s.text()
		switch {
		case err != nil:
			return err
		case seen[key]:
			return fmt.Errorf("key %s appears twice", quote(key))
		case len(seen) == limit:
			return fmt.Errorf("more than %d keys", limit)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return fmt.Errorf("%s: %w", quote(key), err)
		}
	}
	return s.delim('}')
}

// integers reads an array of at most limit numbers ≥ 0 without sign, fraction
// and exponent.
func (s scanner) integers(limit int) ([]int, error) {
	if err := s.delim('['); err != nil {
		return nil, err
	}
	list := []int{}
	for s.dec.More() {
		t, err := s.token()
		if err != nil {
			return nil, err
		}
		number, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%s where a number is wanted", show(t))
		}
		v, err := strconv.ParseUint(number.String(), 10, 64)
		if err != nil || v > math.MaxInt {
			return nil, fmt.Errorf("%s where a count is wanted", quote(number.String()))
		}
		if len(list) == limit {
			return nil, fmt.Errorf("more than %d numbers", limit)
		}
		list = append(list, int(v))
	}
	return list, s.delim(']')
}

func (s scanner) text() (string, error) {
	t, err := s.token()
	if err != nil {
		return "", err
	}
	v, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%s where text is wanted", show(t))
	}
	return v, nil
}

func (s scanner) delim(want json.Delim) error {
	t, err := s.token()
	if err == nil && t != want {
		err = fmt.Errorf("%s where %v is wanted", show(t), want)
	}
	return err
}

func (s scanner) token() (json.Token, error) {
	t, err := s.dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

func show(t json.Token) string { return quote(fmt.Sprint(t)) }
