package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"seqd/cmd/seqd/bench/result"
)

// figuresShown of a section stand open; the others can be unfolded.
const figuresShown = 4

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template shows.
type page struct {
	Light, Dark template.CSS
	Seqd        string
	When, Took  string
	Started     string // for machines
	How         []fact
	Targets     []pageTarget
	Findings    []finding
	KneeRule    string
	Notes       []string
	Sections    []pageSection
	Table       pageTable
	Command     string
}

type fact struct{ Name, Value string }

type pageTarget struct {
	Name, What, Problem string
	First               bool
	Sample              template.HTML // its marker and line
}

type pageSection struct {
	ID, Title, About string
	Shown, Folded    []pageFigure
}

type pageFigure struct {
	ID, Title, Subtitle string
	SVG                 template.HTML
}

type pageTable struct {
	Before  int    // columns before those of the groups
	Groups  []fact // a title, and how many columns
	Axes    []string
	Columns []fact // header, explanation
	Rows    []pageRow
}

type pageRow struct {
	Axes   []string
	Target string
	Cells  []string
	First  bool // of its point
}

// HTML writes a run as one page that needs nothing else: no script, no font, no
// picture from anywhere.
func HTML(w io.Writer, r *result.Run) error {
	v := newView(r)
	p := page{
		Light: template.CSS(variables(false)), Dark: template.CSS(variables(true)),
		Seqd: r.Seqd, When: r.Started.UTC().Format("2 January 2006, 15:04 MST"), Started: r.Started.UTC().Format(time.RFC3339),
		Took:     r.Finished.Sub(r.Started).Round(time.Second).String(),
		How:      v.how(),
		Targets:  v.pageTargets(),
		Findings: v.findings(),
		KneeRule: kneeRule,
		Notes:    v.notes(),
		Table:    v.pageTable(),
		Command:  command(r.Command),
	}
	for _, s := range v.sections() {
		section := pageSection{ID: s.id, Title: s.title, About: s.about}
		for i, f := range s.figures {
			drawn := pageFigure{f.id, f.title, f.subtitle, template.HTML(f.svg(false))}
			if i < figuresShown {
				section.Shown = append(section.Shown, drawn)
			} else {
				section.Folded = append(section.Folded, drawn)
			}
		}
		p.Sections = append(p.Sections, section)
	}
	return pageTemplate.Execute(w, p)
}

func (v *view) how() []fact {
	s, m := v.Settings, v.Machine
	list := []fact{{"Machine", v.machine()}}
	measured := fmt.Sprintf("%s of %s s a cell, targets in turn", plural(int64(s.Rounds), "round"), brief(s.SecondsPerCell))
	if s.WarmupSeconds > 0 {
		measured += fmt.Sprintf(", each after %s s of warm-up", brief(s.WarmupSeconds))
	}
	if s.Kill {
		measured += "; own servers killed (kill -9) under load after each sample"
	}
	list = append(list, fact{"Measured", measured})
	if len(v.Points) > 0 {
		if len(v.axes.fixed) > 0 {
			list = append(list, fact{"The same everywhere", said(v.Points[0], v.axes.fixed)})
		}
		if len(v.axes.varying) > 0 {
			var names []string
			for _, x := range v.axes.varying {
				names = append(names, x.header)
			}
			list = append(list, fact{"Varied", fmt.Sprintf("%s (%s)", strings.Join(names, ", "), plural(int64(len(v.Points)), "point"))})
		}
	}
	return append(list, fact{"Driver", fmt.Sprintf("seqd %s, built with %s", v.Seqd, m.Go)})
}

func (v *view) pageTargets() []pageTarget {
	var list []pageTarget
	for i, t := range v.Targets {
		list = append(list, pageTarget{t.Name, targetSaid(t), t.Problem, i == 0 && len(v.Targets) > 1, template.HTML(sampleSVG(i))})
	}
	return list
}

func (v *view) pageTable() pageTable {
	t := pageTable{Before: len(v.axes.varying) + 1}
	list := shown(groups(v.firstName(), len(v.Targets)), v.cells)
	for _, x := range v.axes.varying {
		t.Axes = append(t.Axes, x.header)
	}
	for _, g := range list {
		t.Groups = append(t.Groups, fact{g.title, fmt.Sprint(len(g.columns))})
		for _, c := range g.columns {
			t.Columns = append(t.Columns, fact{c.header, c.about})
		}
	}
	last := -1
	for i := range v.cells {
		c := &v.cells[i]
		row := pageRow{Target: v.Targets[c.target].Name, First: c.point != last}
		for _, x := range v.axes.varying {
			row.Axes = append(row.Axes, x.label(v.Points[c.point]))
		}
		last = c.point
		for _, g := range list {
			for _, col := range g.columns {
				row.Cells = append(row.Cells, col.text(c))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// command is a line for a shell that repeats the run.
func command(args []string) string {
	line := "seqd bench"
	for _, a := range args {
		quoted := a
		if a == "" || strings.ContainsFunc(a, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || slices.Contains([]rune("-_=.,:/@%+"), c))
		}) {
			quoted = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		line += " " + quoted
	}
	return line
}
