package query

import (
	"slices"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// grouping is GROUP BY, HAVING and the aggregates of one level.
type grouping struct {
	s    Session
	keys []expr
	// sets are the grouping sets as places of keys; one with all keys if GROUP BY
	// is a plain list.
	sets   [][]int
	having expr
	aggs   []*aggExpr
}

// aggregateCall makes an aggregate of this level, or of the level that its
// arguments' columns come from.
func (s *scope) aggregateCall(c *parser.FuncCall, fn *builtin.Function, args []expr, filter expr, result pgtypes.OID) (expr, error) {
	kind := s.kind
	if kind == kindWindowArgs {
		kind = s.outerKind
	}
	switch kind {
	case kindTarget, kindHaving, kindOrderBy, kindDistinctOn, kindWindow:
	case kindAggregate, kindFilter:
		return nil, sqlstate.New(sqlstate.GroupingError, "aggregate function calls cannot be nested").At(int(c.Pos))
	case kindJoinOn:
		return nil, sqlstate.New(sqlstate.GroupingError, "aggregate functions are not allowed in JOIN conditions").At(int(c.Pos))
	default:
		return nil, sqlstate.Errorf(sqlstate.GroupingError, "aggregate functions are not allowed in %s", kind.clause()).At(int(c.Pos))
	}
	if c.WithinGroup {
		return nil, unsupported("WITHIN GROUP", c.Pos)
	}
	for _, e := range args {
		if lvl := outerLevel(e); lvl > 0 {
			return nil, unsupported("an aggregate over an outer query's columns", c.Pos)
		}
	}
	impl, ok := aggregates[fn.Name]
	if !ok {
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "aggregate function %s is not supported", fn.Name).At(int(c.Pos))
	}
	if c.Distinct { // a literal of an "any" argument must be compared as something
		if err := s.resolveUnknowns(args); err != nil {
			return nil, err
		}
	}
	agg := &aggExpr{info: typed(result, c.Pos), fn: fn, slot: len(s.aggs), args: args, star: c.Star, distinct: c.Distinct, filter: filter, impl: impl}
	in := s.with(kindAggregate)
	for _, sb := range c.OrderBy {
		e, err := in.expr(sb.Expr)
		if err != nil {
			return nil, err
		}
		list := []expr{e}
		if err := s.resolveUnknowns(list); err != nil {
			return nil, err
		}
		k, err := s.sortKey(sb, list[0])
		if err != nil {
			return nil, err
		}
		if c.Distinct && !containsExpr(args, list[0]) {
			return nil, sqlstate.New(sqlstate.InvalidColumnReference,
				"in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").At(int(list[0].pos()))
		}
		agg.orderBy = append(agg.orderBy, k)
	}
	if c.Distinct && len(args) > 0 && !ordered(args[0].typ()) {
		return nil, sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify an equality operator for type %s",
			pgtypes.Format(args[0].typ())).At(int(args[0].pos()))
	}
	s.aggs = append(s.aggs, agg)
	return agg, nil
}

func containsExpr(list []expr, e expr) bool {
	for _, x := range list {
		if sameExpr(x, e) {
			return true
		}
	}
	return false
}

// outerLevel is the level that an expression's columns come from, if all of them
// come from further out.
func outerLevel(e expr) int {
	low := -1
	anyExpr(e, func(e expr) bool {
		if c, ok := e.(*columnExpr); ok && (low < 0 || c.level < low) {
			low = c.level
		}
		return false
	})
	return max(low, 0)
}

func firstAggregate(e expr) *aggExpr {
	var found *aggExpr
	anyExpr(e, func(e expr) bool {
		a, ok := e.(*aggExpr)
		if ok {
			found = a
		}
		return ok
	})
	return found
}

