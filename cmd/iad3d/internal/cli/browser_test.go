package cli

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	cdpnetwork "github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// shotsEnv names a folder in which the browser tests leave their screenshots.
const shotsEnv = "IAD3D_SCREENSHOTS"

// browser starts a headless browser; the test is skipped where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium or Chrome here to look at the page with")
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()),
		// WebGL by the processor, where there is no graphics card.
		chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("disable-gpu", false))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), o...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, end := context.WithTimeout(ctx, 6*time.Minute)
	t.Cleanup(end)
	return ctx
}

// visit is a page under test: what it asked the network for and what went wrong.
type visit struct {
	t        *testing.T
	ctx      context.Context
	name     string
	requests []string
	faults   []string
}

func visitPage(t *testing.T, path, name string) *visit {
	t.Helper()
	v := &visit{t: t, ctx: browser(t), name: name}
	var mu sync.Mutex
	err := chromedp.Listen(v.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *cdpnetwork.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "data:") {
				v.requests = append(v.requests, e.Request.URL)
			}
		case *cdpruntime.EventExceptionThrown:
			v.faults = append(v.faults, fmt.Sprintf("%+v", e.ExceptionDetails))
		case *cdpruntime.EventConsoleAPICalled:
			if e.Type == cdpruntime.ConsoleAPICalledTypeError || e.Type == cdpruntime.ConsoleAPICalledTypeWarning {
				for _, a := range e.Args {
					v.faults = append(v.faults, fmt.Sprintf("%s %s", a.Value, a.Description))
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()),
		chromedp.WaitVisible(chromedp.CSS("html[data-ready=yes]")))
	return v
}

func (v *visit) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatalf("%s: %v; faults of the page: %q", v.name, err, v.faults)
	}
}

// get1 runs an action that gives something.
func get1[T any](v *visit, a chromedp.Action[T]) T {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, a)
	if err != nil {
		v.t.Fatalf("%s: %v; faults of the page: %q", v.name, err, v.faults)
	}
	return out
}

// script runs statements in the page.
func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool]("(() => {"+text+"; return true; })()")(ctx, t)
		return err
	})
}

func eval[T any](v *visit, script string) T {
	v.t.Helper()
	return get1(v, chromedp.Evaluate[T](script))
}

// shot takes a picture of the window, or of one element.
func (v *visit) shot(name, of string) image.Image {
	v.t.Helper()
	take := chromedp.CaptureScreenshot()
	if of != "" {
		take = chromedp.Screenshot(chromedp.CSS(of))
	}
	b := get1(v, take)
	if dir := os.Getenv(shotsEnv); dir != "" {
		put(v.t, filepath.Join(dir, v.name+"-"+name+".png"), b)
	}
	im, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		v.t.Fatal(err)
	}
	return im
}

