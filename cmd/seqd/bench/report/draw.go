package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figures are drawn by gonum/plot: it has logarithmic and own scales, error bars,
// markers and dashes, and the same drawing gives SVG and PNG. Charts for web pages
// (go-analyze/charts and its like) have names instead of numbers along x, and no error
// bars. The price is nine megabytes of the binary, half of them fonts.

// Size of a figure in points: small enough to be read on a phone without being made
// smaller, and for two to stand side by side on a screen.
const (
	figureWidth  = vg.Length(400)
	figureHeight = vg.Length(280)
	markerRadius = vg.Length(3.2)
	ringRadius   = 2.1 * markerRadius
)

var (
	typeface = font.Font{Typeface: "Liberation", Variant: "Sans"}
	small    = style(typeface, 11.5, muted.light)
	plainInk = style(typeface, 11.5, foreground.light)
	heading  = style(bold(typeface), 13, foreground.light)
)

func bold(f font.Font) font.Font { f.Weight = 3; return f }

func style(f font.Font, size vg.Length, c color.Color) text.Style {
	return text.Style{Color: c, Font: font.From(f, size), Handler: plot.DefaultTextHandler}
}

// spot is where a mark stands on the canvas, for what is laid over it.
type spot struct {
	vg.Point
	tip string
}

// drawFigure draws on a canvas of the figure's size: heading (a page has its own),
// names, plot. It returns where the marks are.
func drawFigure(c draw.Canvas, f figure, headed bool) []spot {
	c = draw.Crop(c, 4, -8, 4, -4)
	if headed {
		c.FillText(heading, vg.Point{X: c.Min.X, Y: c.Max.Y - 11}, f.title)
		c.Max.Y -= 18
		if f.subtitle != "" {
			c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y - 9}, f.subtitle)
			c.Max.Y -= 16
		}
		c.Max.Y -= 4
	}
	c.Max.Y -= names(c, f)
	c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y - 9}, f.y.label)
	c.Max.Y -= 17
	p := newPlot(f)
	if f.x.label != "" {
		// The library would make room for the label where a linear axis has its middle.
		below := small
		below.XAlign = draw.XCenter
		plotted := p.DataCanvas(c)
		c.FillText(below, vg.Point{X: plotted.Center().X, Y: c.Min.Y + 2}, f.x.label)
		c.Min.Y += 15
	}
	p.Draw(c)
	return spots(p.DataCanvas(c), p, f)
}

// names draws who is who, in as many rows as it takes, and returns their height.
func names(c draw.Canvas, f figure) vg.Length {
	const row, sample, gap = 15, 22, 14
	x, y := c.Min.X, c.Max.Y-9
	put := func(name string, sampleOf func(from, to vg.Length, y vg.Length)) {
		width := sample + 5 + plainInk.Width(name)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-row
		}
		sampleOf(x, x+sample, y+3.5)
		c.FillText(plainInk, vg.Point{X: x + sample + 5, Y: y}, name)
		x += width + gap
	}
	for _, s := range f.series {
		k := lookOf(s.target)
		put(s.name, func(from, to, y vg.Length) {
			if f.x.form != named {
				c.StrokeLine2(k.line(), from, y, to, y)
			}
			c.DrawGlyph(k.marker(), vg.Point{X: (from + to) / 2, Y: y})
		})
	}
	if f.knees {
		put("knee", func(from, to, y vg.Length) { ring(&c, vg.Point{X: (from + to) / 2, Y: y}) })
	}
	return c.Max.Y - 9 - y + row + 4
}

// ring marks a knee.
func ring(c *draw.Canvas, at vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: foreground.light, Width: 1.4})
	var p vg.Path
	p.Move(vg.Point{X: at.X + ringRadius, Y: at.Y})
	p.Arc(at, ringRadius, 0, 2*math.Pi)
	p.Close()
	c.Stroke(p)
}

func newPlot(f figure) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = ""
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Width, a.Padding = gridLines.light, 1, 0
		a.Tick.Length = 4
		a.Tick.Color, a.Tick.Width = gridLines.light, 1
		a.Tick.Label.Color, a.Tick.Label.Font = muted.light, font.From(typeface, 11.5)
	}
	p.Y.Tick.Length, p.Y.Width, p.Y.Tick.Width, p.Y.Padding = 3, 0, 0, 7
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color, grid.Horizontal.Width = gridLines.light, 0.8
	p.Add(grid)
	xlow, xhigh, ylow, yhigh := f.extent()
	for _, s := range f.series {
		p.Add(plottersOf(f, s)...)
	}
	for _, s := range f.series {
		p.Add(knees(s.marks))
	}
	p.Add(tags(f.series))
	f.x.apply(&p.X, xlow, xhigh)
	f.y.apply(&p.Y, ylow, yhigh)
	return p
}

// extent is what the axes must show.
func (f figure) extent() (xlow, xhigh, ylow, yhigh float64) {
	xlow, ylow, xhigh, yhigh = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range f.series {
		for _, m := range s.marks {
			xlow, xhigh = min(xlow, m.x), max(xhigh, m.x)
			ylow, yhigh = min(ylow, m.y, m.low), max(yhigh, m.y, m.high)
		}
	}
	for _, t := range f.x.ticks {
		xlow, xhigh = min(xlow, t.at), max(xhigh, t.at)
	}
	return xlow, xhigh, ylow, yhigh
}

// plottersOf draws a series: what went how far, a line, and a marker at each mark.
func plottersOf(f figure, s series) []plot.Plotter {
	k := lookOf(s.target)
	var list []plot.Plotter
	list = append(list, bars{s.marks, k.light})
	var points plotter.XYs
	for _, m := range s.marks {
		points = append(points, plotter.XY{X: m.x, Y: m.y})
	}
	if f.x.form != named && len(points) > 1 {
		list = append(list, &plotter.Line{XYs: points, LineStyle: k.line()})
	}
	return append(list, &plotter.Scatter{XYs: points, GlyphStyle: k.marker()})
}

// bars from the slowest to the fastest round. (The library's error bars have caps that
// hide markers of this size.)
type bars struct {
	marks []mark
	color color.Color
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, m := range b.marks {
		if m.low < m.high {
			c.StrokeLine2(draw.LineStyle{Color: b.color, Width: 1}, x(m.x), y(m.low), x(m.x), y(m.high))
		}
	}
}

type knees []mark

func (k knees) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, m := range k {
		if m.knee {
			ring(&c, vg.Point{X: x(m.x), Y: y(m.y)})
		}
	}
}

func spots(c draw.Canvas, p *plot.Plot, f figure) []spot {
	x, y := p.Transforms(&c)
	var list []spot
	for _, s := range f.series {
		for _, m := range s.marks {
			if m.tip != "" {
				list = append(list, spot{vg.Point{X: x(m.x), Y: y(m.y)}, m.tip})
			}
		}
	}
	return list
}
