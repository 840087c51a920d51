package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// from analyses the FROM list: its items are cross-joined.
func (s *scope) from(list []parser.TableRef) (source, error) {
	var src source
	for _, ref := range list {
		item, names, err := s.fromItem(ref)
		if err != nil {
			return nil, err
		}
		if err := s.checkNames(names); err != nil {
			return nil, err
		}
		// What is to the left is there for LATERAL items only, until FROM ends.
		for _, r := range names {
			r.lateralOnly, r.lateralOK = true, true
		}
		s.names = append(s.names, names...)
		if src == nil {
			src = item
		} else {
			src = &joinSource{left: src, right: item, kind: parser.JoinCross}
		}
	}
	for _, r := range s.names {
		r.lateralOnly = false
	}
	return src, nil
}

// checkNames is checkNameSpaceConflicts.
func (s *scope) checkNames(names []*relation) error {
	for _, have := range s.names {
		if !have.relVisible {
			continue
		}
		for _, n := range names {
			if n.relVisible && have.name == n.name && (have.schema == n.schema || have.schema == 0 || n.schema == 0) {
				return sqlstate.Errorf(sqlstate.DuplicateAlias, `table name "%s" specified more than once`, n.name)
			}
		}
	}
	return nil
}

// fromItem analyses one FROM item and the names it brings.
func (s *scope) fromItem(ref parser.TableRef) (source, []*relation, error) {
	switch n := ref.(type) {
	case *parser.RangeVar:
		return s.rangeVar(n)
	case *parser.RangeFunction:
		return s.rangeFunction(n)
	case *parser.RangeSubselect:
		return s.rangeSubselect(n)
	case *parser.JoinExpr:
		return s.join(n)
	}
	return nil, nil, sqlstate.New(sqlstate.FeatureNotSupported, "this FROM item is not supported")
}

// alias gives a relation its alias and column aliases.
func (s *scope) alias(r *relation, a *parser.Alias, at parser.Pos) error {
	r.relVisible, r.colVisible, r.pos = true, true, at
	s.rels = append(s.rels, r)
	if a == nil {
		return nil
	}
	r.name, r.schema = a.Name, 0
	if len(a.Columns) > len(r.columns) {
		return sqlstate.Errorf(sqlstate.InvalidColumnReference, `table "%s" has %d columns available but %d columns specified`,
			r.name, len(r.columns), len(a.Columns))
	}
	for i, name := range a.Columns {
		r.columns[i].name = name
	}
	return nil
}

// rangeFunction is a function in FROM, maybe WITH ORDINALITY.
func (s *scope) rangeFunction(n *parser.RangeFunction) (source, []*relation, error) {
	src := &functionSource{ordinality: n.Ordinality}
	r := &relation{}
	in := s.with(kindFromFunction)
	functions, itemOf := unnested(n)
	lists, err := definitionLists(n, functions)
	if err != nil {
		return nil, nil, err
	}
	for i, x := range functions {
		e, err := in.expr(x)
		if err != nil {
			return nil, nil, err
		}
		list := []expr{e}
		if err := s.resolveUnknowns(list); err != nil {
			return nil, nil, err
		}
		if at := itemOf[i]; at < len(lists) && len(lists[at]) > 0 {
			if err := s.define(list[0], lists[at]); err != nil {
				return nil, nil, err
			}
		}
		f, err := s.functionColumns(list[0], x, r)
		if err != nil {
			return nil, nil, err
		}
		src.funcs = append(src.funcs, f)
	}
	if n.Ordinality {
		src.ordSlot = s.newSlots(1)
		r.columns = append(r.columns, relColumn{name: "ordinality", typ: pgtypes.Int8, typmod: -1, slot: src.ordSlot})
	}
	r.name = s.figureName(n.Functions[0])
	// A function that gives one unnamed column names it as its alias.
	if n.Alias != nil && len(src.funcs) == 1 && len(src.funcs[0].out) == 0 && len(n.Alias.Columns) == 0 {
		r.columns[0].name = n.Alias.Name
	}
	if !n.Ordinality && len(r.columns) == 1 && len(src.funcs[0].out) == 0 {
		r.scalar = true
	}
	src.name, src.alias = r.name, r.name
	if err := s.alias(r, n.Alias, n.Pos); err != nil {
		return nil, nil, err
	}
	src.alias = r.name
	return src, []*relation{r}, nil
}