// drawn waits until the page has drawn what was asked of it, however busy the machine.
func (v *visit) drawn() {
	v.t.Helper()
	const frames = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))`
	get1(v, chromedp.Evaluate[bool](frames, chromedp.EvalAwaitPromise))
}

// until waits for a condition of the page.
func (v *visit) until(condition string) bool {
	v.t.Helper()
	for range 300 {
		if eval[bool](v, condition) {
			return true
		}
		v.do(chromedp.Sleep(100 * time.Millisecond))
	}
	return false
}

// scene waits for the view's next frame and returns its picture.
func (v *visit) scene(name string) image.Image {
	v.t.Helper()
	v.drawn()
	return v.shot(name, "#view")
}

// colours counts the different colours of a picture.
func colours(im image.Image) int {
	seen := map[color.Color]bool{}
	for y := im.Bounds().Min.Y; y < im.Bounds().Max.Y; y++ {
		for x := im.Bounds().Min.X; x < im.Bounds().Max.X; x++ {
			seen[im.At(x, y)] = true
		}
	}
	return len(seen)
}

// difference returns the share of pixels in which two pictures differ.
func difference(a, b image.Image) float64 {
	n, all := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			all++
			if !image.Pt(x, y).In(b.Bounds()) || a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return float64(n) / float64(all)
}

// tour clicks through a report: sorts, filters, opens a scan, turns its cloud with
// mouse, wheel and keys, and changes colours and theme.
func (v *visit) tour(scans int) {
	t := v.t
	t.Helper()
	if n := eval[int](v, `document.querySelectorAll("#scans tbody tr").length`); n != scans {
		t.Errorf("%d rows, want %d", n, scans)
	}
	v.shot("overview", "")
	if !v.until(`[...document.querySelectorAll("canvas.thumb")].every(c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(x => x > 0))`) {
		t.Error("not all thumbnails are drawn")
	}

	// Sorting by score, the highest first.
	const sortScore = `#scans thead th:nth-child(4) button`
	v.do(chromedp.Click(chromedp.CSS(sortScore)), chromedp.Click(chromedp.CSS(sortScore)))
	if !eval[bool](v, `(() => { const s = [...document.querySelectorAll("#scans tbody tr td:nth-child(4)")].map(c => Number(c.dataset.value)); return s.every((x, i) => !i || s[i - 1] >= x); })()`) {
		t.Error("the table is not sorted")
	}
	if got := eval[string](v, `document.querySelector("#scans thead th:nth-child(4)").getAttribute("aria-sort")`); got != "descending" {
		t.Errorf("aria-sort is %q", got)
	}

	// Filtering.
	v.do(chromedp.SendKeys(chromedp.CSS("#filter"), "no such scan"))
	if got := eval[string](v, `document.getElementById("filter-count").textContent`); got != fmt.Sprintf("0 of %d scans", scans) {
		t.Errorf("filtered: %q", got)
	}
	v.do(script(`const f = document.getElementById("filter"); f.value = ""; f.dispatchEvent(new Event("input"));`))

	// The most abnormal scan.
	v.do(chromedp.Click(chromedp.CSS("#scans tbody tr:first-child a")),
		chromedp.WaitVisible(chromedp.CSS("#view[data-points]")))
	v.drawn()
	v.shot("scan", "")
	first := v.scene("front")
	if n := colours(first); n < 50 {
		t.Errorf("the view has %d colours: nothing is drawn", n)
	}
	number := func(key string) float64 {
		x, err := strconv.ParseFloat(eval[string](v, `document.getElementById("view").dataset.`+key), 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if number("yaw") != 0 || number("points") < 100 {
		t.Errorf("yaw %v, %v points", number("yaw"), number("points"))
	}

	// Mouse: drag to turn, wheel to come closer.
	v.do(script(`document.getElementById("view").scrollIntoView({block: "center"})`))
	type rectangle struct{ X, Y, W, H float64 }
	box := eval[rectangle](v, `(() => { const r = document.getElementById("view").getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height}; })()`)
	cx, cy := box.X+box.W/2, box.Y+box.H/2
	v.do(chromedp.MouseEvent(chromedp.MousePressed, cx, cy, chromedp.ButtonLeft), chromedp.MouseEvent(chromedp.MouseMoved, cx+60, cy+40, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseMoved, cx+120, cy+60, chromedp.ButtonLeft), chromedp.MouseEvent(chromedp.MouseReleased, cx+120, cy+60, chromedp.ButtonLeft))
	turned := v.scene("turned")
	if number("yaw") == 0 || number("pitch") == 0 || difference(first, turned) < 0.02 {
		t.Errorf("dragging: yaw %v, pitch %v, %.1f %% of the picture changed", number("yaw"), number("pitch"), 100*difference(first, turned))
	}
	v.do(script(`document.getElementById("view").dispatchEvent(new WheelEvent("wheel", {deltaY: -300, cancelable: true}))`))
	closer := v.scene("closer")
	if number("zoom") <= 1 || difference(turned, closer) < 0.02 {
		t.Errorf("the wheel: zoom %v", number("zoom"))
	}

	// Two fingers.
	v.do(script(`const c = document.getElementById("view"), r = c.getBoundingClientRect(), at = (type, id, x) =>
			c.dispatchEvent(new PointerEvent(type, {pointerId: id, pointerType: "touch", clientX: r.x + r.width * x, clientY: r.y + r.height / 2, bubbles: true}));
		c.setPointerCapture = () => {};
		at("pointerdown", 11, 0.3); at("pointerdown", 12, 0.7); at("pointermove", 11, 0.4); at("pointermove", 12, 0.6); at("pointerup", 11, 0.4); at("pointerup", 12, 0.6);`))
	pinched := v.scene("pinched")
	if difference(closer, pinched) < 0.02 {
		t.Error("two fingers change nothing")
	}

	// Keys: 0 resets, arrows turn.
	v.do(chromedp.Focus(chromedp.CSS("#view")), chromedp.KeyEvent("0"))
	v.drawn()
	if number("yaw") != 0 || number("zoom") != 1 {
		t.Error("0 does not reset the view")
	}
	v.do(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent("+"))
	v.drawn()
	if number("yaw") == 0 || number("zoom") <= 1 {
		t.Error("keys do not turn or zoom")
	}

	// Other colours.
	last := v.scene("score")
	for _, mode := range []string{"deviation", "photo", "region"} {
		v.do(script(`const s = document.getElementById("colour"); s.value = "` + mode + `"; s.dispatchEvent(new Event("change"));`))
		now := v.scene(mode)
		if difference(last, now) < 0.02 {
			t.Errorf("coloured by %s the view looks as before", mode)
		}
		last = now
	}

	// The slider uncovers the photo.
	covered := v.shot("covered", "#photo")
	v.do(script(`const s = document.getElementById("overlay"); s.value = 0; s.dispatchEvent(new Event("input"));`))
	if difference(covered, v.shot("photo", "#photo")) < 0.05 {
		t.Error("the slider changes nothing")
	}

	// Dark and light, next, back.
	v.do(chromedp.Click(chromedp.CSS("#theme")))
	v.drawn()
	v.shot("other-theme", "")
	v.do(script(`document.activeElement.blur(); location.hash = document.getElementById("next").hash`),
		chromedp.WaitVisible(chromedp.CSS("#view[data-points]")))
	v.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitVisible(chromedp.CSS("#overview")))
	v.shot("dark-overview", "")

	if len(v.requests) != 1 {
		t.Errorf("the page asked for %q", v.requests)
	}
	if len(v.faults) > 0 {
		t.Errorf("faults: %q", v.faults)
	}
}

