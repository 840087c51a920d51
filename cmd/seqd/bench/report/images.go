package report

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"seqd/cmd/seqd/bench/result"
)

// Image is a plot as a file.
type Image struct {
	Name  string // of the file: throughput-clients-8.png
	Title string
	Bytes []byte
}

// Formats of images.
const (
	PNG = "png" // in the light theme
	SVG = "svg" // follows the reader's theme, light or dark
)

// pixelsPerInch of PNG: a figure is 1067 pixels wide, sharp on any screen.
const pixelsPerInch = 192

// Images draws all plots of a run, each by itself.
func Images(r *result.Run, format string) ([]Image, error) {
	var list []Image
	for _, s := range newView(r).sections() {
		for _, f := range s.figures {
			i := Image{Name: f.id + "." + format, Title: f.title}
			if f.subtitle != "" {
				i.Title += ", " + f.subtitle
			}
			switch format {
			case SVG:
				i.Bytes = []byte(f.svg(true))
			case PNG:
				picture, err := f.png()
				if err != nil {
					return nil, fmt.Errorf("%s: %w", i.Name, err)
				}
				i.Bytes = picture
			default:
				return nil, fmt.Errorf("no image format %q: there are png and svg", format)
			}
			list = append(list, i)
		}
	}
	return list, nil
}

func (f figure) png() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(figureWidth, figureHeight+40), vgimg.UseDPI(pixelsPerInch), vgimg.UseBackgroundColor(background.light))
	drawFigure(draw.New(c), f, true)
	var b bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(&b)
	return b.Bytes(), err
}

// svg of a figure: by itself with heading, background and its own themes, or as a part
// of a page that has them.
func (f figure) svg(alone bool) string {
	height := figureHeight
	if alone {
		height += 40
	}
	canvas := vgsvg.New(figureWidth, height)
	spots := drawFigure(draw.New(canvas), f, alone)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="%s-title %s-desc" font-family="%s">`,
		figureWidth.Points(), height.Points(), f.id, f.id, fonts)
	fmt.Fprintf(&b, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, f.id, html.EscapeString(f.fullTitle()), f.id, html.EscapeString(f.inWords()))
	if alone {
		fmt.Fprintf(&b, `<style>svg{%s}@media (prefers-color-scheme:dark){svg{%s}}</style>`, variables(false), variables(true))
		fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="var(%s)"/>`, background.variable)
	}
	b.WriteString(unfonted.Replace(themed(bodyOf(canvas))))
	for _, s := range spots {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="9" fill="transparent"><title>%s</title></circle>`,
			s.X.Points(), (height - s.Y).Points(), html.EscapeString(s.tip))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// sampleSVG is a target's line and marker, to stand before its name.
func sampleSVG(target int) string {
	const width, height = 36, 14
	canvas := vgsvg.New(width, height)
	c := draw.New(canvas)
	k := lookOf(target)
	c.StrokeLine2(k.line(), 0, height/2, width, height/2)
	c.DrawGlyph(k.marker(), vg.Point{X: width / 2, Y: height / 2})
	return fmt.Sprintf(`<svg viewBox="0 0 %d %d" aria-hidden="true">%s</svg>`, width, height, themed(bodyOf(canvas)))
}

// bodyOf is what a canvas has drawn, without the library's head: that has a size in
// points, and a declaration that HTML has not.
func bodyOf(canvas *vgsvg.Canvas) string {
	var drawn bytes.Buffer
	if _, err := canvas.WriteTo(&drawn); err != nil {
		panic(err) // a buffer takes everything
	}
	_, body, ok := strings.Cut(drawn.String(), `xmlns:xlink="http://www.w3.org/1999/xlink">`)
	if !ok {
		panic("the head of the library's SVG has changed")
	}
	return strings.TrimSuffix(strings.TrimSpace(body), "</svg>")
}

// fonts have the widths of the one that the drawing was laid out with.
const fonts = "Liberation Sans,Arimo,Arial,Helvetica,sans-serif"

// unfonted takes away what the library says of the font at each text.
var unfonted = strings.NewReplacer(
	"font-family:Liberation Sans;", "", "font-variant:normal;", "", "font-style:normal;", "", "font-weight:normal;", "", "font-style:normal", "")

func (f figure) fullTitle() string {
	if f.subtitle == "" {
		return f.title
	}
	return f.title + ", " + f.subtitle
}

// inWords is the figure for those who can't see it: its axes, and what each mark says.
func (f figure) inWords() string {
	var b strings.Builder
	if f.x.label != "" {
		fmt.Fprintf(&b, "Across: %s. ", f.x.label)
	}
	fmt.Fprintf(&b, "Up: %s.", f.y.label)
	for _, s := range f.series {
		for _, m := range s.marks {
			b.WriteString(" " + m.tip)
			if m.knee {
				b.WriteString(" (knee)")
			}
			b.WriteString(".")
		}
	}
	return b.String()
}
