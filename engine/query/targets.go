package query

import (
	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// target is a column of the target list.
type target struct {
	name string
	e    expr
	junk bool // not a result column: ORDER BY or DISTINCT ON needs it
	orig parser.Expr
}

type targetList struct{ items []target }

// add appends a junk target, or finds an equal one.
func (t *targetList) add(e expr) int {
	for i := range t.items {
		if sameExpr(t.items[i].e, e) {
			return i
		}
	}
	t.items = append(t.items, target{e: e, junk: true})
	return len(t.items) - 1
}

// finish moves the list into the query: visible columns first, as junk only comes last.
func (t *targetList) finish(q *query) {
	for _, item := range t.items {
		q.targets = append(q.targets, item.e)
		if item.junk {
			continue
		}
		c := Column{Name: item.name, Type: item.e.typ(), Typmod: item.e.typmod()}
		if v, ok := item.e.(*columnExpr); ok {
			c.TableOID, c.Attnum = engine.OID(v.tableOID), v.attnum
		}
		q.cols = append(q.cols, c)
	}
}

// targetList analyses the SELECT list, with stars spread.
func (s *scope) targetList(list []parser.ResTarget) (*targetList, error) {
	out := &targetList{}
	in := s.with(kindTarget)
	for _, rt := range list {
		if c, ok := rt.Expr.(*parser.ColumnRef); ok && c.Star {
			if err := in.star(c, out); err != nil {
				return nil, err
			}
			continue
		}
		if ind, ok := rt.Expr.(*parser.Indirection); ok && ind.Path[len(ind.Path)-1].Star {
			if err := in.rowStar(ind, out); err != nil {
				return nil, err
			}
			continue
		}
		e, err := in.expr(rt.Expr)
		if err != nil {
			return nil, err
		}
		name := rt.Name
		if name == "" {
			name = s.figureName(rt.Expr)
		}
		out.items = append(out.items, target{name: name, e: e, orig: rt.Expr})
	}
	return out, nil
}

// star spreads * and rel.*.
func (s *scope) star(c *parser.ColumnRef, out *targetList) error {
	if len(c.Fields) == 0 {
		found := false
		for _, r := range s.names {
			if !r.colVisible {
				continue
			}
			found = true
			s.spread(r, 0, c.Pos, out, false)
		}
		if !found {
			return sqlstate.New(sqlstate.SyntaxError, "SELECT * with no tables specified is not valid").At(int(c.Pos))
		}
		return nil
	}
	schema, name := "", c.Fields[len(c.Fields)-1]
	if len(c.Fields) > 1 {
		schema = c.Fields[len(c.Fields)-2]
	}
	r, lvl, err := s.relationByName(schema, name, c.Pos)
	if err != nil {
		return err
	}
	if r == nil {
		return s.noRelation(schema, name, c.Pos)
	}
	s.refer(lvl)
	s.spread(r, lvl, c.Pos, out, true)
	return nil
}

// starRow is rel.* inside an expression: the relation's row.
func (s *scope) starRow(c *parser.ColumnRef) (expr, error) {
	schema, name := "", c.Fields[len(c.Fields)-1]
	if len(c.Fields) > 1 {
		schema = c.Fields[len(c.Fields)-2]
	}
	r, lvl, err := s.relationByName(schema, name, c.Pos)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, s.noRelation(schema, name, c.Pos)
	}
	return s.wholeRow(r, lvl, c.Pos)
}

func (s *scope) spread(r *relation, lvl int, at parser.Pos, out *targetList, all bool) {
	for i := range r.columns {
		if r.columns[i].hidden && !all {
			continue
		}
		out.items = append(out.items, target{name: r.columns[i].name, e: columnNode(&r.columns[i], r, lvl, at)})
	}
}

// figureName is FigureColname: the name of a column that was given none.
func (s *scope) figureName(x parser.Expr) string {
	if name, _ := s.figure(x); name != "" {
		return name
	}
	return "?column?"
}

// figure is FigureColnameInternal: strength 1 is a weak name, 2 a good one.
func (s *scope) figure(x parser.Expr) (string, int) {
	switch n := x.(type) {
	case *parser.ColumnRef:
		if len(n.Fields) > 0 && !n.Star {
			return n.Fields[len(n.Fields)-1], 2
		}
	case *parser.Indirection:
		for i := len(n.Path) - 1; i >= 0; i-- {
			if n.Path[i].Field != "" {
				return n.Path[i].Field, 2
			}
		}
		return s.figure(n.Arg)
	case *parser.FuncCall:
		return n.Name[len(n.Name)-1], 2
	case *parser.AExpr:
		if n.Kind == parser.AExprNullIf {
			return "nullif", 2
		}
	case *parser.TypeCast:
		if name, strength := s.figure(n.Arg); strength > 1 {
			return name, strength
		}
		return n.Type.Names[len(n.Type.Names)-1], 1
	case *parser.CollateClause:
		return s.figure(n.Arg)
	case *parser.CaseExpr:
		if n.Else != nil {
			if name, strength := s.figure(n.Else); strength > 1 {
				return name, strength
			}
		}
		return "case", 1
	case *parser.ArrayExpr:
		return "array", 2
	case *parser.RowExpr:
		return "row", 2
	case *parser.CoalesceExpr:
		return "coalesce", 2
	case *parser.MinMaxExpr:
		if n.Least {
			return "least", 2
		}
		return "greatest", 2
	case *parser.SQLValueFunction:
		return n.Name, 2
	case *parser.GroupingSet:
		return "grouping", 2
	case *parser.SubLink:
		return s.figureSubLink(n)
	}
	return "", 0
}

