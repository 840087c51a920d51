package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// query analyses one SELECT; parent is the level around it.
func (a *analyzer) query(stmt *parser.SelectStmt, parent *level) (*query, error) {
	return a.queryIn(stmt, &level{parent: parent})
}

func (a *analyzer) queryIn(stmt *parser.SelectStmt, l *level) (*query, error) {
	s := &scope{level: l, a: a}
	q := &query{}
	if stmt.Into != nil {
		return nil, unsupported("SELECT INTO", stmt.Into.Pos)
	}
	if stmt.With != nil {
		if err := s.with1(stmt.With); err != nil {
			return nil, err
		}
	}
	var err error
	switch {
	case stmt.Op != parser.SetOpNone:
		err = s.setOperation(stmt, q)
	case stmt.Values != nil:
		err = s.valuesQuery(stmt, q)
	default:
		err = s.selectQuery(stmt, q)
	}
	if err != nil {
		return nil, err
	}
	if err := s.locking(stmt); err != nil {
		return nil, err
	}
	q.ctes = l.ctes
	q.slots = l.slots
	q.reaches, q.near = l.reaches, l.near
	q.volatile = q.computeVolatile()
	return q, nil
}

// maxTargets is PostgreSQL's MaxTupleAttributeNumber: output columns and those
// that ORDER BY and GROUP BY add.
const maxTargets = 1664

// selectQuery analyses a plain SELECT, in transformSelectStmt's order.
func (s *scope) selectQuery(stmt *parser.SelectStmt, q *query) error {
	var err error
	if q.from, err = s.from(stmt.From); err != nil {
		return err
	}
	s.windowDefs = stmt.Window
	targets, err := s.targetList(stmt.Targets)
	if err != nil {
		return err
	}
	if stmt.Where != nil {
		if q.where, err = s.condition(stmt.Where, kindWhere, "WHERE"); err != nil {
			return err
		}
	}
	var having expr
	if stmt.Having != nil {
		if having, err = s.condition(stmt.Having, kindHaving, "HAVING"); err != nil {
			return err
		}
	}
	if err := s.orderBy(stmt.OrderBy, targets, q); err != nil {
		return err
	}
	groups, err := s.groupBy(stmt, targets)
	if err != nil {
		return err
	}
	if err := s.distinct(stmt, targets, q); err != nil {
		return err
	}
	if err := s.limits(stmt, q); err != nil {
		return err
	}
	if err := s.a.resolveTargets(targets); err != nil {
		return err
	}
	targets.finish(q)
	q.shapes = s.shapesOf(q.targets)
	if len(q.targets) > maxTargets {
		return sqlstate.Errorf(sqlstate.TooManyColumns, "target lists can have at most %d entries", maxTargets)
	}
	q.srfs, q.windows = s.srfs, s.wins
	if len(stmt.GroupBy) > 0 || len(s.aggs) > 0 || having != nil {
		if err := s.grouping(q, groups, having); err != nil {
			return err
		}
	}
	q.setSortTypes()
	q.postpone()
	return nil
}

func (s *scope) condition(x parser.Expr, kind exprKind, name string) (expr, error) {
	e, err := s.with(kind).expr(x)
	if err != nil {
		return nil, err
	}
	return s.a.toBoolean(e, name)
}

// resolveTargets is resolveTargetListUnknowns.
func (a *analyzer) resolveTargets(t *targetList) error {
	for i := range t.items {
		e := t.items[i].e
		if e.typ() != pgtypes.Unknown {
			continue
		}
		r, err := a.coerce(e, pgtypes.Text, -1, coerceImplicit, 0)
		if err != nil {
			return err
		}
		if c, ok := r.(*constExpr); ok {
			c.literal = true
		}
		t.items[i].e = r
	}
	return nil
}

// postpone marks the volatile targets that are computed after sorting, so that
// rows beyond LIMIT don't compute them and values follow the order (PostgreSQL's
// make_sort_input_target).
func (q *query) postpone() {
	if len(q.sort) == 0 || q.distinct || len(q.srfs) > 0 {
		return
	}
	late := make([]bool, len(q.targets))
	found := false
	for i, e := range q.targets {
		late[i] = isVolatile(e) && !hasWindow(e)
		for _, k := range q.sort {
			if k.target == i {
				late[i] = false
			}
		}
		found = found || late[i]
	}
	if found {
		q.late = late
	}
}

func (q *query) setSortTypes() {
	for i := range q.sort {
		q.sort[i].typ = q.targets[q.sort[i].target].typ()
	}
}

