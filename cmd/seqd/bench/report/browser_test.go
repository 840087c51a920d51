package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"seqd/cmd/seqd/e2e/required"
)

// screenshotsEnv names a folder in which the screenshots are kept, to be looked at.
const screenshotsEnv = "SEQD_SCREENSHOTS"

// browser starts a headless one; it ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		required.Missing(t, required.Clients, errors.New("no browser (Debian: chromium-headless-shell)"))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox) // root has no sandbox
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
}

// seen is what a browser finds out about a page.
type seen struct {
	Overflow float64  // pixels that the page is wider than the window
	Outside  []string // texts of plots that stick out of them
	Meeting  []string // texts of plots that lie over each other
	Small    []string // plots that are too small
	Smallest float64  // text of plots, in pixels
	Plots    int
	Nameless int      // plots without a title or a description
	Twice    []string // ids that stand twice
	Line     string   // computed colour of the first target's line
	Page     string   // computed colour of the page
}

const examine = `(() => {
 const r = {Overflow: document.documentElement.scrollWidth - window.innerWidth, Outside: [], Meeting: [], Small: [], Smallest: 99, Plots: 0, Nameless: 0, Twice: []};
 document.querySelectorAll("details").forEach(d => d.open = true);
 for (const svg of document.querySelectorAll("figure svg")) {
  r.Plots++;
  const box = svg.getBoundingClientRect(), name = svg.closest("figure").id;
  if (box.width < 250 || box.height < 150) r.Small.push(name + " " + box.width + "x" + box.height);
  const said = svg.getAttribute("aria-labelledby").split(" ").map(id => document.getElementById(id)?.textContent || "");
  if (svg.getAttribute("role") != "img" || said.length != 2 || said.some(s => s.length < 5)) r.Nameless++;
  const texts = [...svg.querySelectorAll("text")].map(t => ({say: t.textContent, box: t.getBoundingClientRect()}));
  for (const t of texts) {
   r.Smallest = Math.min(r.Smallest, t.box.height / 1.15);
   if (t.box.left < box.left - 1 || t.box.right > box.right + 1 || t.box.top < box.top - 1 || t.box.bottom > box.bottom + 1) r.Outside.push(name + ": " + t.say);
   for (const o of texts) if (o !== t && t.box.left < o.box.right - 1 && o.box.left < t.box.right - 1 && t.box.top < o.box.bottom - 3 && o.box.top < t.box.bottom - 3) r.Meeting.push(name + ": " + t.say + " / " + o.say);
  }
 }
 const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
 r.Twice = ids.filter((id, i) => ids.indexOf(id) != i);
 const line = [...document.querySelectorAll("figure svg path")].find(p => p.getAttribute("style")?.includes("--plot-1"));
 r.Line = line ? getComputedStyle(line).stroke + getComputedStyle(line).fill : "";
 r.Page = getComputedStyle(document.body).backgroundColor;
 return r;
})()`

// The page as people see it: in both themes, on a screen and on a phone, it fits, all
// can be read, and nothing is fetched or complained of.
func TestPageInBrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	var b bytes.Buffer
	if err := HTML(&b, made()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	var mu sync.Mutex
	var complaints, requests []string
	err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			complaints = append(complaints, fmt.Sprintf("console: %v", e.Args))
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "data:") {
				requests = append(requests, e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(t, ctx, log.Enable, cdp.Empty{})
	call(t, ctx, network.Enable, network.EnableParams{})
	views := 0
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			if testing.Short() && (theme == "light") != (width == 1280) {
				continue // two of the four show most
			}
			views++
			name := fmt.Sprintf("%s-%d", theme, width)
			call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			do(t, ctx, chromedp.EmulateViewport(width, 800))
			do(t, ctx, chromedp.Navigate("file://"+file))
			got := do(t, ctx, chromedp.Evaluate[seen](examine))
			picture := do(t, ctx, chromedp.FullScreenshot(100))
			if dir := os.Getenv(screenshotsEnv); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			check(t, name, got)
			lit := brightness(t, picture)
			if (theme == "light") != (lit > 0.85) || (theme == "dark") != (lit < 0.25) {
				t.Errorf("%s: mean brightness of the screenshot is %.2f", name, lit)
			}
			want := hues[0].light
			if theme == "dark" {
				want = hues[0].dark
			}
			if rgb := fmt.Sprintf("rgb(%d, %d, %d)", want.R, want.G, want.B); !strings.Contains(got.Line, rgb) {
				t.Errorf("%s: the first target's line is %s, want %s", name, got.Line, rgb)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
	if len(requests) != views || slices.ContainsFunc(requests, func(u string) bool { return u != "file://"+file }) {
		t.Errorf("requests: %q", requests)
	}
}

func do[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, name string, got seen) {
	t.Helper()
	if got.Overflow > 0 {
		t.Errorf("%s: the page is %.0f pixels too wide", name, got.Overflow)
	}
	if got.Plots != 20 || got.Nameless > 0 || len(got.Small) > 0 || len(got.Twice) > 0 {
		t.Errorf("%s: %d plots, %d without a name; too small: %q; ids twice: %q", name, got.Plots, got.Nameless, got.Small, got.Twice)
	}
	if got.Smallest < 8 {
		t.Errorf("%s: text of %.1f pixels", name, got.Smallest)
	}
	if len(got.Outside) > 0 {
		t.Errorf("%s: outside of its plot: %q", name, got.Outside)
	}
	if len(got.Meeting) > 0 {
		t.Errorf("%s: text over text: %q", name, got.Meeting)
	}
}

// brightness of a picture, 0 to 1.
func brightness(t *testing.T, picture []byte) float64 {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	var sum, n float64
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 3 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			sum += float64(r+g+b) / 3 / 0xFFFF
			n++
		}
	}
	return sum / n
}
