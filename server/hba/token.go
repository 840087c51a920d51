package hba

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// Limits of a file.
const (
	maxToken      = 10239 // MAX_TOKEN of hba.c, less its NUL
	maxInclusions = 10    // of @files in each other; CONF_FILE_MAX_DEPTH
)

// ReadFile returns the content of a file: os.ReadFile, or a test's.
type ReadFile func(name string) ([]byte, error)

// Token is a word of a file. A quoted one is never a keyword.
type Token struct {
	Text   string
	Quoted bool
}

func (t Token) keyword(word string) bool { return !t.Quoted && t.Text == word }

// field is what commas join: a list of words.
type field []Token

// line is a line of a file that says something, or that can't be read.
type line struct {
	number int
	text   string
	fields []field
	err    string
}

// tokenizer reads a file and the @files that it names.
type tokenizer struct {
	read  ReadFile
	depth int
}

// tokenize splits a file into lines, fields and words (tokenize_auth_file). A line
// that ends in a backslash goes on in the next one, and counts from its beginning.
func (z *tokenizer) tokenize(file, content string) []line {
	var lines []line
	rest := content
	for number := 1; rest != ""; {
		text, count := "", 0
		for more := true; more && rest != ""; count++ {
			var piece string
			piece, rest, _ = strings.Cut(rest, "\n")
			piece = strings.TrimRight(piece, "\r")
			piece, more = strings.CutSuffix(piece, `\`)
			text += piece
		}
		l := line{number: number, text: text}
		z.split(file, &l)
		if len(l.fields) > 0 || l.err != "" {
			lines = append(lines, l)
		}
		number += count
	}
	return lines
}

func (z *tokenizer) split(file string, l *line) {
	s := scanner{rest: l.text}
	for s.rest != "" && l.err == "" {
		var f field
		for more := true; more && l.err == ""; {
			var t Token
			var ok bool
			t, ok, more = s.next()
			if s.err != "" {
				l.err = s.err
			}
			if !ok {
				break
			}
			if !t.Quoted && len(t.Text) > 1 && t.Text[0] == '@' {
				var included []Token
				included, l.err = z.include(file, t.Text[1:])
				f = append(f, included...)
				continue
			}
			f = append(f, t)
		}
		if len(f) > 0 {
			l.fields = append(l.fields, f)
		}
	}
}

// include reads the words of an @file (tokenize_inc_file); its lines do not matter.
func (z *tokenizer) include(from, name string) ([]Token, string) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from), path)
	}
	if z.depth >= maxInclusions {
		return nil, fmt.Sprintf("could not open file %q: maximum nesting depth exceeded", path)
	}
	content, err := z.read(path)
	if err != nil {
		return nil, fmt.Sprintf(`could not open secondary authentication file "@%s" as "%s": %s`, name, path, reason(err))
	}
	z.depth++
	defer func() { z.depth-- }()
	var tokens []Token
	for _, l := range z.tokenize(path, string(content)) {
		if l.err != "" {
			return nil, l.err
		}
		for _, f := range l.fields {
			tokens = append(tokens, f...)
		}
	}
	return tokens, ""
}

// reason is an error of a file as PostgreSQL's %m has it.
func reason(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "Permission denied"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}

// scanner finds the words of a line (next_token of hba.c).
type scanner struct {
	rest string
	err  string
}

// next returns a word, whether there is one, and whether a comma says that the list
// goes on. A # outside of quotes ends the line. Quotes may stand within a word; the
// word counts as quoted if it begins with one.
func (s *scanner) next() (t Token, ok, comma bool) {
	s.rest = strings.TrimLeft(s.rest, " \t\r,")
	var b strings.Builder
	inQuote, wasQuote, sawQuote := false, false, false
	i := 0
	for ; i < len(s.rest); i++ {
		c := s.rest[i]
		if !inQuote && isBlank(c) {
			break
		}
		if c == '#' && !inQuote {
			i = len(s.rest)
			break
		}
		if b.Len() >= maxToken {
			s.rest, s.err = "", "authentication file token too long"
			return Token{}, false, false
		}
		if c == ',' && !inQuote {
			comma = true
			i++
			break
		}
		if c != '"' || wasQuote {
			b.WriteByte(c)
		}
		wasQuote = inQuote && c == '"' && !wasQuote
		if c == '"' {
			inQuote, sawQuote = !inQuote, true
			if b.Len() == 0 {
				t.Quoted = true
			}
		}
	}
	s.rest = s.rest[i:]
	t.Text = b.String()
	return t, sawQuote || t.Text != "", comma
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