func (s *scope) figureSubLink(n *parser.SubLink) (string, int) {
	switch n.Kind {
	case parser.SubLinkExists:
		return "exists", 2
	case parser.SubLinkArray:
		return "array", 2
	case parser.SubLinkExpr:
		if name, ok := s.a.subNames[n]; ok { // the subquery's own column, also if it has no name
			return name, 2
		}
	}
	return "", 0
}

// orderBy analyses ORDER BY (transformSortClause).
func (s *scope) orderBy(list []parser.SortBy, t *targetList, q *query) error {
	for _, sb := range list {
		i, err := s.findTarget(sb.Expr, t, kindOrderBy, true)
		if err != nil {
			return err
		}
		k, err := s.sortKey(sb, t.items[i].e)
		if err != nil {
			return err
		}
		k.target = i
		q.sort = append(q.sort, k)
	}
	return nil
}

func (s *scope) sortKey(sb parser.SortBy, e expr) (sortKey, error) {
	k := sortKey{e: e, typ: e.typ(), desc: sb.Desc}
	if sb.Using != nil {
		switch sb.Using[len(sb.Using)-1] {
		case "<":
		case ">":
			k.desc = true
		default:
			return k, sqlstate.Errorf(sqlstate.WrongObjectType, "operator %s is not a valid ordering operator", joinNames(sb.Using)).
				WithHint(`Ordering operators must be "<" or ">" members of btree operator families.`).At(int(sb.Pos))
		}
	}
	if !ordered(e.typ()) && e.typ() != pgtypes.Unknown {
		return k, sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify an ordering operator for type %s", pgtypes.Format(e.typ())).
			WithHint("Use an explicit ordering operator or modify the query.").At(int(sb.Expr.Location()))
	}
	switch sb.Nulls {
	case parser.NullsFirst:
		k.nullsFirst = true
	case parser.NullsDefault:
		k.nullsFirst = k.desc
	}
	return k, nil
}

// findTarget is findTargetlistEntrySQL92: a bare name is first an output column's,
// a bare number its place; anything else is an expression over FROM. GROUP BY
// takes names from FROM first.
func (s *scope) findTarget(x parser.Expr, t *targetList, kind exprKind, outputFirst bool) (int, error) {
	clause := kind.clause()
	if c, ok := x.(*parser.ColumnRef); ok && len(c.Fields) == 1 && !c.Star {
		useName := true
		if !outputFirst {
			e, err := s.columnByName(c.Fields[0], c.Pos)
			if err != nil {
				return 0, err
			}
			if v, ok := e.(*columnExpr); ok && v.level == 0 {
				useName = false
			}
		}
		if useName {
			i, err := t.byName(c, clause)
			if i >= 0 || err != nil {
				return i, err
			}
		}
	}
	if c, ok := x.(*parser.Const); ok {
		if c.Kind != parser.ConstInt {
			return 0, sqlstate.Errorf(sqlstate.SyntaxError, "non-integer constant in %s", clause).At(int(c.Pos))
		}
		v, err := pgtypes.ParseText(pgtypes.Int4, c.Text)
		n := 0
		for i := range t.items {
			if t.items[i].junk {
				break
			}
			n = i + 1
		}
		if err != nil || v.Int() < 1 || int(v.Int()) > n {
			return 0, sqlstate.Errorf(sqlstate.InvalidColumnReference, "%s position %s is not in select list", clause, c.Text).At(int(c.Pos))
		}
		return int(v.Int()) - 1, nil
	}
	e, err := s.with(kind).expr(x)
	if err != nil {
		return 0, err
	}
	list := []expr{e}
	if err := s.resolveUnknowns(list); err != nil {
		return 0, err
	}
	return t.add(list[0]), nil
}

// byName finds an output column; -1 if there is none of that name.
func (t *targetList) byName(c *parser.ColumnRef, clause string) (int, error) {
	found := -1
	for i := range t.items {
		if t.items[i].junk || t.items[i].name != c.Fields[0] {
			continue
		}
		if found >= 0 && !sameExpr(t.items[found].e, t.items[i].e) {
			return 0, sqlstate.Errorf(sqlstate.AmbiguousColumn, `%s "%s" is ambiguous`, clause, c.Fields[0]).At(int(c.Pos))
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

// distinct analyses DISTINCT and DISTINCT ON.
func (s *scope) distinct(stmt *parser.SelectStmt, t *targetList, q *query) error {
	if !stmt.Distinct {
		return nil
	}
	q.distinct = true
	if stmt.DistinctOn == nil {
		for _, k := range q.sort {
			if t.items[k.target].junk {
				return sqlstate.New(sqlstate.InvalidColumnReference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list").
					At(int(t.items[k.target].e.pos()))
			}
		}
		for i := range t.items {
			if ty := t.items[i].e.typ(); !ordered(ty) && ty != pgtypes.Unknown {
				return sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify an equality operator for type %s", pgtypes.Format(ty)).
					At(int(t.items[i].e.pos()))
			}
		}
		return nil
	}
	first := stmt.DistinctOn[0].Location()
	for _, x := range stmt.DistinctOn {
		i, err := s.findTarget(x, t, kindDistinctOn, true)
		if err != nil {
			return err
		}
		q.on = append(q.on, i)
	}
	// The expressions must be the first of ORDER BY.
	wanted := map[int]bool{}
	for _, i := range q.on {
		wanted[i] = true
	}
	left := len(wanted)
	for _, k := range q.sort {
		if left == 0 {
			break
		}
		if !wanted[k.target] {
			return sqlstate.New(sqlstate.InvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").
				At(int(first))
		}
		wanted[k.target] = false
		left--
	}
	// Without ORDER BY PostgreSQL sorts by the expressions itself.
	for _, i := range q.on {
		if wanted[i] {
			wanted[i] = false
			q.sort = append(q.sort, sortKey{target: i, typ: t.items[i].e.typ()})
		}
	}
	return nil
}
