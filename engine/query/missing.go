package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// maxFuzzyDistance is how many letters a name may be off to be hinted at.
const maxFuzzyDistance = 3

// fuzzyMatch is the search for a column that was perhaps meant (FuzzyAttrMatchState).
type fuzzyMatch struct {
	distance      int
	first, second *relation
	firstColumn   string // "" if first has the column, out of reach
	secondColumn  string
}

// noColumn is errorMissingColumn: 42703 with a hint at what may have been meant.
func (s *scope) noColumn(rel, name string, at parser.Pos) error {
	e := sqlstate.Errorf(sqlstate.UndefinedColumn, `column "%s" does not exist`, name).At(int(at))
	if rel != "" {
		e = sqlstate.Errorf(sqlstate.UndefinedColumn, "column %s.%s does not exist", rel, name).At(int(at))
	}
	m := s.searchColumn(rel, name)
	switch {
	case m.first == nil:
	case m.second != nil:
		return e.WithHint(`Perhaps you meant to reference the column "%s.%s" or the column "%s.%s".`,
			m.first.name, m.firstColumn, m.second.name, m.secondColumn)
	case m.firstColumn != "":
		return e.WithHint(`Perhaps you meant to reference the column "%s.%s".`, m.first.name, m.firstColumn)
	default:
		return e.WithHint(`There is a column named "%s" in table "%s", but it cannot be referenced from this part of the query.`,
			name, m.first.name)
	}
	return e
}

// searchColumn is searchRangeTableForCol.
func (s *scope) searchColumn(rel, name string) fuzzyMatch {
	m := fuzzyMatch{distance: maxFuzzyDistance + 1}
	for l := s.level; l != nil; l = l.parent {
		for _, r := range l.rels {
			if r.join {
				continue
			}
			penalty := 0
			if rel != "" {
				penalty = editDistance(rel, r.name, maxFuzzyDistance+1)
			}
			found := false
			for _, c := range r.columns {
				found = found || c.name == name
				m.consider(r, c.name, name, penalty)
			}
			if found && penalty == 0 {
				return fuzzyMatch{first: r}
			}
		}
	}
	return m
}

// consider weighs one column (updateFuzzyAttrMatchState).
func (m *fuzzyMatch) consider(r *relation, column, name string, penalty int) {
	if penalty > m.distance || column == "" {
		return
	}
	d := editDistance(column, name, m.distance+1-penalty)
	if d > len(name)/2 {
		return
	}
	switch d += penalty; {
	case d < m.distance:
		*m = fuzzyMatch{distance: d, first: r, firstColumn: column}
	case d == m.distance && m.second != nil: // too many at this distance
		*m = fuzzyMatch{distance: d - 1}
	case d == m.distance && m.first != nil:
		m.second, m.secondColumn = r, column
	case d == m.distance && m.distance <= maxFuzzyDistance:
		m.first, m.firstColumn = r, column
	}
}

// editDistance is Levenshtein's, cut off above limit.
func editDistance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 255 || len(y) > 255 || len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(y)], limit+1)
}
