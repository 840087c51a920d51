package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"seqd/cmd/seqd/bench"
)

var machine = bench.ThisMachine()

// row is one line of the table.
type row struct {
	name    string
	figure  float64            // seqd's
	others  map[string]float64 // by server
	targets []target
	note    string // where there is no target
}

// target is what seqd's figure is to be.
type target struct {
	value float64
	less  bool   // at most, else at least
	text  string // "": the value
}

func (t target) met(figure float64) bool {
	if t.less {
		return figure <= t.value
	}
	return figure >= t.value
}

func (t target) String() string {
	if t.text != "" {
		return t.text
	}
	if t.less {
		return "≤ " + short(t.value)
	}
	return "≥ " + short(t.value)
}

// relative is a target against another server of the same turn.
type relative func(samples, string) target

func atMost(factor float64, name string) relative {
	return func(m samples, unit string) target {
		return target{factor * m.of(name, unit), true, fmt.Sprintf("≤ %g × %s", factor, name)}
	}
}

func atLeast(factor float64, name string) relative {
	return func(m samples, unit string) target {
		return target{factor * m.of(name, unit), false, fmt.Sprintf("≥ %g × %s", factor, name)}
	}
}

// compare makes a row of samples. targets are a relative or a target each.
func (s *suite) compare(m samples, name, unit string, targets ...any) {
	r := row{name: name, figure: m.of(seqdDisk, unit), others: map[string]float64{}}
	for server := range m {
		if server != seqdDisk {
			r.others[server] = m.of(server, unit)
		}
	}
	for _, t := range targets {
		switch t := t.(type) {
		case relative:
			r.targets = append(r.targets, t(m, unit))
		case target:
			r.targets = append(r.targets, t)
		}
	}
	s.rows = append(s.rows, r)
}

// table is all that was measured, in Markdown.
func (s *suite) table() string {
	columns := []string{postgres, redis, nullRaw, nullProto}
	head := append(append([]string{"", "seqd"}, columns...), "÷ PostgreSQL", "÷ null", "target", "")
	lines := [][]string{head}
	missed := 0
	for _, r := range s.rows {
		line := []string{r.name, short(r.figure)}
		for _, c := range columns {
			line = append(line, shortOrNone(r.others[c]))
		}
		line = append(line, ratio(r.figure, r.others[postgres]), ratio(r.figure, r.others[nullRaw]))
		var texts []string
		verdict := "met"
		for _, t := range r.targets {
			texts = append(texts, t.String())
			if !t.met(r.figure) {
				verdict = "**missed**"
			}
		}
		if len(r.targets) == 0 {
			texts, verdict = []string{r.note}, ""
		}
		if verdict == "**missed**" {
			missed++
		}
		lines = append(lines, append(line, strings.Join(texts, ", "), verdict))
	}
	var b strings.Builder
	b.WriteString(s.conditions())
	b.WriteString(markdown(lines))
	if missed > 0 {
		fmt.Fprintf(&b, "\n%d of the targets are missed.\n", missed)
	}
	for _, note := range s.notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	return b.String()
}

// conditions say where and how it was measured.
func (s *suite) conditions() string {
	model := machine.Model
	if model == "" {
		model = "unknown processor"
	}
	return fmt.Sprintf("%s: %d CPUs (%s), %d GiB, Linux %s, %s. Servers and clients share the machine; medians of %d turns of %s each, the servers in turn; %s in all. An 8 kB fdatasync takes %s here. Load of the machine before: %s.\n\n",
		s.begun.Format("2006-01-02"), machine.CPUs, model, machine.MemoryBytes>>30, machine.Kernel, machine.Go, s.rounds, s.span,
		time.Since(s.begun).Round(time.Second), syncTime(s.folder), loadBefore)
}

// loadBefore is what the machine was busy with when the run began.
var loadBefore = func() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}()

// syncTime is the median of a hundred small writes made durable.
func syncTime(dir string) string {
	f, err := os.CreateTemp(dir, "sync")
	if err != nil {
		return "unknown time"
	}
	defer f.Close()
	var times []float64
	for range 100 {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 8192), 0); err != nil || f.Sync() != nil {
			return "unknown time"
		}
		times = append(times, float64(time.Since(began)))
	}
	return time.Duration(median(times)).Round(10 * time.Microsecond).String()
}

func markdown(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	write := func(line []string) {
		for i, cell := range line {
			b.WriteString("| " + cell + strings.Repeat(" ", widths[i]-len([]rune(cell))) + " ")
		}
		b.WriteString("|\n")
	}
	write(lines[0])
	for _, w := range widths {
		b.WriteString("|" + strings.Repeat("-", w+2))
	}
	b.WriteString("|\n")
	for _, line := range lines[1:] {
		write(line)
	}
	return b.String()
}

// short is a figure in three digits.
func short(v float64) string {
	switch {
	case v >= 999_500:
		return fmt.Sprintf("%.3g M", round(v)/1e6)
	case v >= 9_995:
		return fmt.Sprintf("%.3g k", round(v)/1e3)
	}
	return fmt.Sprintf("%g", round(v))
}

// round keeps three digits.
func round(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	if unit < 1 {
		return math.Round(v*math.Round(1/unit)) / math.Round(1/unit)
	}
	return math.Round(v/unit) * unit
}

func shortOrNone(v float64) string {
	if v == 0 {
		return "–"
	}
	return short(v)
}

func ratio(a, b float64) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// The table stands between these marks in the documents.
const (
	tableBegin = "<!-- made by make bench: begin -->\n"
	tableEnd   = "<!-- made by make bench: end -->\n"
)

// rewrite puts the table into the documents.
func (s *suite) rewrite() error {
	for _, file := range []string{"README.md", "docs/benchmarks.md"} {
		old, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text, err := replaceTable(old, s.table())
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func replaceTable(text []byte, table string) ([]byte, error) {
	before, rest, ok := bytes.Cut(text, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		return nil, fmt.Errorf("no marks %q … %q", strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
	}
	return []byte(string(before) + tableBegin + table + tableEnd + string(after)), nil
}
