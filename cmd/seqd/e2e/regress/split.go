// Package regress plays psql scripts, above all PostgreSQL's own regression tests,
// on PostgreSQL and on seqd and compares every statement's answer. The scripts are
// not part of this repository: they come with PostgreSQL's source.
package regress

import (
	"regexp"
	"strings"
)

// Statement is one statement of a script, or a change of the connection.
type Statement struct {
	SQL     string // "" for a new connection
	Connect string // \c: user to connect as; "-" keeps the user
	Line    int
}

// Split cuts a psql script into statements, as psql's own scanner does: at
// semicolons outside of quotes, comments, parentheses and dollar quotes. Backslash
// commands are left out, but for \c; so are the data lines of COPY FROM stdin.
func Split(script string) []Statement {
	s := splitter{rest: script, line: 1}
	for s.rest != "" {
		s.next()
	}
	return s.out
}

type splitter struct {
	rest    string
	line    int
	current strings.Builder
	begun   int // line on which the current statement begins
	depth   int // of parentheses
	out     []Statement
}

var (
	dollarQuote = regexp.MustCompile(`^\$([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)
	connect     = regexp.MustCompile(`^\\c(?:onnect)?(?:[ \t]+(\S+))?(?:[ \t]+(\S+))?[ \t]*$`)
	copyStdin   = regexp.MustCompile(`(?is)^\s*copy\b.*\bfrom\s+stdin\b`)
)

func (s *splitter) next() {
	switch {
	case strings.HasPrefix(s.rest, "--"):
		s.skip(until(s.rest, "\n", 0))
	case strings.HasPrefix(s.rest, "/*"):
		s.take(comment(s.rest))
	case s.rest[0] == '\'' || s.rest[0] == '"':
		s.take(s.quoted(s.rest[0]))
	case s.rest[0] == '$' && dollarQuote.MatchString(s.rest):
		tag := dollarQuote.FindString(s.rest)
		s.take(until(s.rest, tag, len(tag)))
	case s.rest[0] == '\\':
		s.command(s.skip(until(s.rest, "\n", 0)))
	case s.rest[0] == ';' && s.depth == 0:
		s.skip(1)
		s.end()
	default:
		switch s.rest[0] {
		case '(':
			s.depth++
		case ')':
			s.depth = max(0, s.depth-1)
		}
		s.take(1)
	}
}

// take moves n bytes to the current statement.
func (s *splitter) take(n int) {
	text := s.skip(n)
	if s.current.Len() == 0 {
		if strings.TrimSpace(text) == "" {
			return
		}
		s.begun = s.line - strings.Count(text, "\n")
	}
	s.current.WriteString(text)
}

func (s *splitter) skip(n int) string {
	text := s.rest[:n]
	s.rest = s.rest[n:]
	s.line += strings.Count(text, "\n")
	return text
}

func (s *splitter) end() {
	sql := strings.TrimSpace(s.current.String())
	s.current.Reset()
	s.depth = 0
	if sql == "" {
		return
	}
	s.out = append(s.out, Statement{SQL: sql, Line: s.begun})
	if copyStdin.MatchString(sql) {
		s.skip(until(s.rest, "\\.\n", 0))
	}
}

// command is a backslash command: one that sends what stands before it ends the
// statement.
func (s *splitter) command(text string) {
	if strings.HasPrefix(text, `\g`) || strings.HasPrefix(text, `\crosstab`) || strings.HasPrefix(text, `\watch`) {
		s.end()
		return
	}
	if m := connect.FindStringSubmatch(strings.TrimRight(text, "\n")); m != nil {
		user := m[2]
		if user == "" {
			user = "-"
		}
		s.out = append(s.out, Statement{Connect: user, Line: s.line - 1})
	}
}

// quoted is the length of the quoted text at the beginning.
func (s *splitter) quoted(quote byte) int {
	before := strings.ToLower(s.current.String())
	escapes := quote == '\'' && strings.HasSuffix(before, "e") &&
		(len(before) == 1 || !isWord(before[len(before)-2]))
	for i := 1; i < len(s.rest); i++ {
		switch {
		case escapes && s.rest[i] == '\\':
			i++
		case s.rest[i] == quote:
			return i + 1
		}
	}
	return len(s.rest)
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// until is the length of text up to the end of the first mark at or behind from.
func until(text, mark string, from int) int {
	if i := strings.Index(text[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(text)
}

// comment is the length of the nested comment at the beginning.
func comment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}
