package camera

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// fields are the fields of a document, or of a part of one. The first thing that
// is wrong with one that is asked for stays in err; what is asked for after that
// is 0.
type fields struct {
	m     map[string]any
	where string // before the names in messages: "colour."
	err   error
}

func (f *fields) has(name string) bool {
	_, ok := f.m[name]
	return ok
}

func (f *fields) fail(name, format string, args ...any) {
	if f.err == nil {
		f.err = invalid("field %s%s %s", f.where, name, fmt.Sprintf(format, args...))
	}
}

// only fails for a field with another name than the given ones.
func (f *fields) only(names ...string) {
	for _, name := range slices.Sorted(maps.Keys(f.m)) {
		if !slices.Contains(names, name) {
			f.fail(name, "is not known; known are %s", strings.Join(names, ", "))
		}
	}
}

// need fails when one of the fields is missing.
func (f *fields) need(names ...string) {
	for _, name := range names {
		if v, ok := f.m[name]; !ok || v == nil {
			f.fail(name, "is missing")
		}
	}
}

// number returns a field's number, missing when there is no such field.
func (f *fields) number(name string, missing float64) float64 {
	if f.err != nil || !f.has(name) {
		return missing
	}
	v, ok := toFloat(f.m[name])
	if !ok {
		f.fail(name, "is not a number: %s", show(f.m[name]))
	}
	return v
}

// whole is number for sizes.
func (f *fields) whole(name string) int {
	v := f.number(name, 0)
	if f.err == nil && (v != math.Trunc(v) || v < 1 || v > math.MaxInt32) {
		f.fail(name, "is %g, not a number of pixels", v)
	}
	if f.err != nil {
		return 0
	}
	return int(v)
}

// positive is number for what cannot be 0.
func (f *fields) positive(name string) float64 {
	v := f.number(name, 1)
	if f.err == nil && v <= 0 {
		f.fail(name, "is %g, want more than 0", v)
	}
	return v
}

// numbers returns a field's list of numbers, never nil; n is how long it has to
// be, −1 for any length. A single number counts as a list of one.
func (f *fields) numbers(name string, n int) []float64 {
	if f.err != nil {
		return make([]float64, max(n, 0))
	}
	list, ok := f.m[name].([]any)
	if !ok {
		list = []any{f.m[name]}
	}
	out := make([]float64, 0, max(n, len(list)))
	for i, x := range list {
		v, ok := toFloat(x)
		if !ok {
			f.fail(name, "has %s where number %d should be", show(x), i+1)
		}
		out = append(out, v)
	}
	if n >= 0 && len(list) != n {
		f.fail(name, "has %d numbers, want %d", len(list), n)
	}
	if n >= 0 && f.err != nil {
		return make([]float64, n)
	}
	return out
}

// part returns the fields of a field.
func (f *fields) part(name string) *fields {
	m, ok := f.m[name].(map[string]any)
	if !ok {
		f.fail(name, "is %s, want fields", show(f.m[name]))
	}
	return &fields{m: m, where: f.where + name + ".", err: f.err}
}

// toFloat returns the finite value of a number of JSON or YAML.
func toFloat(x any) (float64, bool) {
	switch v := x.(type) {
	case float64:
		return v, v-v == 0
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}

// show words a value in a message.
func show(x any) string {
	switch v := x.(type) {
	case nil:
		return "empty"
	case []any:
		return "a list"
	case map[string]any, map[any]any:
		return "a group of fields"
	case string:
		return fmt.Sprintf("%.40q", v)
	}
	return fmt.Sprintf("%.40s", fmt.Sprint(x))
}
