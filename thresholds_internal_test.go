package iad3d

import (
	"errors"
	"testing"
)

func TestThresholds(t *testing.T) {
	meta := map[string]string{}
	var none *Thresholds
	if err := none.into(meta); err != nil || len(meta) != 0 {
		t.Errorf("none: %v %v", meta, err)
	}
	if got, err := thresholdsFrom(meta); got != nil || err != nil {
		t.Errorf("none: %v %v", got, err)
	}
	want := Thresholds{Scan: 3.25, Pixel: 4.5, FalseAlarms: 0.01}
	if err := want.into(meta); err != nil {
		t.Fatal(err)
	}
	if got, err := thresholdsFrom(meta); err != nil || *got != want {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"", "[]", `{"scan":-1}`, `{"scan":1e999}`, `{"pixel":"x"}`,
		`{"scan":1,"false_alarms":1.5}`, `{"scan":1,"promised":-0.1}`, `{"scan":1,"promised":2,"scans":3}`, `{"scan":1,"promised":0.1}`, `{"scan":1,"scans":-1}`} {
		if _, err := thresholdsFrom(map[string]string{metaThresholds: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := thresholdsFrom(map[string]string{metaThresholds: `{"scan":-1}`}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	d := &Detector{}
	if d.Thresholds() != nil {
		t.Error("thresholds of none")
	}
	d.thresholds = &want
	d.Thresholds().Scan = 9
	if d.Thresholds().Scan != want.Scan {
		t.Error("a caller changed the detector")
	}
}
