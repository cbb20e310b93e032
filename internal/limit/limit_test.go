package limit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestProduct compares Product and Sum with arbitrary-precision arithmetic.
func TestProduct(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	limit := big.NewInt(math.MaxInt64)
	for range 20000 {
		v := make([]int64, rng.IntN(5))
		product, sum := big.NewInt(1), new(big.Int)
		for i := range v {
			v[i] = rng.Int64() >> rng.IntN(64)
			if rng.IntN(20) == 0 {
				v[i] = 0
			}
			sum.Add(sum, big.NewInt(v[i]))
			if v[i] != 0 { // a factor of 0 does not excuse the others
				product.Mul(product, big.NewInt(v[i]))
			}
		}
		check := func(name string, got int64, err error, want *big.Int, zero bool) {
			t.Helper()
			if want.Cmp(limit) > 0 {
				if !errors.Is(err, ErrExceeded) {
					t.Fatalf("%s%d = %d, %v, want ErrExceeded", name, v, got, err)
				}
				return
			}
			w := want.Int64()
			if zero {
				w = 0
			}
			if err != nil || got != w {
				t.Fatalf("%s%d = %d, %v, want %d", name, v, got, err, w)
			}
		}
		p, err := Product(v...)
		zero := false
		for _, f := range v {
			zero = zero || f == 0
		}
		check("Product", p, err, product, zero)
		s, err := Sum(v...)
		check("Sum", s, err, sum, false)
	}
	for _, v := range [][]int64{{-1}, {2, -3}, {0, -1}, {math.MinInt64, 0}} {
		if _, err := Product(v...); !errors.Is(err, ErrExceeded) {
			t.Errorf("Product%d: %v", v, err)
		}
		if _, err := Sum(v...); !errors.Is(err, ErrExceeded) {
			t.Errorf("Sum%d: %v", v, err)
		}
	}
}

func TestSize(t *testing.T) {
	for _, tc := range []struct {
		max     int64
		factors []int64
		want    int
		ok      bool
	}{
		{100, []int64{10, 10}, 100, true},
		{99, []int64{10, 10}, 0, false},
		{0, []int64{0, 7}, 0, true},
		{math.MaxInt64, []int64{math.MaxInt64}, math.MaxInt, math.MaxInt == math.MaxInt64},
		{math.MaxInt64, []int64{1 << 32, 1 << 32}, 0, false},
		{100, []int64{-1}, 0, false},
	} {
		got, err := Size(tc.max, tc.factors...)
		if (err == nil) != tc.ok || tc.ok && got != tc.want || !tc.ok && !errors.Is(err, ErrExceeded) {
			t.Errorf("Size(%d, %d) = %d, %v", tc.max, tc.factors, got, err)
		}
	}
}

func ExampleSize() {
	_, err := Size(1<<30, 4294967295, 3, 4)
	fmt.Println(err)
	// Output: size limit exceeded: 4294967295 × 3 × 4 is more than 1073741824
}

func TestRecords(t *testing.T) {
	data := make([]byte, 200_000)
	for i := range data {
		data[i] = byte(i * 11 >> 2)
	}
	for _, size := range []int{1, 12, 4096, 70_000} {
		n := len(data) / size
		var got []byte
		err := Records(bytes.NewReader(data), int64(n), size, func(b []byte) error {
			if len(b)%size != 0 || len(b) > max(chunk, size) {
				t.Errorf("piece of %d bytes for records of %d", len(b), size)
			}
			got = append(got, b...)
			return nil
		})
		if err != nil || !bytes.Equal(got, data[:n*size]) {
			t.Errorf("%d records of %d: %d bytes, %v", n, size, len(got), err)
		}
	}
	err := Records(bytes.NewReader(data[:30]), 1<<50, 12, func([]byte) error { return nil })
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "record 3 of 1125899906842624: unexpected EOF" {
		t.Errorf("short input: %v", err)
	}
	stop := errors.New("stop")
	if err := Records(bytes.NewReader(data), 3, 4, func([]byte) error { return stop }); err != stop {
		t.Errorf("error of fn: %v", err)
	}
	if err := Records(bytes.NewReader(data), -3, 4, nil); !errors.Is(err, ErrExceeded) {
		t.Errorf("negative count: %v", err)
	}
}
