package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"seqd/cmd/seqd/bench/result"
)

// Table writes a run for people at a terminal that is width columns wide; 0: nobody
// knows, which is taken for 80. Columns that don't fit side by side stand in tables of
// their own, each as wide as it must be.
func Table(w io.Writer, r *result.Run, width int) error {
	if width <= 0 {
		width = 80
	}
	v := newView(r)
	var b strings.Builder
	for _, line := range v.about() {
		wrap(&b, line, width)
	}
	list := shown(groups(v.firstName(), len(v.Targets)), v.cells)
	if len(v.cells) > 0 {
		for _, g := range v.packed(list, width) {
			fmt.Fprintf(&b, "\n%s\n%s", g.title, v.table(g))
		}
		b.WriteString("\n")
		for _, line := range legend(list) {
			wrap(&b, line, width)
		}
	}
	if findings := v.findings(); len(findings) > 0 {
		b.WriteString("\n")
		for _, f := range findings {
			if f.Where != "" {
				f.Name += " (" + f.Where + ")"
			}
			wrap(&b, f.Name+": "+f.Text, width)
		}
		wrap(&b, kneeRule, width)
	}
	if notes := v.notes(); len(notes) > 0 {
		b.WriteString("\n")
		for _, n := range notes {
			wrap(&b, n, width)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// packed puts groups together that fit side by side.
func (v *view) packed(list []group, width int) []group {
	var out []group
	for _, g := range list {
		if len(out) > 0 {
			last := &out[len(out)-1]
			joined := group{last.title + "; " + strings.ToLower(g.title[:1]) + g.title[1:], slices.Concat(last.columns, g.columns)}
			if widest(v.table(joined)) <= width {
				*last = joined
				continue
			}
		}
		out = append(out, g)
	}
	return out
}

// columns are the names of a table's columns, and how they are aligned.
type columns struct {
	header  table.Row
	configs []table.ColumnConfig
}

func (c *columns) add(name string, align text.Align) {
	c.header = append(c.header, name)
	c.configs = append(c.configs, table.ColumnConfig{Number: len(c.header), Align: align, AlignHeader: align})
}

// table is one without rows.
func (c *columns) table() table.Writer {
	t := table.NewWriter()
	t.SetStyle(plain)
	t.AppendHeader(c.header)
	t.SetColumnConfigs(c.configs)
	return t
}

// table draws a group's columns for all cells.
func (v *view) table(g group) string {
	var head columns
	for _, x := range v.axes.varying {
		align := text.AlignRight
		if x.number == nil {
			align = text.AlignLeft
		}
		head.add(x.header, align)
	}
	head.add("target", text.AlignLeft)
	for _, c := range g.columns {
		head.add(c.header, text.AlignRight)
	}
	t := head.table()
	last := -1
	for i := range v.cells {
		c := &v.cells[i]
		if last >= 0 && c.point != last && len(v.Targets) > 1 {
			t.AppendSeparator()
		}
		var row table.Row
		repeated := last >= 0 // a label stands once, until it or an outer one changes
		for _, x := range v.axes.varying {
			label := x.label(v.Points[c.point])
			if repeated = repeated && label == x.label(v.Points[last]); repeated {
				label = ""
			}
			row = append(row, label)
		}
		last = c.point
		row = append(row, v.Targets[c.target].Name)
		for _, col := range g.columns {
			row = append(row, col.text(c))
		}
		t.AppendRow(row)
	}
	return trimRight(t.Render())
}

// plain is without frames: two blanks between columns, a rule under the header, an
// empty line between points.
var plain = table.Style{
	Name:    "plain",
	Box:     table.BoxStyle{PaddingLeft: "", PaddingRight: "  ", MiddleHorizontal: " ", MiddleSeparator: " ", LeftSeparator: "", RightSeparator: ""},
	Format:  table.FormatOptions{},
	Options: table.Options{SeparateHeader: false, SeparateRows: false},
}

func trimRight(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

func widest(s string) int {
	n := 0
	for line := range strings.Lines(s) {
		n = max(n, text.StringWidth(strings.TrimRight(line, "\n")))
	}
	return n
}

// wrap writes a line, broken between words; what follows is indented.
func wrap(b *strings.Builder, line string, width int) {
	at := 0
	for i, word := range strings.Fields(line) {
		n := text.StringWidth(word)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString("\n  ")
			at = 2
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteString("\n")
}

// legend explains the columns that need it, short enough to be read.
func legend(list []group) []string {
	var lines []string
	for _, g := range list {
		var parts []string
		for _, c := range g.columns {
			if c.about != "" {
				parts = append(parts, c.header+": "+c.about)
			}
		}
		if len(parts) > 0 {
			lines = append(lines, strings.Join(parts, "; ")+".")
		}
	}
	return lines
}