// grouping rewrites targets and HAVING to read the groups (parseCheckAggregates):
// a column that is neither grouped nor aggregated is 42803.
func (s *scope) grouping(q *query, g *grouping, having expr) error {
	g.s, g.having, g.aggs = s.a.s, having, s.aggs
	keys := g.keys
	q.group = g
	for i, k := range keys {
		if k.typ() == pgtypes.Unknown {
			r, err := s.a.coerce(k, pgtypes.Text, -1, coerceImplicit, 0)
			if err != nil {
				return err
			}
			keys[i] = r
		}
	}
	for i := range q.targets {
		if err := g.rewrite(&q.targets[i]); err != nil {
			return err
		}
	}
	if g.having != nil {
		if err := g.rewrite(&g.having); err != nil {
			return err
		}
	}
	for _, f := range q.srfs {
		for i := range f.args {
			if err := g.rewrite(&f.args[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// rewrite replaces what equals a grouping expression.
func (g *grouping) rewrite(e *expr) error {
	switch (*e).(type) {
	case *aggExpr, *constExpr, *groupExpr:
		return nil
	case *groupingExpr:
		return g.bindGrouping((*e).(*groupingExpr))
	}
	for i, k := range g.keys {
		if sameExpr(k, *e) {
			*e = &groupExpr{info: info{t: k.typ(), mod: k.typmod(), at: (*e).pos()}, slot: i, orig: k}
			return nil
		}
	}
	if c, ok := (*e).(*columnExpr); ok && c.level == 0 {
		if g.determines(c) {
			// One value in every group: as well a key itself.
			g.keys = append(g.keys, c)
			g.sets[0] = append(g.sets[0], len(g.keys)-1)
			return g.rewrite(e)
		}
		return sqlstate.Errorf(sqlstate.GroupingError,
			`column "%s" must appear in the GROUP BY clause or be used in an aggregate function`, c.fullName()).At(int(c.at))
	}
	var err error
	if sub, ok := (*e).(*sublinkExpr); ok && sub.correlated {
		err = g.rewriteSubquery(sub)
	}
	(*e).children(func(c *expr) {
		if err == nil {
			err = g.rewrite(c)
		}
	})
	return err
}

// determines tells whether the keys hold the primary key of a column's table
// (check_functional_grouping).
func (g *grouping) determines(c *columnExpr) bool {
	if len(g.sets) != 1 || c.tableOID == 0 || c.attnum <= 0 {
		return false
	}
	key := primaryKey(g.s, c.tableOID)
	for _, n := range key {
		if !slices.ContainsFunc(g.keys, func(k expr) bool {
			other, ok := k.(*columnExpr)
			return ok && other.level == 0 && other.rel == c.rel && other.attnum == n
		}) {
			return false
		}
	}
	return len(key) > 0
}

func (c *columnExpr) fullName() string {
	if c.rel != nil && c.rel.name != "" {
		return c.rel.name + "." + c.name
	}
	return c.name
}

// rewriteSubquery lets a correlated subquery read grouped columns: the group's
// first row is in place when it runs, and a grouped column has one value. Any
// other column is refused.
func (g *grouping) rewriteSubquery(n *sublinkExpr) error {
	var err error
	check := func(depth int) func(*expr) { return nil }
	check = func(depth int) func(*expr) {
		return func(e *expr) {
			anyExpr(*e, func(x expr) bool {
				switch c := x.(type) {
				case *columnExpr:
					if c.level == depth && err == nil {
						here := *c
						here.level = 0
						if !containsExpr(g.keys, &here) {
							err = sqlstate.Errorf(sqlstate.GroupingError,
								`subquery uses ungrouped column "%s" from outer query`, c.fullName()).At(int(c.at))
						}
					}
				case *sublinkExpr:
					c.q.walkAll(depth+1, check)
				}
				return false
			})
		}
	}
	n.q.walkAll(1, check)
	return err
}

// walkAll visits every expression of a query and of the queries in it; depth is
// how far out the level of interest is.
func (q *query) walkAll(depth int, visit func(depth int) func(*expr)) {
	q.exprs(visit(depth))
	if q.from != nil {
		q.from.walk(visit(depth), func(sub *query) { sub.walkAll(depth+1, visit) })
	}
	for _, side := range []*query{q.left, q.right} {
		if side != nil {
			side.walkAll(depth+1, visit)
		}
	}
	for _, c := range q.ctes {
		c.q.walkAll(depth+1, visit)
	}
}

// setReturning takes a set-returning function out of the target list: its current
// value is read from the frame.
func (s *scope) setReturning(c *callExpr) (expr, error) {
	if s.kind == kindFromFunction {
		for _, a := range c.args {
			if returnsSet(a) {
				return nil, sqlstate.New(sqlstate.FeatureNotSupported, "set-returning functions must appear at top level of FROM").At(int(c.at))
			}
		}
		return c, nil
	}
	switch s.kind {
	case kindTarget:
	case kindAggregate:
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "aggregate function calls cannot contain set-returning function calls").
			WithHint("You might be able to move the set-returning function into a LATERAL FROM item.").At(int(c.at))
	case kindOrderBy, kindGroupBy, kindDistinctOn, kindValues:
		return nil, unsupported("a set-returning function in "+s.kind.clause(), c.at)
	default:
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "set-returning functions are not allowed in %s", s.kind.clause()).At(int(c.at))
	}
	for _, a := range c.args {
		if returnsSet(a) {
			return nil, unsupported("a set-returning function in another's arguments", c.at)
		}
	}
	s.srfs = append(s.srfs, c)
	return &srfExpr{info: typed(c.t, c.at), slot: len(s.srfs) - 1, shape: outShape(c.out)}, nil
}