func TestReportInBrowser(t *testing.T) {
	t.Parallel() // it waits a lot
	if testing.Short() {
		t.Skip("a browser takes a while")
	}
	_, _, flags := between(t)
	path := filepath.Join(t.TempDir(), "line.html")
	fine(t, append([]string{"report", "--model", testModel(t), "--dataset", "mvtec3d", "--root", testLine(t), "--out", path}, flags...)...)
	visitPage(t, path, "line").tour(4)
}

// TestReportOfRealScans does the same for the test set of MVTec 3D-AD's cable_gland.
func TestReportOfRealScans(t *testing.T) {
	t.Parallel() // it waits a lot
	root := filepath.Join("..", "..", "..", "..", "..", "shared", "data", "mvtec3d")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no ../shared with the scans of cable_gland")
	}
	if testing.Short() {
		t.Skip("scoring 35 real scans takes half a minute")
	}
	browser(t) // before the work
	dir := t.TempDir()
	model, path := filepath.Join(dir, "gland.iad3d"), filepath.Join(dir, "gland.html")
	set := []string{"--dataset", "mvtec3d", "--root", root, "--class", "cable_gland"}
	fine(t, append([]string{"fit", "--out", model}, set...)...)
	fine(t, append([]string{"report", "--model", model, "--out", path, "--min-area", "0.5"}, set...)...)
	visitPage(t, path, "gland").tour(35)
}
