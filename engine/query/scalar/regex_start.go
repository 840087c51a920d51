package scalar

import "regexp/syntax"

// behind is the flag, beside those of users, of a search that begins behind the start
// of the text: there is no match for what must be at the start.
const behind = "^"

func behindStart(start int64) string {
	if start > 1 {
		return behind
	}
	return ""
}

// withoutStart is the expression with nothing in the place of the start of the text.
func withoutStart(translated string) (string, error) {
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return "", err
	}
	var walk func(*syntax.Regexp)
	walk = func(re *syntax.Regexp) {
		if re.Op == syntax.OpBeginText {
			re.Op = syntax.OpNoMatch
		}
		for _, sub := range re.Sub {
			walk(sub)
		}
	}
	walk(tree)
	return tree.String(), nil
}
