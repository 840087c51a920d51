package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// tags writes the labels of all marks, in ink that can be read, none over another: a
// label stands above its mark or, if another is there, below it or beside it. What has
// no place there is left out, knees last.
type tags []series

func tagStyle() text.Style {
	sty := plainInk
	sty.XAlign, sty.YAlign = draw.XCenter, draw.YCenter
	return sty
}

func (t tags) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	sty := tagStyle()
	taken := t.marked(x, y)
	for _, kneesNow := range []bool{true, false} {
		for _, s := range t {
			for _, m := range s.marks {
				if m.label == "" || m.knee != kneesNow {
					continue
				}
				aside := sty.Width(m.label)/2 + 3*markerRadius
				for _, d := range []vg.Point{{Y: tagDistance}, {Y: -tagDistance}, {X: aside}, {X: -aside}} {
					at := vg.Point{X: x(m.x), Y: y(m.y)}.Add(d)
					box := sty.Rectangle(m.label).Add(at)
					if box.Min.Y < c.Min.Y || box.Min.X < c.Min.X-ringRadius || meets(box, taken) {
						continue
					}
					c.FillText(sty, at, m.label)
					taken = append(taken, box)
					break
				}
			}
		}
	}
}

const tagDistance = 5.2 * markerRadius

// marked is where markers and rings are.
func (t tags) marked(x, y func(float64) vg.Length) []vg.Rectangle {
	var list []vg.Rectangle
	for _, s := range t {
		for _, m := range s.marks {
			r := markerRadius
			if m.knee {
				r = ringRadius
			}
			at := vg.Point{X: x(m.x), Y: y(m.y)}
			list = append(list, vg.Rectangle{Min: at.Sub(vg.Point{X: r, Y: r}), Max: at.Add(vg.Point{X: r, Y: r})})
		}
	}
	return list
}

func meets(box vg.Rectangle, others []vg.Rectangle) bool {
	for _, o := range others {
		if box.Min.X < o.Max.X && o.Min.X < box.Max.X && box.Min.Y < o.Max.Y && o.Min.Y < box.Max.Y {
			return true
		}
	}
	return false
}

// GlyphBoxes tells the plot to leave room for labels above marks.
func (t tags) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var list []plot.GlyphBox
	for _, s := range t {
		for _, m := range s.marks {
			if m.label != "" {
				box := tagStyle().Rectangle(m.label).Add(vg.Point{Y: tagDistance})
				list = append(list, plot.GlyphBox{X: p.X.Norm(m.x), Y: p.Y.Norm(m.y), Rectangle: box})
			}
		}
	}
	return list
}