// unnested makes unnest(a, b) in FROM the unnest(a), unnest(b) that it stands for, and
// tells which function each comes from.
func unnested(n *parser.RangeFunction) (list []parser.Expr, itemOf []int) {
	for i, x := range n.Functions {
		c, ok := x.(*parser.FuncCall)
		if !ok || len(c.Args) < 2 || len(c.Name) != 1 || c.Name[0] != "unnest" || len(c.OrderBy) > 0 ||
			c.Star || c.Distinct || c.Variadic || c.Filter != nil || c.Over != nil || c.ArgNames != nil ||
			i < len(n.ItemColumnDefs) && len(n.ItemColumnDefs[i]) > 0 {
			list, itemOf = append(list, x), append(itemOf, i)
			continue
		}
		for _, arg := range c.Args {
			one := *c
			one.Args = []parser.Expr{arg}
			list, itemOf = append(list, &one), append(itemOf, i)
		}
	}
	return list, itemOf
}

// functionColumns adds the columns of one function to the relation.
func (s *scope) functionColumns(e expr, x parser.Expr, r *relation) (fromFunction, error) {
	f := fromFunction{e: e}
	if c, ok := e.(*callExpr); ok {
		f.call = c
		f.set = c.fn.Set
		for _, o := range c.out {
			f.out = append(f.out, o.Type)
		}
		if len(c.fn.Out) == 1 && c.fn.Result != pgtypes.Record && c.record == nil {
			f.out = nil
		}
	}
	if len(f.out) > 0 {
		f.slot = s.newSlots(len(f.out))
		for i, o := range f.call.out {
			mod := int32(-1)
			if f.call.record != nil {
				mod = f.call.record[i].fit.typmod()
			}
			r.columns = append(r.columns, relColumn{name: o.Name, typ: o.Type, typmod: mod, slot: f.slot + i})
		}
		return f, nil
	}
	if e.typ() == pgtypes.Record {
		return f, sqlstate.New(sqlstate.SyntaxError, `a column definition list is required for functions returning "record"`).At(int(x.Location()))
	}
	name := s.figureName(x)
	if f.call != nil && len(f.call.fn.Out) == 1 && f.call.fn.Out[0].Name != "" {
		name = f.call.fn.Out[0].Name
	}
	f.slot = s.newSlots(1)
	r.columns = append(r.columns, relColumn{name: name, typ: e.typ(), typmod: e.typmod(), slot: f.slot})
	return f, nil
}

// rangeSubselect is a subquery in FROM.
func (s *scope) rangeSubselect(n *parser.RangeSubselect) (source, []*relation, error) {
	if n.Alias == nil {
		what := "subquery"
		if n.Query.Values != nil {
			what = "VALUES"
		}
		e := sqlstate.Errorf(sqlstate.SyntaxError, "%s in FROM must have an alias", what).At(int(n.Pos))
		if what == "VALUES" {
			return nil, nil, e.WithHint("For example, FROM (VALUES ...) [AS] foo.")
		}
		return nil, nil, e.WithHint("For example, FROM (SELECT ...) [AS] foo.")
	}
	inner := s.level
	if !n.Lateral {
		// Not LATERAL: the items to the left are out of sight.
		hidden := s.names
		s.names = nil
		defer func() { s.names = append(hidden, s.names...) }()
	}
	q, err := s.a.query(n.Query, inner)
	if err != nil {
		return nil, nil, err
	}
	src := &subquerySource{q: q, slot: s.newSlots(len(q.cols)), alias: n.Alias.Name}
	r := &relation{columns: columnsOf(q, src.slot)}
	if err := s.alias(r, n.Alias, n.Pos); err != nil {
		return nil, nil, err
	}
	return src, []*relation{r}, nil
}

