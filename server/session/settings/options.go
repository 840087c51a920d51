package settings

import (
	"strings"

	"seqd/protocol/sqlstate"
)

// Parameter is an initial value.
type Parameter struct{ Name, Value string }

// ParseOptions reads the start-up parameter "options" (PGOPTIONS): switches of
// PostgreSQL's server, of which -c name=value and --name=value set parameters.
func ParseOptions(options string) ([]Parameter, error) {
	var parameters []Parameter
	words := splitOptions(options)
	for i := 0; i < len(words); i++ {
		word := words[i]
		assignment, ok := strings.CutPrefix(word, "--")
		if !ok {
			if assignment, ok = strings.CutPrefix(word, "-c"); ok && assignment == "" && i+1 < len(words) {
				i++
				assignment = words[i]
			}
		}
		name, value, assigned := strings.Cut(assignment, "=")
		switch {
		case !ok || name == "":
			return nil, sqlstate.Errorf(sqlstate.SyntaxError, "invalid command-line argument for server process: %s", word).
				WithHint("Try \"postgres --help\" for more information.")
		case !assigned:
			return nil, sqlstate.Errorf(sqlstate.SyntaxError, "-c %s requires a value", assignment)
		}
		// In a switch a dash stands for an underscore.
		parameters = append(parameters, Parameter{strings.ReplaceAll(name, "-", "_"), value})
	}
	return parameters, nil
}

// splitOptions splits at white space; a backslash takes the next byte as it is.
func splitOptions(s string) []string {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case strings.IndexByte(" \t\n\v\f\r", c) >= 0:
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case c == '\\' && i+1 < len(s):
			i++
			c = s[i]
		}
		word.WriteByte(c)
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}
