package page_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/report/page"
	"github.com/iad3d/iad3d/rgbd"
)

func Example() {
	cloud := &pointcloud.Cloud{Width: 20, Height: 10}
	for i := range 200 {
		cloud.XYZ = append(cloud.XYZ, float32(i%20)/1000, float32(i/20)/1000, 0.5)
	}
	scan := &rgbd.Scan{Name: "part-17", Cloud: cloud}
	result := &iad3d.Result{Name: "part-17", Score: 2, Map: grid.New(10, 20, 1)}
	limits := iad3d.Thresholds{Scan: 3, Pixel: 3}

	verdict, err := inspection.Judge(context.Background(), scan, result, inspection.Options{Thresholds: &limits})
	if err != nil {
		log.Fatal(err)
	}
	r := page.Report{Title: "shift 3", Thresholds: limits}
	if err := r.Add(context.Background(), &rgbd.Labelled{Scan: scan}, verdict, 120*time.Millisecond); err != nil {
		log.Fatal(err)
	}
	var html bytes.Buffer
	if err := r.Write(&html); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.HasPrefix(html.Bytes(), []byte("<!DOCTYPE html>")), bytes.Contains(html.Bytes(), []byte("part-17")))
	// Output: true true
}
