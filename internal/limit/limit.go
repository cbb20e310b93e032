// Package limit holds what every decoder needs so as not to believe a file:
// sizes computed without overflow and compared with a limit before anything is
// allocated, and reads that allocate only as fast as data really arrives.
package limit

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// ErrExceeded is wrapped by every error about a size: one that overflows, is
// over the caller's limit, or is negative.
var ErrExceeded = errors.New("size limit exceeded")

// Product returns the product of factors, 1 when there are none. The error
// wraps [ErrExceeded] when a factor is negative or the product is more than an
// int64 holds; a factor of 0 does not excuse the others.
func Product(factors ...int64) (int64, error) {
	p, over := int64(1), false
	zero := false
	for _, f := range factors {
		switch {
		case f < 0:
			return 0, fmt.Errorf("%w: negative factor in %s", ErrExceeded, join(factors, " × "))
		case f == 0:
			zero = true
		case p > math.MaxInt64/f:
			over = true
		default:
			p *= f
		}
	}
	if over {
		return 0, fmt.Errorf("%w: %s overflows", ErrExceeded, join(factors, " × "))
	}
	if zero {
		return 0, nil
	}
	return p, nil
}

// Sum returns the sum of terms. The error wraps [ErrExceeded] when a term is
// negative or the sum is more than an int64 holds.
func Sum(terms ...int64) (int64, error) {
	var s int64
	for _, t := range terms {
		if t < 0 {
			return 0, fmt.Errorf("%w: negative term in %s", ErrExceeded, join(terms, " + "))
		}
		if s > math.MaxInt64-t {
			return 0, fmt.Errorf("%w: %s overflows", ErrExceeded, join(terms, " + "))
		}
		s += t
	}
	return s, nil
}

// Size returns the product of factors as a length that may be allocated: at
// most max and at most what an int holds. Otherwise, and where [Product] fails,
// the error wraps [ErrExceeded].
func Size(max int64, factors ...int64) (int, error) {
	p, err := Product(factors...)
	if err != nil {
		return 0, err
	}
	if max > math.MaxInt {
		max = math.MaxInt
	}
	if p > max {
		return 0, fmt.Errorf("%w: %s is more than %d", ErrExceeded, join(factors, " × "), max)
	}
	return int(p), nil
}

func join(v []int64, sep string) string {
	var b strings.Builder
	for i, x := range v {
		if i > 0 {
			b.WriteString(sep)
		}
		fmt.Fprint(&b, x)
	}
	return b.String()
}

// chunk is how much is allocated on a file's word alone.
const chunk = 64 << 10

// Records reads n records of size bytes each and hands them to fn in pieces of
// whole records, in order, through one buffer of at most 64 KiB (or one record,
// where that is longer). The piece is valid during the call only. It stops at
// the first error of fn and returns it; when r ends early the error says at
// which record and wraps io.ErrUnexpectedEOF. Size must be positive.
func Records(r io.Reader, n int64, size int, fn func(piece []byte) error) error {
	if size <= 0 {
		panic("limit: record size must be positive")
	}
	if n < 0 {
		return fmt.Errorf("%w: %d records", ErrExceeded, n)
	}
	per := max(1, int64(chunk/size))
	buf := make([]byte, min(n, per)*int64(size))
	for done := int64(0); done < n; done += per {
		piece := buf[:min(n-done, per)*int64(size)]
		k, err := io.ReadFull(r, piece)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("record %d of %d: %w", done+int64(k/size)+1, n, err)
		}
		if err := fn(piece); err != nil {
			return err
		}
	}
	return nil
}
