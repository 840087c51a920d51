package session

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"seqd/engine/query"
)

// explained is what EXPLAIN shows beside the plan.
type explained struct {
	node     *query.PlanNode // nil: a utility statement
	rows     int64           // what ANALYZE counted
	run      [2]string       // ms to the first row, and to the last
	planning string          // ms
	total    string          // ms of execution
}

const noPlan = "Utility statements have no plan structure"

// property is a key with what stands for it: a text, which is quoted where the format does
// so, something raw, a list of texts, or groups.
type property struct {
	key    string
	text   *string
	raw    string
	list   []string
	group  []property
	groups [][]property
	item   string // the name of a group in groups
	many   bool   // groups it is, be there any or not
}

func quoted(key, text string) property { return property{key: key, text: &text} }

// properties are a node's, in PostgreSQL's order.
func (o *explainOptions) properties(n *query.PlanNode, x *explained) []property {
	list := []property{quoted("Node Type", n.Type)}
	for _, p := range n.Strategy {
		list = append(list, quoted(p[0], p[1]))
	}
	if n.Relationship != "" {
		list = append(list, quoted("Parent Relationship", n.Relationship))
	}
	list = append(list, property{key: "Parallel Aware", raw: "false"}, property{key: "Async Capable", raw: "false"})
	for _, p := range n.About {
		list = append(list, quoted(p[0], p[1]))
		if o.verbose && p[0] == "Function Name" {
			list = append(list, quoted("Schema", "pg_catalog"))
		}
	}
	if o.costs {
		list = append(list, property{key: "Startup Cost", raw: fmt.Sprintf("%.2f", n.Start)}, property{key: "Total Cost", raw: fmt.Sprintf("%.2f", n.Total)},
			property{key: "Plan Rows", raw: fmt.Sprintf("%.0f", n.Rows)}, property{key: "Plan Width", raw: fmt.Sprint(n.Width)})
	}
	if o.analyze && n == x.node {
		if o.timing {
			list = append(list, property{key: "Actual Startup Time", raw: x.run[0]}, property{key: "Actual Total Time", raw: x.run[1]})
		}
		list = append(list, property{key: "Actual Rows", raw: fmt.Sprint(x.rows)}, property{key: "Actual Loops", raw: "1"})
	}
	if o.verbose && n.Output != nil {
		list = append(list, property{key: "Output", list: n.Output})
	}
	if n.Type == "Append" {
		list = append(list, property{key: "Subplans Removed", raw: "0"})
	}
	if len(n.Children) > 0 {
		plans := property{key: "Plans", item: "Plan", many: true}
		for _, c := range n.Children {
			plans.groups = append(plans.groups, o.properties(c, x))
		}
		list = append(list, plans)
	}
	return list
}

// tree is all that EXPLAIN shows in formats other than text.
func (o *explainOptions) tree(x *explained) []property {
	list := []property{{key: "Plan", group: o.properties(x.node, x)}}
	if o.summary {
		list = append(list, property{key: "Planning Time", raw: x.planning})
	}
	if o.analyze {
		list = append(list, property{key: "Triggers", item: "Trigger", many: true})
		if o.summary {
			list = append(list, property{key: "Execution Time", raw: x.total})
		}
	}
	return list
}

// show is what EXPLAIN answers: lines of text, or one document.
func (o *explainOptions) show(x *explained) []string {
	var b strings.Builder
	switch o.format {
	case "json":
		b.WriteString("[\n  ")
		if x.node == nil {
			writeJSONText(&b, noPlan)
		} else {
			writeJSON(&b, o.tree(x), 2)
		}
		b.WriteString("\n]")
	case "yaml":
		b.WriteString("- ")
		if x.node == nil {
			writeJSONText(&b, noPlan)
		} else {
			writeYAML(&b, o.tree(x), 2)
		}
	case "xml":
		b.WriteString("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n")
		if x.node == nil {
			b.WriteString("  <Utility-Statement/>\n")
		} else {
			b.WriteString("  <Query>\n")
			writeXML(&b, o.tree(x), 4)
			b.WriteString("  </Query>\n")
		}
		b.WriteString("</explain>")
	default:
		return o.lines(x)
	}
	return []string{b.String()}
}

func (o *explainOptions) lines(x *explained) []string {
	if x.node == nil {
		return []string{noPlan}
	}
	lines := o.nodeLines(nil, x.node, 0, x)
	if o.summary {
		lines = append(lines, "Planning Time: "+x.planning+" ms")
		if o.analyze {
			lines = append(lines, "Execution Time: "+x.total+" ms")
		}
	}
	return lines
}

