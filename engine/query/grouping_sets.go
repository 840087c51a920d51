package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// maxGroupingSets is PostgreSQL's limit.
const maxGroupingSets = 4096

// groupBy analyses GROUP BY: its expressions, and the sets in which they group.
func (s *scope) groupBy(stmt *parser.SelectStmt, t *targetList) (*grouping, error) {
	g := &grouping{sets: [][]int{{}}}
	for _, x := range stmt.GroupBy {
		sets, err := s.groupingSets(g, x, t)
		if err != nil {
			return nil, err
		}
		// Items next to each other multiply.
		var product [][]int
		for _, a := range g.sets {
			for _, b := range sets {
				product = append(product, union(a, b))
			}
		}
		if g.sets = product; len(g.sets) > maxGroupingSets {
			return nil, sqlstate.Errorf(sqlstate.StatementTooComplex, "too many grouping sets present (maximum %d)", maxGroupingSets)
		}
	}
	if stmt.GroupByAll {
		g.sets = distinctSets(g.sets)
	}
	return g, nil
}

func union(a, b []int) []int {
	out := append([]int{}, a...)
next:
	for _, k := range b {
		for _, have := range a {
			if have == k {
				continue next
			}
		}
		out = append(out, k)
	}
	return out
}

// distinctSets drops sets that are there already (GROUP BY DISTINCT).
func distinctSets(sets [][]int) [][]int {
	var out [][]int
	for _, a := range sets {
		seen := false
		for _, b := range out {
			seen = seen || len(a) == len(b) && len(union(a, b)) == len(a)
		}
		if !seen {
			out = append(out, a)
		}
	}
	return out
}

// groupingSets are the sets that one item of GROUP BY stands for.
func (s *scope) groupingSets(g *grouping, x parser.Expr, t *targetList) ([][]int, error) {
	set, ok := x.(*parser.GroupingSet)
	if !ok {
		k, err := s.groupingKeys(g, x, t)
		return [][]int{k}, err
	}
	switch set.Kind {
	case "EMPTY":
		return [][]int{{}}, nil
	case "SETS":
		var out [][]int
		for _, item := range set.Items {
			sets, err := s.groupingSets(g, item, t)
			if err != nil {
				return nil, err
			}
			out = append(out, sets...)
		}
		return out, nil
	}
	var parts [][]int
	for _, item := range set.Items {
		k, err := s.groupingKeys(g, item, t)
		if err != nil {
			return nil, err
		}
		parts = append(parts, k)
	}
	if set.Kind == "CUBE" {
		if len(parts) > 12 {
			return nil, sqlstate.New(sqlstate.TooManyColumns, "CUBE is limited to 12 elements").At(int(set.Pos))
		}
		return cube(parts), nil
	}
	out := [][]int{}
	for n := len(parts); n >= 0; n-- { // ROLLUP
		all := []int{}
		for _, p := range parts[:n] {
			all = union(all, p)
		}
		out = append(out, all)
	}
	return out, nil
}

// cube is every subset, the whole first.
func cube(parts [][]int) [][]int {
	var out [][]int
	for bits := 1<<len(parts) - 1; bits >= 0; bits-- {
		all := []int{}
		for i, p := range parts {
			if bits&(1<<(len(parts)-1-i)) != 0 {
				all = union(all, p)
			}
		}
		out = append(out, all)
	}
	return out
}

// groupingKeys adds the expressions of an item, which may be a list in parentheses,
// to the keys and returns their places.
func (s *scope) groupingKeys(g *grouping, x parser.Expr, t *targetList) ([]int, error) {
	if row, ok := x.(*parser.RowExpr); ok && !row.Explicit {
		var out []int
		for _, item := range row.Args {
			k, err := s.groupingKeys(g, item, t)
			if err != nil {
				return nil, err
			}
			out = union(out, k)
		}
		return out, nil
	}
	i, err := s.findTarget(x, t, kindGroupBy, false)
	if err != nil {
		return nil, err
	}
	e := t.items[i].e
	if agg := firstAggregate(e); agg != nil {
		return nil, sqlstate.New(sqlstate.GroupingError, "aggregate functions are not allowed in GROUP BY").At(int(agg.at))
	}
	if hasWindow(e) {
		return nil, sqlstate.New(sqlstate.WindowingError, "window functions are not allowed in GROUP BY").At(int(e.pos()))
	}
	if !ordered(e.typ()) && e.typ() != pgtypes.Unknown {
		return nil, sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify an equality operator for type %s", pgtypes.Format(e.typ())).
			At(int(x.Location()))
	}
	for k, have := range g.keys {
		if sameExpr(have, e) {
			return []int{k}, nil
		}
	}
	g.keys = append(g.keys, e)
	return []int{len(g.keys) - 1}, nil
}

// groupingExpr is GROUPING(…): a bit for each argument that the row's grouping set
// leaves out.
type groupingExpr struct {
	info
	args []expr
	g    *grouping
	keys []int
}

func (e *groupingExpr) children(func(*expr)) {}

func (e *groupingExpr) eval(f *frame) (value, error) {
	set := e.g.sets[f.groups[len(e.g.keys)].Int()]
	bits := int64(0)
	for _, k := range e.keys {
		bits <<= 1
		if len(union(set, []int{k})) > len(set) {
			bits |= 1
		}
	}
	return pgtypes.NewInt(bits), nil
}

// groupingCall analyses GROUPING(…).
func (s *scope) groupingCall(n *parser.FuncCall) (expr, error) {
	switch s.kind {
	case kindTarget, kindHaving, kindOrderBy, kindDistinctOn:
	default:
		return nil, sqlstate.Errorf(sqlstate.GroupingError, "grouping operations are not allowed in %s", s.kind.clause()).At(int(n.Pos))
	}
	args, err := s.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	return &groupingExpr{info: typed(pgtypes.Int4, n.Pos), args: args}, nil
}

// bindGrouping finds the arguments among the grouping expressions.
func (g *grouping) bindGrouping(e *groupingExpr) error {
	e.g = g
	for _, a := range e.args {
		at := -1
		for k, key := range g.keys {
			if sameExpr(key, a) {
				at = k
			}
		}
		if at < 0 {
			return sqlstate.New(sqlstate.GroupingError, "arguments to GROUPING must be grouping expressions of the associated query level").At(int(a.pos()))
		}
		e.keys = append(e.keys, at)
	}
	return nil
}
