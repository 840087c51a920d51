package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"seqd/cmd/seqd/bench/result"
)

func TestSections(t *testing.T) {
	v := newView(made())
	count := map[string]int{}
	ids := map[string]bool{}
	for _, s := range v.sections() {
		count[s.id] = len(s.figures)
		for _, f := range s.figures {
			if ids[f.id] {
				t.Errorf("figure %s stands twice", f.id)
			}
			ids[f.id] = true
		}
	}
	want := map[string]int{"throughput": 2, "trade": 2, "loss": 4, "clients": 6, "latency": 4, "cpu": 2}
	for id, n := range want {
		if count[id] != n {
			t.Errorf("%s: %d figures, want %d", id, count[id], n)
		}
	}
	if len(count) != len(want) {
		t.Errorf("sections: %v", count)
	}
}

// The marks of a figure say what the run says, the knee is marked, and a target that
// died has the marks it lived for.
func TestTradeOff(t *testing.T) {
	v := newView(made())
	f := v.families(cacheAxis)[1] // eight clients
	fig := v.tradeOff(f)
	if len(fig.series) != 4 || len(fig.series[1].marks) != 6 || len(fig.series[2].marks) != 3 || len(fig.series[3].marks) != 0 {
		t.Fatalf("%+v", fig.series)
	}
	var labels, kneesAt []string
	for _, m := range fig.series[1].marks {
		labels = append(labels, m.label)
		if m.knee {
			kneesAt = append(kneesAt, m.label)
		}
	}
	if !slices.Equal(labels, []string{"1", "", "", "64", "", "1,024"}) || !slices.Equal(kneesAt, []string{"64"}) {
		t.Errorf("labels %q, knees %q", labels, kneesAt)
	}
	c := v.at(1, f.points[3])
	if m := fig.series[1].marks[3]; m.x != c.perLoss || m.y != c.rate.median || m.low > m.y || m.high < m.y ||
		m.tip != "postgres, 8 clients, CACHE 64: 100,107 values/s (±2.1%), loses 27.9 values" {
		t.Errorf("%+v", m)
	}
}

func TestRateScale(t *testing.T) {
	of := func(ys ...float64) form {
		var s series
		for _, y := range ys {
			s.marks = append(s.marks, mark{y: y})
		}
		return rates([]series{s}).form
	}
	if of(10, 290) != linear || of(10, 310) != logged || of(0, 310) != linear || of() != linear {
		t.Error("the form of the scale")
	}
}

// A run of any shape can be drawn; shapes that presets and users make.
func TestAnyShape(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*result.Run)
		want   string // in the page
	}{
		{"nothing", func(r *result.Run) { *r = result.Run{} }, "Nothing was measured."},
		{"no samples", func(r *result.Run) { r.Samples = nil }, "Nothing was measured."},
		{"one sample", func(r *result.Run) { r.Samples = r.Samples[:1] }, `id="figure-latency-clients-1-cache-1"`},
		{"one point", func(r *result.Run) {
			r.Points = r.Points[:1]
			r.Samples = slices.DeleteFunc(r.Samples, func(s result.Sample) bool { return s.Point > 0 })
		}, `id="figure-targets"`},
		{"no answers", func(r *result.Run) {
			for i := range r.Samples {
				s := &r.Samples[i]
				s.Values, s.Statements, s.Latency = 0, 0, result.NewLatency()
			}
		}, "<table>"},
		{"no time", func(r *result.Run) {
			for i := range r.Samples {
				r.Samples[i].Seconds = 0
			}
		}, "<table>"},
		{"protocols", func(r *result.Run) {
			for i := range r.Points {
				p := &r.Points[i]
				p.Cache, p.Clients = 1, 4
				p.Protocol = []string{result.Simple, result.Extended, result.Prepared, result.Pipelined}[i%4]
				p.Depth = 1 + i/4
			}
		}, `id="figure-protocol"`},
		{"sessions and batches", func(r *result.Run) {
			for i := range r.Points {
				p := &r.Points[i]
				p.Session, p.Every = []string{result.Long, result.Reconnect, result.Discard}[i%3], i%3
				p.Cache, p.Clients, p.Batch = 1, 1, 1+i/3*10
			}
		}, `id="figure-session-batch-11"`},
		{"a thousand to one", func(r *result.Run) {
			for i := range r.Samples {
				if s := &r.Samples[i]; s.Target == 0 {
					s.Values *= 1000
				}
			}
		}, `id="figure-throughput-clients-8"`},
		{"a thousand to one, and a round without a value", func(r *result.Run) {
			for i := range r.Samples {
				s := &r.Samples[i]
				if s.Target == 0 {
					s.Values *= 1000
				}
				if s.Round == 1 {
					s.Values, s.Statements, s.Latency = 0, 0, result.NewLatency()
				}
			}
		}, `id="figure-throughput-clients-8"`},
		{"largest numbers", func(r *result.Run) {
			for i := range r.Samples {
				r.Samples[i].Values = math.MaxInt64
				r.Samples[i].Lost.SessionEnd = pointer(int64(math.MaxInt64))
			}
			for i := range r.Points {
				r.Points[i].Cache = math.MaxInt64 - int64(i)
			}
		}, "<table>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := made()
			tt.change(r)
			page := shownBy(t, func(w io.Writer) error { return HTML(w, r) })
			if !strings.Contains(page, tt.want) {
				t.Errorf("no %s", tt.want)
			}
			if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
				t.Error("a number that is none")
			}
			if _, err := Images(r, SVG); err != nil {
				t.Error(err)
			}
		})
	}
}

