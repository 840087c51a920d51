package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func setOpName(op parser.SetOp) string {
	switch op {
	case parser.SetOpIntersect:
		return "INTERSECT"
	case parser.SetOpExcept:
		return "EXCEPT"
	}
	return "UNION"
}

// setOperation analyses UNION, INTERSECT, EXCEPT (transformSetOperationStmt).
func (s *scope) setOperation(stmt *parser.SelectStmt, q *query) error {
	q.op, q.all = stmt.Op, stmt.All
	var err error
	if q.left, err = s.a.query(stmt.Left, s.level); err != nil {
		return err
	}
	item := s.a.recursing[stmt]
	if item != nil {
		if err := item.startRecursion(q.left); err != nil {
			return err
		}
	}
	if q.right, err = s.a.query(stmt.Right, s.level); err != nil {
		return err
	}
	name := setOpName(stmt.Op)
	if len(q.left.cols) != len(q.right.cols) {
		return sqlstate.Errorf(sqlstate.SyntaxError, "each %s query must have the same number of columns", name).At(int(firstTarget(stmt.Right)))
	}
	t := &targetList{}
	r := &relation{colVisible: true}
	base := s.newSlots(len(q.left.cols))
	for i := range q.left.cols {
		typ, mod, err := s.setColumn(q, i, name)
		if err != nil {
			return err
		}
		if item != nil {
			if err := item.checkRecursion(i, q.left.targets[i], typ); err != nil {
				return err
			}
		}
		if !ordered(typ) && !(stmt.Op == parser.SetOpUnion && stmt.All) {
			return sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify an equality operator for type %s", pgtypes.Format(typ)).
				At(int(q.left.targets[i].pos()))
		}
		r.columns = append(r.columns, relColumn{name: q.left.cols[i].Name, typ: typ, typmod: mod, slot: base + i})
		q.left.cols[i].Type, q.right.cols[i].Type = typ, typ
		q.left.cols[i].Typmod, q.right.cols[i].Typmod = mod, mod
	}
	for i := range r.columns {
		t.items = append(t.items, target{name: r.columns[i].name, e: columnNode(&r.columns[i], r, 0, 0)})
	}
	if item != nil && item.self && (stmt.OrderBy != nil || stmt.Limit != nil || stmt.Offset != nil) {
		return unsupported("ORDER BY, OFFSET or LIMIT in a recursive query", stmt.Pos)
	}
	s.rels = append(s.rels, setOpSide(q.left, 1), setOpSide(q.right, 2))
	n := len(t.items)
	s.names = []*relation{r}
	if err := s.orderBy(stmt.OrderBy, t, q); err != nil {
		return err
	}
	if len(t.items) > n {
		return sqlstate.New(sqlstate.FeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
			WithDetail("Only result column names can be used, not expressions or functions.").
			WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").At(int(t.items[n].e.pos()))
	}
	if err := s.limits(stmt, q); err != nil {
		return err
	}
	t.finish(q)
	q.setSortTypes()
	return nil
}

// setOpSide is a side as PostgreSQL names it, for hints.
func setOpSide(q *query, n int) *relation {
	r := &relation{name: "*SELECT* " + itoa(n)}
	for _, c := range q.cols {
		r.columns = append(r.columns, relColumn{name: c.Name})
	}
	return r
}

func firstTarget(stmt *parser.SelectStmt) parser.Pos {
	for stmt.Op != parser.SetOpNone {
		stmt = stmt.Left
	}
	if len(stmt.Targets) > 0 {
		return stmt.Targets[0].Expr.Location()
	}
	if len(stmt.Values) > 0 {
		return stmt.Values[0][0].Location()
	}
	return stmt.Pos
}

// setColumn brings column i of both sides to their common type. Literals that
// were made text for want of a better type are read anew.
func (s *scope) setColumn(q *query, i int, name string) (pgtypes.OID, int32, error) {
	pair := []expr{unknownAgain(q.left, i), unknownAgain(q.right, i)}
	t, err := commonType(pair, name)
	if err != nil {
		return 0, -1, err
	}
	mods := [2]int32{}
	for k, side := range []*query{q.left, q.right} {
		e, err := s.a.toCommon(pair[k], t, name)
		if err != nil {
			return 0, -1, err
		}
		mods[k] = e.typmod()
		if e != pair[k] || side.targets[i].typ() != t {
			if err := side.setTarget(s.a, i, e, t); err != nil {
				return 0, -1, err
			}
		}
	}
	if mods[0] != mods[1] {
		mods[0] = -1
	}
	return t, mods[0], nil
}

// unknownAgain is the target as it was before unknown became text.
func unknownAgain(q *query, i int) expr {
	e := q.targets[i]
	if c, ok := e.(*constExpr); ok && c.literal && q.op == parser.SetOpNone {
		u := *c
		u.t = pgtypes.Unknown
		return &u
	}
	return e
}

// setTarget gives a side's column another type: at once in a plain SELECT, over
// the result of anything that sorts or compares by it.
func (q *query) setTarget(a *analyzer, i int, e expr, t pgtypes.OID) error {
	if len(q.sort) == 0 && !q.distinct && q.op == parser.SetOpNone && q.srfs == nil {
		q.targets[i] = e
		return nil
	}
	if q.convert == nil {
		q.convert = make([]expr, len(q.cols))
	}
	cell := &cellExpr{info: info{t: q.targets[i].typ(), mod: q.targets[i].typmod(), at: q.targets[i].pos()}, slot: a.newCell()}
	conv, err := a.toCommon(cell, t, "UNION")
	if err != nil {
		return err
	}
	q.convert[i] = conv
	q.convertFrom = append(q.convertFrom, convertColumn{i, cell.slot})
	return nil
}

// convertColumn says which result column a conversion reads through which cell.
type convertColumn struct{ column, cell int }
