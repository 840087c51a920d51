// Package scenario reads, runs and records scenario files: statements of one or
// more sessions with all that a server answers, as text that people can read.
// The files are recorded from PostgreSQL alone and hold for seqd too; where seqd
// differs on purpose, the file says so and gives the reason.
//
// A file is a list of cases, each of which starts on a fresh server:
//
//	# A comment.
//	case L1 log_cnt runs down
//	A> CREATE SEQUENCE s;
//	CREATE SEQUENCE
//	A> SELECT nextval('s'),
//	.>        'two lines';
//	nextval:int8 | ?column?:text
//	1 | two lines
//	SELECT 1
//
// Input lines name their session, a capital letter, opened on first use:
//
//	A> sql       one Query message; ".> " continues it on a new line
//	A| sql       Parse, Bind, Describe, Execute and Sync; ".. " lines are options:
//	             types T, …   parameter types named in Parse
//	             with V, …    values to bind: 'text', NULL, or x'0001' (binary format)
//	             binary       results in binary format
//	             rows N       Execute N rows at a time
//	             name S       a named statement; with no sql, one prepared earlier
//	A>> sql      a Query that is expected to wait for another session
//	A<<          collects the answer of a Query that waited
//	A= message   writes a message; ".> " adds another one to the same write. A message
//	             is its name and its JSON in pgproto3, raw "bytes as a Go string", or
//	             raw T "body"; the answer is shown in the same form
//	A! connect k=v …, A! disconnect, A! cancel, A! open (with no start-up packet)
//	! crash      kill -9 of the server, and a new start; ! restart: after a clean stop
//
// The lines up to the next input are the output. Where seqd differs on purpose:
//
//	# differs: why
//	PG:
//	…
//	SEQD:
//	…
//
// The output "(not run)" in one of the two keeps a statement from that server. A
// statement that seqd does not serve yet carries "# not yet: what is missing" under
// its output: seqd must then refuse it with 0A000, and must not answer it wrongly.
package scenario

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Kind is what a step does.
type Kind string

// The kinds of steps, by the mark behind the session's letter.
const (
	Query    Kind = ">"
	Extended Kind = "|"
	Send     Kind = ">>"
	Collect  Kind = "<<"
	Action   Kind = "!"
	Wire     Kind = "="
)

// NotRun is the output of a step that one of the servers is not given.
const NotRun = "(not run)"

// File is a parsed scenario file.
type File struct {
	Path  string
	Cases []*Case
	trail []string // comments and blank lines at the end
}

// Case is a story on a server of its own.
type Case struct {
	ID    string // first word of the title, such as a row of the semantics table
	Title string // whole text after "case "
	Steps []*Step
	Line  int
	lead  []string // comments and blank lines above it
}

// Step is one message (or group of messages) of one session and its answer.
type Step struct {
	Session string // a capital letter; "" for an action on the server
	Kind    Kind
	SQL     string   // or the action
	Options []string // of an extended step, as written
	Line    int

	Postgres []string // output of PostgreSQL
	Seqd     []string // output of seqd where it differs on purpose, else nil
	Differs  string   // the reason for that
	NotYet   string   // what seqd lacks to serve it; it must refuse it

	lead []string
}

// Want is the output expected from PostgreSQL or from seqd.
func (s *Step) Want(seqd bool) []string {
	if seqd && s.Seqd != nil {
		return s.Seqd
	}
	return s.Postgres
}

// Runs tells whether the server is given the step at all.
func (s *Step) Runs(seqd bool) bool {
	w := s.Want(seqd)
	return len(w) != 1 || w[0] != NotRun
}

// Input is the step's input as written in the file.
func (s *Step) Input() []string {
	lines := strings.Split(s.SQL, "\n")
	mark := s.Session + string(s.Kind)
	out := []string{strings.TrimRight(mark+" "+lines[0], " ")}
	if lines[0] != strings.TrimRight(lines[0], " ") {
		out[0] = mark + " " + lines[0]
	}
	for _, l := range lines[1:] {
		out = append(out, ".> "+l)
	}
	for _, o := range s.Options {
		out = append(out, ".. "+o)
	}
	return out
}

var (
	inputLine   = regexp.MustCompile(`^([A-Z]?)(>>|<<|>|\||!|=)(?: (.*))?$`)
	sessionMark = regexp.MustCompile(`^([A-Z](>|\||!|<<|=)|! )`)
)

// ParseFile reads a scenario file.
func ParseFile(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(b))
}

// parser holds where Parse is: the step that output lines belong to, and which of its blocks.
type parser struct {
	file    *File
	lead    []string
	cur     *Case
	step    *Step
	block   string // "", "PG" or "SEQD"
	ids     map[string]bool
	lineNum int
}

// Parse reads the text of a scenario file.
func Parse(path, text string) (*File, error) {
	p := &parser{file: &File{Path: path}, ids: map[string]bool{}}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		p.lineNum = i + 1
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	p.file.trail = p.lead
	return p.file, nil
}