// Nothing that a server or a user says becomes markup.
func TestPageEscapes(t *testing.T) {
	r := made()
	evil := `<script>alert(1)</script>"'&`
	for i := range r.Targets {
		target := &r.Targets[i]
		target.Name += evil
		target.Version, target.Problem, target.CPUUnknown = evil, evil, evil
	}
	r.Machine.Model = evil
	r.Command = []string{evil, "password='x y'"}
	r.Samples[0].Errors = []result.Error{{SQLState: "XX000", Message: evil, Count: 1}}
	page := shownBy(t, func(w io.Writer) error { return HTML(w, r) })
	if strings.Contains(page, "<script") {
		t.Error("a script in the page")
	}
	for _, banned := range []string{"http://", "https://", "url(", "@import", "src="} {
		if rest := strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""); strings.Contains(rest, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	images, err := Images(r, SVG)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images {
		if strings.Contains(string(i.Bytes), "<script") {
			t.Errorf("a script in %s", i.Name)
		}
	}
}

func TestCommand(t *testing.T) {
	got := command([]string{"--html", "report.html", "pg=host=127.0.0.1 port=5432", "it's", ""})
	if want := `seqd bench --html report.html 'pg=host=127.0.0.1 port=5432' 'it'\''s' ''`; got != want {
		t.Error(got)
	}
}

func TestImages(t *testing.T) {
	r := made()
	images, err := Images(r, SVG)
	if err != nil || len(images) != 20 {
		t.Fatalf("%d images: %v", len(images), err)
	}
	for _, i := range images {
		d := xml.NewDecoder(bytes.NewReader(i.Bytes))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", i.Name, err)
		}
		err = nil
		for _, p := range hues[:1] {
			if s := string(i.Bytes); strings.Contains(s, ":"+hexOf(p.light)+`"`) || !strings.Contains(s, "var("+p.variable) || !strings.Contains(s, p.variable+":"+hexOf(p.dark)) {
				t.Errorf("%s does not follow the theme", i.Name)
			}
		}
	}
	r.Points = r.Points[:2] // drawing dots takes its time
	r.Samples = slices.DeleteFunc(r.Samples, func(s result.Sample) bool { return s.Point > 1 })
	images, err = Images(r, PNG)
	if err != nil || len(images) != 7 {
		t.Fatalf("%d images: %v", len(images), err)
	}
	for _, i := range images {
		img, err := png.Decode(bytes.NewReader(i.Bytes))
		if err != nil || img.Bounds().Dx() < 1000 || !strings.HasSuffix(i.Name, ".png") {
			t.Errorf("%s: %v", i.Name, err)
		}
		found := false
		for y := 0; y < img.Bounds().Dy() && !found; y++ {
			for x := 0; x < img.Bounds().Dx() && !found; x++ {
				found = color.RGBAModel.Convert(img.At(x, y)) == hues[0].light
			}
		}
		if !found {
			t.Errorf("%s: nothing in the first target's colour", i.Name)
		}
	}
	if _, err := Images(r, "gif"); err == nil || !strings.Contains(err.Error(), "there are png and svg") {
		t.Error(err)
	}
}