// computeVolatile tells whether running the query again may give other rows.
func (q *query) computeVolatile() bool {
	if q.left != nil && (q.left.volatile || q.right.volatile) {
		return true
	}
	for _, c := range q.ctes {
		if c.refs > 0 && c.q.volatile {
			return true
		}
	}
	v := false
	q.exprs(func(e *expr) { v = v || isVolatile(*e) })
	if q.from != nil && !v {
		q.from.walk(func(e *expr) { v = v || isVolatile(*e) }, func(sub *query) { v = v || sub.volatile })
	}
	return v
}

// exprs visits the expressions of this level, without those of FROM.
func (q *query) exprs(visit func(*expr)) {
	visitAll(q.targets, visit)
	for _, row := range q.values {
		visitAll(row, visit)
	}
	for _, e := range []*expr{&q.where, &q.limit, &q.offset} {
		if *e != nil {
			visit(e)
		}
	}
	if q.group != nil {
		visitAll(q.group.keys, visit)
		if q.group.having != nil {
			visit(&q.group.having)
		}
		for _, agg := range q.group.aggs {
			agg.children(visit)
		}
	}
	for _, f := range q.srfs {
		visitAll(f.args, visit)
	}
}

// locking refuses FOR UPDATE: a sequence's rows can't be locked, and nothing else
// has rows of its own.
func (s *scope) locking(stmt *parser.SelectStmt) error {
	if len(stmt.Locking) == 0 {
		return nil
	}
	lock := stmt.Locking[0]
	name := "FOR " + lock.Strength
	for _, r := range s.rels {
		if r.noRow {
			return sqlstate.Errorf(sqlstate.WrongObjectType, `cannot lock rows in sequence "%s"`, r.relName)
		}
	}
	if stmt.Op != parser.SetOpNone {
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s is not allowed with UNION/INTERSECT/EXCEPT", name)
	}
	if stmt.Values != nil {
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s cannot be applied to VALUES", name)
	}
	return nil
}

// valuesQuery analyses VALUES as a statement.
func (s *scope) valuesQuery(stmt *parser.SelectStmt, q *query) error {
	rows, types, mods, err := s.valuesLists(stmt.Values)
	if err != nil {
		return err
	}
	base := s.newSlots(len(types))
	r := &relation{name: "*VALUES*", colVisible: true}
	t := &targetList{}
	for i := range types {
		r.columns = append(r.columns, relColumn{name: "column" + itoa(i+1), typ: types[i], typmod: mods[i], slot: base + i})
		t.items = append(t.items, target{name: r.columns[i].name, e: columnNode(&r.columns[i], r, 0, 0)})
	}
	s.names = []*relation{r}
	q.from = &valuesSource{rows: rows, slot: base}
	if err := s.orderBy(stmt.OrderBy, t, q); err != nil {
		return err
	}
	if err := s.limits(stmt, q); err != nil {
		return err
	}
	t.finish(q)
	q.setSortTypes()
	return nil
}

// valuesLists analyses the rows of VALUES and gives each column its common type.
func (s *scope) valuesLists(lists [][]parser.Expr) (rows [][]expr, types []pgtypes.OID, mods []int32, err error) {
	in := s.with(kindValues)
	for _, list := range lists {
		if len(rows) > 0 && len(list) != len(rows[0]) {
			return nil, nil, nil, sqlstate.New(sqlstate.SyntaxError, "VALUES lists must all be the same length").At(int(list[0].Location()))
		}
		row, err := in.exprs(list)
		if err != nil {
			return nil, nil, nil, err
		}
		rows = append(rows, row)
	}
	for c := range rows[0] {
		column := make([]expr, len(rows))
		for r := range rows {
			column[r] = rows[r][c]
		}
		t, mod, err := s.a.allToCommon(column, "VALUES")
		if err != nil {
			return nil, nil, nil, err
		}
		for r := range rows {
			rows[r][c] = column[r]
		}
		types, mods = append(types, t), append(mods, mod)
	}
	return rows, types, mods, nil
}

// limits analyses LIMIT, OFFSET and FETCH.
func (s *scope) limits(stmt *parser.SelectStmt, q *query) error {
	one := func(x parser.Expr, kind exprKind, name string) (expr, error) {
		if x == nil {
			return nil, nil
		}
		e, err := s.with(kind).expr(x)
		if err != nil {
			return nil, err
		}
		if e, err = s.a.toType(e, pgtypes.Int8, name); err != nil {
			return nil, err
		}
		if anyExpr(e, func(e expr) bool { c, ok := e.(*columnExpr); return ok && c.level == 0 }) {
			return nil, sqlstate.Errorf(sqlstate.InvalidColumnReference, "argument of %s must not contain variables", name).At(int(e.pos()))
		}
		return e, nil
	}
	var err error
	if q.offset, err = one(stmt.Offset, kindOffset, "OFFSET"); err != nil {
		return err
	}
	if q.limit, err = one(stmt.Limit, kindLimit, "LIMIT"); err != nil {
		return err
	}
	q.withTies = stmt.WithTies
	return nil
}