func (o *explainOptions) nodeLines(lines []string, n *query.PlanNode, depth int, x *explained) []string {
	prefix, below := "", "  "
	if depth > 0 {
		prefix = strings.Repeat("      ", depth-1) + "  ->  "
		below = strings.Repeat("      ", depth) + "  "
	}
	line := prefix + n.Text
	if o.verbose && n.Type == "Function Scan" {
		line = strings.Replace(line, " on ", " on pg_catalog.", 1)
	}
	if o.costs {
		line += fmt.Sprintf("  (cost=%.2f..%.2f rows=%.0f width=%d)", n.Start, n.Total, n.Rows, n.Width)
	}
	if o.analyze && n == x.node {
		line += " (actual "
		if o.timing {
			line += "time=" + x.run[0] + ".." + x.run[1] + " "
		}
		line += fmt.Sprintf("rows=%d loops=1)", x.rows)
	}
	lines = append(lines, line)
	if o.verbose && n.Output != nil {
		lines = append(lines, below+"Output: "+strings.Join(n.Output, ", "))
	}
	for _, c := range n.Children {
		lines = o.nodeLines(lines, c, depth+1, x)
	}
	return lines
}

func writeJSONText(b *strings.Builder, text string) {
	var line strings.Builder
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always can be
	b.WriteString(strings.TrimSuffix(line.String(), "\n"))
}

func writeJSONList(b *strings.Builder, list []string) {
	for i, text := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		writeJSONText(b, text)
	}
}

func writeJSON(b *strings.Builder, group []property, indent int) {
	in := "\n" + strings.Repeat(" ", indent+2)
	b.WriteString("{")
	for i, p := range group {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(in)
		writeJSONText(b, p.key)
		b.WriteString(": ")
		switch {
		case p.text != nil:
			writeJSONText(b, *p.text)
		case p.list != nil:
			b.WriteString("[")
			writeJSONList(b, p.list)
			b.WriteString("]")
		case p.group != nil:
			writeJSON(b, p.group, indent+2)
		case p.many:
			b.WriteString("[")
			for k, g := range p.groups {
				if k > 0 {
					b.WriteString(",")
				}
				b.WriteString(in + "  ")
				writeJSON(b, g, indent+4)
			}
			b.WriteString(in + "]")
		default:
			b.WriteString(p.raw)
		}
	}
	b.WriteString("\n" + strings.Repeat(" ", indent) + "}")
}

// writeYAML writes a group whose first line has begun.
func writeYAML(b *strings.Builder, group []property, indent int) {
	in := "\n" + strings.Repeat(" ", indent)
	for i, p := range group {
		if i > 0 {
			b.WriteString(in)
		}
		b.WriteString(p.key + ": ")
		switch {
		case p.text != nil:
			writeJSONText(b, *p.text)
		case p.list != nil:
			for _, text := range p.list {
				b.WriteString(in + "  - ")
				writeJSONText(b, text)
			}
		case p.group != nil:
			b.WriteString(in + "  ")
			writeYAML(b, p.group, indent+2)
		case p.many:
			for _, g := range p.groups {
				b.WriteString(in + "  - ")
				writeYAML(b, g, indent+4)
			}
		default:
			b.WriteString(p.raw)
		}
	}
}

var notInTag = regexp.MustCompile(`[^-A-Za-z0-9_.]`)

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#x0d;")

func writeXML(b *strings.Builder, group []property, indent int) {
	in := strings.Repeat(" ", indent)
	for _, p := range group {
		tag := notInTag.ReplaceAllString(p.key, "-")
		switch {
		case p.text != nil:
			b.WriteString(in + "<" + tag + ">" + xmlText.Replace(*p.text) + "</" + tag + ">\n")
			continue
		case p.list == nil && p.group == nil && !p.many:
			b.WriteString(in + "<" + tag + ">" + p.raw + "</" + tag + ">\n")
			continue
		}
		b.WriteString(in + "<" + tag + ">\n")
		for _, text := range p.list {
			b.WriteString(in + "  <Item>" + xmlText.Replace(text) + "</Item>\n")
		}
		writeXML(b, p.group, indent+2)
		for _, g := range p.groups {
			b.WriteString(in + "  <" + p.item + ">\n")
			writeXML(b, g, indent+4)
			b.WriteString(in + "  </" + p.item + ">\n")
		}
		b.WriteString(in + "</" + tag + ">\n")
	}
}