// All that is drawn with meaning has the contrast of three to one with its background
// that WCAG asks of graphics, text four and a half.
func TestContrast(t *testing.T) {
	luminance := func(c color.RGBA) float64 {
		linear := linearOf(c)
		return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
	}
	contrast := func(a, b color.RGBA) float64 {
		x, y := luminance(a), luminance(b)
		return (max(x, y) + 0.05) / (min(x, y) + 0.05)
	}
	for _, p := range hues {
		if l, d := contrast(p.light, background.light), contrast(p.dark, background.dark); l < 3 || d < 3 {
			t.Errorf("%s: %.2f in light, %.2f in dark", p.variable, l, d)
		}
	}
	for _, p := range []paint{foreground, muted, hues[0]} { // the first hue is that of links too
		if l, d := contrast(p.light, background.light), contrast(p.dark, background.dark); l < 4.5 || d < 4.5 {
			t.Errorf("%s: %.2f in light, %.2f in dark", p.variable, l, d)
		}
	}
}

func linearOf(c color.RGBA) [3]float64 {
	var out [3]float64
	for i, v := range []uint8{c.R, c.G, c.B} {
		f := float64(v) / 255
		if f <= 0.04045 {
			out[i] = f / 12.92
		} else {
			out[i] = math.Pow((f+0.055)/1.055, 2.4)
		}
	}
	return out
}

// The first four targets' colours stay apart for eyes that lack a kind of cones
// (Machado, Oliveira and Fernandes 2009, severity 1), by distance in CIE Lab; a
// difference of about 2 is seen side by side, one of 10 at a glance.
func TestColourBlindness(t *testing.T) {
	for name, m := range map[string][9]float64{
		"all cones":     {1, 0, 0, 0, 1, 0, 0, 0, 1},
		"no red cones":  {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
		"no green ones": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	} {
		for i, p := range hues[:4] {
			for _, q := range hues[:i] {
				if l, d := labDistance(m, p.light, q.light), labDistance(m, p.dark, q.dark); l < 10 || d < 10 {
					t.Errorf("%s: %s and %s: %.1f in light, %.1f in dark", name, p.variable, q.variable, l, d)
				}
			}
		}
	}
}

func labDistance(seen [9]float64, a, b color.RGBA) float64 {
	lab := func(c color.RGBA) [3]float64 {
		l := linearOf(c)
		var s [3]float64
		for i := range 3 {
			s[i] = min(max(seen[3*i]*l[0]+seen[3*i+1]*l[1]+seen[3*i+2]*l[2], 0), 1)
		}
		f := func(t float64) float64 {
			if t > 216.0/24389 {
				return math.Cbrt(t)
			}
			return (24389.0/27*t + 16) / 116
		}
		x := f((0.4124*s[0] + 0.3576*s[1] + 0.1805*s[2]) / 0.9505)
		y := f(0.2126*s[0] + 0.7152*s[1] + 0.0722*s[2])
		z := f((0.0193*s[0] + 0.1192*s[1] + 0.9505*s[2]) / 1.089)
		return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
	}
	p, q := lab(a), lab(b)
	return math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2])
}

func TestLooksDiffer(t *testing.T) {
	for i := range 30 {
		for j := range i {
			a, b := lookOf(i), lookOf(j)
			if a.paint == b.paint && a.glyph == b.glyph {
				t.Errorf("targets %d and %d look alike", i, j)
			}
		}
	}
}
