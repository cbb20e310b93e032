package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal. What is written to tty comes out of read,
// which closes it.
func terminal(t *testing.T) (tty *os.File, read func() string) {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetPointerInt(int(pty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(pty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Skip(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	var text bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(&text, pty) // ends with EIO when the other side is closed
	}()
	return tty, func() string {
		tty.Close()
		<-done
		pty.Close()
		return text.String()
	}
}

func TestProgressOnTerminal(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.tiff")
	args := []string{"score", "--model", testModel(t), "--out", filepath.Join(t.TempDir(), "out"), testScan(t, "bent"), missing, testScan(t, "dent")}
	tty, read := terminal(t)
	var stdout bytes.Buffer
	code := Run(t.Context(), args, nil, &stdout, tty)
	text := read()
	if code != exitInput || strings.Count(stdout.String(), "\n") != 3 {
		t.Errorf("exit code %d, output %q", code, &stdout)
	}
	for _, s := range []string{fmt.Sprintf("%-*s", labelWidth, "score"), "3/3", "heat maps", "2/2", "iad3d: " + missing + ": no such file or directory\r\n"} {
		if !strings.Contains(text, s) {
			t.Errorf("terminal does not show %q: %q", s, text)
		}
	}

	tty, read = terminal(t)
	Run(t.Context(), append(args, "--quiet"), nil, &stdout, tty)
	if text := read(); text != "iad3d: "+missing+": no such file or directory\r\n" {
		t.Errorf("quiet terminal shows %q", text)
	}

	// Where results go to the terminal too no bar is in their way.
	tty, read = terminal(t)
	Run(t.Context(), args[:len(args)-2], nil, tty, tty)
	if text := read(); !strings.Contains(text, "heat maps") || strings.Contains(text, fmt.Sprintf("%-*s", labelWidth, "score")) {
		t.Errorf("terminal shows %q", text)
	}

	// A bar that is not complete is wiped.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tty, read = terminal(t)
	code = Run(ctx, fitArgs(t, filepath.Join(t.TempDir(), "m")), nil, &stdout, tty)
	if text := read(); code != exitInterrupted || !strings.HasSuffix(text, "iad3d: interrupted\r\n") || strings.Contains(text, "done") {
		t.Errorf("exit code %d, terminal shows %q", code, text)
	}
}

// interruptWriter sends the process SIGINT with the first result.
type interruptWriter struct {
	bytes.Buffer
	arrived chan os.Signal
	sent    bool
}

func (w *interruptWriter) Write(p []byte) (int, error) {
	if !w.sent {
		w.sent = true
		syscall.Kill(os.Getpid(), syscall.SIGINT)
		<-w.arrived
	}
	return w.Buffer.Write(p)
}

func TestSignal(t *testing.T) {
	w := &interruptWriter{arrived: make(chan os.Signal, 1)}
	signal.Notify(w.arrived, os.Interrupt) // the test must survive it, too
	defer signal.Stop(w.arrived)
	args := []string{"score", "--json", "--model", testModel(t)}
	for range 50 {
		args = append(args, testScan(t, "dent"))
	}
	var stderr bytes.Buffer
	if code := Run(t.Context(), args, nil, w, &stderr); code != exitInterrupted || stderr.String() != "iad3d: interrupted\n" {
		t.Errorf("exit code %d, %q", code, &stderr)
	}
	if n := strings.Count(w.String(), "\n"); n >= 50 {
		t.Errorf("%d lines after the signal", n)
	}
}