// join analyses a join (transformFromClauseItem's JoinExpr).
func (s *scope) join(n *parser.JoinExpr) (source, []*relation, error) {
	left, lnames, err := s.fromItem(n.Left)
	if err != nil {
		return nil, nil, err
	}
	outer := s.names
	lateralOK := n.Type == parser.JoinInner || n.Type == parser.JoinLeft || n.Type == parser.JoinCross
	for _, r := range lnames {
		r.lateralOnly, r.lateralOK = true, lateralOK
	}
	s.names = append(append([]*relation(nil), outer...), lnames...)
	right, rnames, err := s.fromItem(n.Right)
	s.names = outer
	if err != nil {
		return nil, nil, err
	}
	for _, r := range lnames {
		r.lateralOnly = false
	}
	both := &scope{level: &level{names: lnames}, a: s.a}
	if err := both.checkNames(rnames); err != nil {
		return nil, nil, err
	}
	names := append(append([]*relation(nil), lnames...), rnames...)
	j := &joinSource{left: left, right: right, kind: n.Type}
	using := n.Using
	if n.Natural {
		using = naturalColumns(lnames, rnames)
	}
	var merged *relation
	switch {
	case len(using) > 0:
		if merged, err = s.using(j, using, lnames, rnames); err != nil {
			return nil, nil, err
		}
		names = append([]*relation{merged}, names...)
	case n.On != nil:
		s.names = names
		j.on, err = s.condition(n.On, kindJoinOn, "JOIN/ON")
		s.names = outer
		if err != nil {
			return nil, nil, err
		}
	}
	if n.Alias != nil {
		return s.joinAlias(n, j, names)
	}
	return j, names, nil
}

// joinAlias hides the joined items behind the join's alias.
func (s *scope) joinAlias(n *parser.JoinExpr, j *joinSource, names []*relation) (source, []*relation, error) {
	all := &relation{join: true}
	for _, r := range names {
		if !r.colVisible {
			continue
		}
		for _, c := range r.columns {
			if !c.hidden {
				all.columns = append(all.columns, c)
			}
		}
		r.relVisible, r.colVisible = false, false
	}
	if err := s.alias(all, n.Alias, n.Pos); err != nil {
		return nil, nil, err
	}
	return j, []*relation{all}, nil
}

func naturalColumns(left, right []*relation) []string {
	var out []string
	for _, r := range left {
		for i := range r.columns {
			if c := &r.columns[i]; r.colVisible && !c.hidden && visibleColumn(right, c.name) != nil {
				out = append(out, c.name)
			}
		}
	}
	return out
}

func visibleColumn(list []*relation, name string) *relColumn {
	for _, r := range list {
		if !r.colVisible {
			continue
		}
		for i := range r.columns {
			if r.columns[i].name == name && !r.columns[i].hidden {
				return &r.columns[i]
			}
		}
	}
	return nil
}

func countVisible(list []*relation, name string) int {
	n := 0
	for _, r := range list {
		for i := range r.columns {
			if r.colVisible && r.columns[i].name == name && !r.columns[i].hidden {
				n++
			}
		}
	}
	return n
}

// using joins by equal columns and makes the merged ones, which stand first in *.
func (s *scope) using(j *joinSource, names []string, left, right []*relation) (*relation, error) {
	merged := &relation{join: true, colVisible: true}
	on := &boolExpr{info: typed(pgtypes.Bool, 0)}
	for _, name := range names {
		l, r := visibleColumn(left, name), visibleColumn(right, name)
		if countVisible(left, name) > 1 || l != nil && countVisible(right, name) > 1 {
			side := "left"
			if countVisible(left, name) == 1 {
				side = "right"
			}
			return nil, sqlstate.Errorf(sqlstate.AmbiguousColumn, `common column name "%s" appears more than once in %s table`, name, side)
		}
		if l == nil || r == nil {
			side := "left"
			if l != nil {
				side = "right"
			}
			return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, `column "%s" specified in USING clause does not exist in %s table`, name, side)
		}
		pair := []expr{columnNode(l, nil, 0, 0), columnNode(r, nil, 0, 0)}
		eq, err := s.operator([]string{"="}, pair[0], pair[1], 0)
		if err != nil {
			return nil, err
		}
		on.args = append(on.args, eq)
		t, mod, err := s.a.allToCommon(pair, "JOIN/USING")
		if err != nil {
			return nil, err
		}
		m := usingColumn{slot: s.newSlots(1), left: pair[0], right: pair[1]}
		j.merged = append(j.merged, m)
		col := relColumn{name: name, typ: t, typmod: mod, slot: m.slot}
		if t == l.typ && j.kind != parser.JoinRight && j.kind != parser.JoinFull {
			col.tableOID, col.attnum = l.tableOID, l.attnum
		}
		merged.columns = append(merged.columns, col)
		l.hidden, r.hidden = true, true
	}
	j.on = on
	return merged, nil
}
