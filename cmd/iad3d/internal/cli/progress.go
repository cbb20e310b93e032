package cli

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// bar shows how far a piece of work is. Only one is on display at a time.
type bar struct {
	app *app
	bar *mpb.Bar // nil when nothing is shown
}

// Columns of a bar.
const (
	labelWidth = 22
	countWidth = 8
	barWidth   = 72
)

// progress starts a bar for a number of steps where standard error is a
// terminal; elsewhere the bar shows nothing. end must be called.
func (a *app) progress(label string, steps int) *bar {
	if a.quiet || !isTerminal(a.stderr) {
		return &bar{app: a}
	}
	return a.show(label, steps)
}

// show puts a bar on standard error, whatever that is.
func (a *app) show(label string, steps int) *bar {
	a.live = mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(barWidth), mpb.WithAutoRefresh())
	return &bar{a, a.live.AddBar(int64(steps),
		mpb.PrependDecorators(
			decor.Name(label, decor.WC{W: labelWidth, C: decor.DindentRight}),
			decor.CountersNoUnit("%d/%d", decor.WC{W: countWidth, C: decor.DindentRight}),
		),
		mpb.AppendDecorators(decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS), "done")),
	)}
}

// step says how many steps are done.
func (b *bar) step(done int) {
	if b.bar != nil {
		b.bar.SetCurrent(int64(done))
	}
}

// end leaves a finished bar on the terminal and wipes one that is not. A second
// end does nothing.
func (b *bar) end() {
	if b.bar == nil {
		return
	}
	b.bar.Abort(true) // does nothing to a complete one
	b.app.live.Wait()
	b.app.live, b.bar = nil, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
