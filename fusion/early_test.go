package fusion

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
)

func TestEarly(t *testing.T) {
	a := &grid.Map{H: 1, W: 2, C: 1, Data: []float32{1, 2}, Valid: []bool{true, false}}
	b := &grid.Map{H: 1, W: 2, C: 2, Data: []float32{3, 4, 5, 6}}
	c := &grid.Map{H: 1, W: 2, C: 1, Data: []float32{7, 8}, Valid: []bool{false, true}}
	got, err := Early(Block{Map: a}, Block{Map: b, Scale: 10}, Block{Map: c, Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.C != 4 || !slices.Equal(got.Data, []float32{1, 30, 40, 7, 2, 50, 60, 8}) || !slices.Equal(got.Valid, []bool{false, false}) {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(a.Valid, []bool{true, false}) {
		t.Error("an input was changed")
	}
	for name, blocks := range map[string][]Block{"none": nil, "sizes": {{Map: a}, {Map: grid.New(2, 1, 1)}}} {
		if _, err := Early(blocks...); !errors.Is(err, ErrSize) {
			t.Errorf("%s: error %v, want %v", name, err, ErrSize)
		}
	}
}

func ExampleEarly() {
	colour := &grid.Map{H: 1, W: 1, C: 2, Data: []float32{0.5, 1}}
	shape := &grid.Map{H: 1, W: 1, C: 1, Data: []float32{100}}
	fused, _ := Early(Block{Map: colour}, Block{Map: shape, Scale: 0.01})
	fmt.Println(fused.Data)
	// Output: [0.5 1 1]
}