func (p *parser) line(line string) error {
	switch {
	case line == "":
		p.lead = append(p.lead, line)
		return nil
	case strings.HasPrefix(line, "# differs:"):
		if p.step == nil || p.step.Differs != "" || len(p.lead) > 0 {
			return fmt.Errorf("%q belongs under the statement that it is about", line)
		}
		p.step.Differs = strings.TrimSpace(strings.TrimPrefix(line, "# differs:"))
		if p.step.Differs == "" {
			return fmt.Errorf("a difference needs a reason")
		}
		return nil
	case strings.HasPrefix(line, "# not yet:"):
		if p.step == nil || p.step.Differs != "" || len(p.lead) > 0 {
			return fmt.Errorf("%q belongs under the statement that it is about", line)
		}
		p.step.NotYet = strings.TrimSpace(strings.TrimPrefix(line, "# not yet:"))
		if p.step.NotYet == "" {
			return fmt.Errorf("say what is missing")
		}
		return nil
	case strings.HasPrefix(line, "#"):
		p.lead = append(p.lead, line)
		return nil
	case strings.HasPrefix(line, "case "):
		return p.startCase(strings.TrimPrefix(line, "case "))
	case line == "PG:" || line == "SEQD:":
		return p.startBlock(strings.TrimSuffix(line, ":"))
	case strings.HasPrefix(line, ".> ") || line == ".>":
		return p.continuation(line)
	case strings.HasPrefix(line, ".. "):
		return p.option(line)
	}
	if sessionMark.MatchString(line) {
		if m := inputLine.FindStringSubmatch(line); m != nil {
			return p.startStep(m[1], Kind(m[2]), m[3])
		}
	}
	return p.output(line)
}

func (p *parser) startCase(title string) error {
	id, _, _ := strings.Cut(title, " ")
	if id == "" || p.ids[id] {
		return fmt.Errorf("case %q: the first word must be there and differ from other cases' in this file", title)
	}
	p.ids[id] = true
	p.cur = &Case{ID: id, Title: title, Line: p.lineNum, lead: p.lead}
	p.file.Cases = append(p.file.Cases, p.cur)
	p.lead, p.step, p.block = nil, nil, ""
	return nil
}

func (p *parser) startStep(session string, kind Kind, text string) error {
	if p.cur == nil {
		return fmt.Errorf("a statement before the first case")
	}
	if session == "" && kind != Action {
		return fmt.Errorf("a statement needs a session")
	}
	p.step = &Step{Session: session, Kind: kind, SQL: text, Line: p.lineNum, lead: p.lead}
	p.cur.Steps = append(p.cur.Steps, p.step)
	p.lead, p.block = nil, ""
	return nil
}

func (p *parser) startBlock(name string) error {
	if p.step == nil || p.step.Differs == "" {
		return fmt.Errorf("%s: needs a line \"# differs: reason\" above it", name)
	}
	if name == "SEQD" {
		p.step.Seqd = []string{}
	}
	p.block = name
	return nil
}

// continuation and option lines must directly follow the input.
func (p *parser) continuation(line string) error {
	if p.step == nil || len(p.step.Postgres) > 0 || len(p.lead) > 0 || len(p.step.Options) > 0 {
		return fmt.Errorf("nothing to continue")
	}
	p.step.SQL += "\n" + strings.TrimPrefix(strings.TrimPrefix(line, ".>"), " ")
	return nil
}

func (p *parser) option(line string) error {
	if p.step == nil || len(p.step.Postgres) > 0 || len(p.lead) > 0 || p.step.Kind != Extended {
		return fmt.Errorf("options belong under a statement marked |")
	}
	p.step.Options = append(p.step.Options, strings.TrimPrefix(line, ".. "))
	return nil
}

func (p *parser) output(line string) error {
	switch {
	case p.step == nil:
		return fmt.Errorf("output without a statement: %q", line)
	case p.step.NotYet != "":
		return fmt.Errorf("output after \"# not yet:\"")
	case len(p.lead) > 0:
		return fmt.Errorf("output after a blank line or comment: %q", line)
	case p.block == "SEQD":
		p.step.Seqd = append(p.step.Seqd, line)
	case p.step.Differs != "" && p.block == "":
		return fmt.Errorf("output between \"# differs:\" and \"PG:\"")
	default:
		p.step.Postgres = append(p.step.Postgres, line)
	}
	return nil
}

// String is the file's text, as Parse reads it.
func (f *File) String() string {
	var out []string
	for _, c := range f.Cases {
		out = append(out, c.lead...)
		out = append(out, "case "+c.Title)
		for _, s := range c.Steps {
			out = append(out, s.lead...)
			out = append(out, s.Input()...)
			if s.Differs == "" {
				out = append(out, s.Postgres...)
				if s.NotYet != "" {
					out = append(out, "# not yet: "+s.NotYet)
				}
				continue
			}
			out = append(out, "# differs: "+s.Differs, "PG:")
			out = append(out, s.Postgres...)
			out = append(out, "SEQD:")
			out = append(out, s.Seqd...)
		}
	}
	out = append(out, f.trail...)
	return strings.Join(out, "\n") + "\n"
}
