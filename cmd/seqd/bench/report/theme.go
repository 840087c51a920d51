package report

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// paint is a colour in both themes. A plot is drawn in the light one; in SVG each
// colour is then made a CSS variable, which a dark page sets to the other.
type paint struct {
	variable    string
	light, dark color.RGBA
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

var (
	background = paint{"--plot-background", rgb(0xFFFFFF), rgb(0x15181D)}
	foreground = paint{"--plot-foreground", rgb(0x1B1F24), rgb(0xE8EAED)}
	muted      = paint{"--plot-muted", rgb(0x57606A), rgb(0xA3ABB5)}
	gridLines  = paint{"--plot-grid", rgb(0xDFE3E8), rgb(0x30353D)}
)

// hues are those of Okabe and Ito, made darker on white and lighter on black until
// each has a contrast of three to one with the background; a test holds them to that,
// and apart from each other for eyes without red or green cones.
var hues = []paint{
	{"--plot-1", rgb(0x0072B2), rgb(0x56B4E9)}, // blue
	{"--plot-2", rgb(0xD55E00), rgb(0xF0883E)}, // vermilion
	{"--plot-3", rgb(0x008060), rgb(0x2FC79A)}, // bluish green
	{"--plot-4", rgb(0x9E4784), rgb(0xE7A3CB)}, // reddish purple
	{"--plot-5", rgb(0x946A00), rgb(0xF3D24A)}, // orange
	{"--plot-6", rgb(0x4B5563), rgb(0xC4CBD4)}, // grey
}

// look is how a target's series is told from the others, in colour and without it.
type look struct {
	paint
	glyph  draw.GlyphDrawer
	dashes []vg.Length
	scale  vg.Length
}

func (k look) line() draw.LineStyle {
	return draw.LineStyle{Color: k.light, Width: 1.7 * k.scale, Dashes: k.dashes}
}

func (k look) marker() draw.GlyphStyle {
	return draw.GlyphStyle{Color: k.light, Radius: markerRadius * k.scale, Shape: k.glyph}
}

var (
	glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, polygon{4, 45}, polygon{3, 90}, polygon{4, 90}, polygon{3, -90}}
	dashes = [][]vg.Length{nil, {6, 2.5}, {2, 2}, {8, 2, 2, 2}, {4, 4}}
)

// lookOf gives a target the same look in all figures; the first thirty differ. Those
// drawn first are larger, so that one can be seen under another with equal values.
func lookOf(target int) look {
	scale := max(0.9, 1.3-0.2*vg.Length(target))
	return look{hues[target%len(hues)], glyphs[target%len(glyphs)], dashes[target%len(dashes)], scale}
}

// polygon is a filled one with equal sides; the first corner is turned by so many
// degrees. The library's own outlines are too thin to be told apart.
type polygon struct {
	corners int
	turn    float64
}

func (g polygon) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	c.SetColor(sty.Color)
	radius := float64(sty.Radius) * (1 + 1/float64(g.corners)) // about as large as a disc
	var p vg.Path
	for i := range g.corners {
		sin, cos := math.Sincos(g.turn*math.Pi/180 + 2*math.Pi*float64(i)/float64(g.corners))
		corner := vg.Point{X: at.X + vg.Length(radius*cos), Y: at.Y + vg.Length(radius*sin)}
		if i == 0 {
			p.Move(corner)
		} else {
			p.Line(corner)
		}
	}
	p.Close()
	c.Fill(p)
}

// variables is the CSS that sets all colours of a theme.
func variables(dark bool) string {
	var b strings.Builder
	for _, p := range append([]paint{background, foreground, muted, gridLines}, hues...) {
		c := p.light
		if dark {
			c = p.dark
		}
		fmt.Fprintf(&b, "%s:%s;", p.variable, hexOf(c))
	}
	return b.String()
}

// themed replaces the colours of a light SVG by their variables.
func themed(svg string) string {
	var pairs []string
	for _, p := range append([]paint{background, foreground, muted, gridLines}, hues...) {
		hex := hexOf(p.light)
		pairs = append(pairs, ":"+hex, fmt.Sprintf(":var(%s,%s)", p.variable, hex))
	}
	return strings.NewReplacer(pairs...).Replace(svg)
}
