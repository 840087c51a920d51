package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how far something is that is counted in bytes; total
// -1: nobody knows of how many. Elsewhere it shows nothing: a log has no use for it.
func progress(what string, total int64, errOut io.Writer) (w io.Writer, done func()) {
	f, ok := errOut.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return io.Discard, func() {}
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(f),
		progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return bar, func() { _ = bar.Finish() } // what it can't show is no loss
}

// counter shows how many steps of something are done: on a terminal as a bar with the
// time that is left, elsewhere as a line now and then.
type counter struct {
	mu    sync.Mutex
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: not on a terminal
	began time.Time
	next  time.Time // of a line
}

// lineEvery is how often a log is told.
const lineEvery = 5 * time.Second

func newCounter(out io.Writer) *counter {
	c := &counter{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		c.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionShowElapsedTimeOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20))
	}
	return c
}

// at tells that done of total steps are done, and what comes now.
func (c *counter) at(done, total int, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		c.began = time.Now()
	}
	if c.bar != nil {
		c.bar.ChangeMax(total)
		c.bar.Describe(fit(what, columns(c.out)-barColumns))
		_ = c.bar.Set(done) // what it can't show is no loss
		return
	}
	if now := time.Now(); !now.Before(c.next) {
		c.next = now.Add(lineEvery)
		rest := ""
		if done > 0 {
			rest = fmt.Sprintf(", %v left", left(c.began, done, total))
		}
		fmt.Fprintf(c.out, "%d of %d%s: %s\n", done, total, rest, what)
	}
}

// barColumns is what the bar takes beside what it describes.
const barColumns = 48

// fit cuts a text to that many columns: a bar that is wider than its line leaves
// pieces behind.
func fit(text string, columns int) string {
	runes := []rune(text)
	if len(runes) <= max(columns, 0) {
		return text
	}
	return string(runes[:max(columns-1, 0)]) + "…"
}

// say writes a line, without tearing the bar apart.
func (c *counter) say(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Clear()
	}
	fmt.Fprintln(c.out, text)
}

func (c *counter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Finish()
	}
}

// left is how long the rest takes if it goes on as before.
func left(began time.Time, done, total int) time.Duration {
	return (time.Since(began) * time.Duration(total-done) / time.Duration(done)).Round(time.Second)
}
