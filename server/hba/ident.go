package hba

import (
	"fmt"
	"regexp"
	"strings"
)

// Mapping is one line of pg_ident.conf: in the map Name, the system user System may
// log in as User.
type Mapping struct {
	Line               int
	Name, System, User string
	pattern            *regexp.Regexp // System, if it begins with a slash
}

// FileMapping is a row of pg_ident_file_mappings. Empty texts are NULL.
type FileMapping struct {
	Line                      int
	Name, System, User, Error string
}

// Mappings is a pg_ident.conf.
type Mappings struct {
	Mappings []Mapping
	Errors   []LineError // not empty: the file must not come into force
	Rows     []FileMapping
}

// ParseMappings reads a pg_ident.conf.
func ParseMappings(name string, read ReadFile) *Mappings {
	f := &Mappings{}
	content, err := read(name)
	if err != nil {
		f.Errors = []LineError{{File: name, Message: fmt.Sprintf("could not open usermap file %q: %s", name, reason(err))}}
		return f
	}
	z := tokenizer{read: read}
	for _, l := range z.tokenize(name, string(content)) {
		m, message := parseMapping(l)
		if message != "" {
			f.Errors = append(f.Errors, LineError{File: name, Line: l.number, Message: message})
			f.Rows = append(f.Rows, FileMapping{Line: l.number, Error: message})
			continue
		}
		f.Mappings = append(f.Mappings, m)
		f.Rows = append(f.Rows, FileMapping{Line: m.Line, Name: m.Name, System: m.System, User: m.User})
	}
	return f
}

// parseMapping is parse_ident_line. What follows the third field is not looked at.
func parseMapping(l line) (Mapping, string) {
	if l.err != "" {
		return Mapping{}, l.err
	}
	var words [3]string
	for i := range words {
		switch {
		case i >= len(l.fields):
			return Mapping{}, "missing entry at end of line"
		case len(l.fields[i]) > 1:
			return Mapping{}, "multiple values in ident field"
		}
		words[i] = l.fields[i][0].Text
	}
	m := Mapping{Line: l.number, Name: words[0], System: words[1], User: words[2]}
	if text, ok := strings.CutPrefix(m.System, "/"); ok {
		// As in PostgreSQL . matches a newline, and ^ and $ are the text's ends.
		pattern, err := regexp.Compile("(?s)" + text)
		if err != nil {
			return Mapping{}, fmt.Sprintf(`invalid regular expression "%s": %s`, text, describeRegexp(err))
		}
		m.pattern = pattern
	}
	return m, ""
}

func describeRegexp(err error) string {
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// Allows tells whether somebody who has shown to be system may log in as user, by
// the map named; without a name the two must be equal (check_usermap). Otherwise it
// says why not, for the log.
func (f *Mappings) Allows(mapName, user, system string) (bool, string) {
	if mapName == "" {
		if user == system {
			return true, ""
		}
		return false, fmt.Sprintf("provided user name (%s) and authenticated user name (%s) do not match", user, system)
	}
	for i := range f.Mappings {
		m := &f.Mappings[i]
		if m.Name != mapName {
			continue
		}
		ok, problem := m.allows(user, system)
		if ok || problem != "" {
			return ok, problem
		}
	}
	return false, fmt.Sprintf(`no match in usermap "%s" for user "%s" authenticated as "%s"`, mapName, user, system)
}

// allows is check_ident_usermap: a pattern's first group stands for \1 in User.
func (m *Mapping) allows(user, system string) (bool, string) {
	if m.pattern == nil {
		return m.System == system && m.User == user, ""
	}
	groups := m.pattern.FindStringSubmatchIndex(system)
	if groups == nil {
		return false, ""
	}
	before, after, substitute := strings.Cut(m.User, `\1`)
	if !substitute {
		return m.User == user, ""
	}
	if len(groups) < 4 || groups[2] < 0 {
		return false, fmt.Sprintf(`regular expression "%s" has no subexpressions as requested by backreference in "%s"`, m.System[1:], m.User)
	}
	return before+system[groups[2]:groups[3]]+after == user, ""
}
