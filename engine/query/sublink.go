package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// sublink analyses a subquery in an expression (transformSubLink).
func (s *scope) sublink(n *parser.SubLink) (expr, error) {
	if s.kind == kindExecute {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "cannot use subquery in EXECUTE parameter").At(int(n.Pos))
	}
	q, err := s.a.query(n.Query, s.level)
	if err != nil {
		return nil, err
	}
	var test []expr // after the subquery, as errors come in that order
	if n.Test != nil {
		tests := []parser.Expr{n.Test}
		if row, ok := n.Test.(*parser.RowExpr); ok {
			tests = row.Args
		}
		if test, err = s.exprs(tests); err != nil {
			return nil, err
		}
	}
	e := &sublinkExpr{info: typed(pgtypes.Bool, n.Location()), kind: n.Kind, syntax: n, q: q, correlated: q.near, id: s.a.kept}
	s.a.kept++
	switch n.Kind {
	case parser.SubLinkExpr, parser.SubLinkArray:
		if len(q.cols) != 1 {
			return nil, sqlstate.New(sqlstate.SyntaxError, "subquery must return only one column").At(int(n.Pos))
		}
		if s.a.subNames == nil {
			s.a.subNames = map[*parser.SubLink]string{}
		}
		s.a.subNames[n] = q.cols[0].Name
		e.t, e.mod, e.at = q.cols[0].Type, q.cols[0].Typmod, n.Pos
		if n.Kind == parser.SubLinkArray {
			e.mod = -1
			if pgtypes.ElemOf(e.t) == 0 {
				if e.t = pgtypes.ArrayOf(e.t); e.t == 0 {
					return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "could not find array type for data type %s",
						pgtypes.Format(q.cols[0].Type)).At(int(n.Pos))
				}
			}
		}
	case parser.SubLinkAny, parser.SubLinkAll:
		return s.quantified(e, n, test)
	}
	return e, nil
}

// quantified compares the left side with each row of the subquery.
func (s *scope) quantified(e *sublinkExpr, n *parser.SubLink, left []expr) (expr, error) {
	e.all = n.Kind == parser.SubLinkAll
	if len(left) < len(e.q.cols) {
		return nil, sqlstate.New(sqlstate.SyntaxError, "subquery has too many columns").At(int(n.Pos))
	}
	if len(left) > len(e.q.cols) {
		return nil, sqlstate.New(sqlstate.SyntaxError, "subquery has too few columns").At(int(n.Pos))
	}
	right := make([]expr, len(left))
	for i, c := range e.q.cols {
		cell := &cellExpr{info: info{t: c.Type, mod: c.Typmod, at: n.Pos}, slot: s.a.newCell()}
		e.cells = append(e.cells, cell)
		right[i] = cell
	}
	op := n.Op
	if op == nil {
		op = []string{"="}
	}
	if len(left) == 1 {
		c, err := s.operator(op, left[0], right[0], n.Pos)
		if err != nil {
			return nil, err
		}
		if c.t != pgtypes.Bool {
			return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "row comparison operator must yield type boolean, not type %s",
				pgtypes.Format(c.t)).At(int(n.Pos))
		}
		// The left side is the same for every row: compute it once.
		cell := &cellExpr{info: typed(c.args[0].typ(), c.args[0].pos()), slot: s.a.newCell()}
		let := &letExpr{info: typed(pgtypes.Bool, e.at), cell: cell, arg: c.args[0], body: e}
		c.args[0] = cell
		e.compare = c
		return let, nil
	}
	cmp, err := s.rowOperator(op, left, right, n.Pos)
	if err != nil {
		return nil, err
	}
	e.compare = cmp
	return e, nil
}

// keptResult is what a subquery gave, where it need not run again.
type keptResult struct {
	rows [][]value
	// byKey holds the rows' keys, once somebody looked for them; rows with a NULL
	// among theirs are in nulls.
	byKey map[string]struct{}
	nulls []int
}

// results runs the subquery up to limit rows (0: all), or returns what was kept.
func (e *sublinkExpr) results(f *frame, limit int) (*keptResult, error) {
	if !e.correlated {
		where := &f.run.kept
		if e.q.reaches > 0 { // depends on a level further out: keep it for this frame only
			where = &f.kept
		}
		if k, ok := (*where)[e.id]; ok {
			return k, nil
		}
		k, err := e.run(f, limit)
		if err != nil {
			return nil, err
		}
		if *where == nil {
			*where = map[int]*keptResult{}
		}
		(*where)[e.id] = k
		return k, nil
	}
	return e.run(f, limit)
}

func (e *sublinkExpr) run(f *frame, limit int) (*keptResult, error) {
	it, err := e.q.open(f.run, f, nil)
	if err != nil {
		return nil, err
	}
	defer it.close()
	k := &keptResult{}
	for limit == 0 || len(k.rows) < limit {
		row, err := it.next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		k.rows = append(k.rows, append([]value(nil), row[:len(e.q.cols)]...))
		if err := f.tick(); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (e *sublinkExpr) eval(f *frame) (value, error) {
	limit := 0
	switch e.kind {
	case parser.SubLinkExists:
		limit = 1
	case parser.SubLinkExpr:
		limit = 2
	}
	k, err := e.results(f, limit)
	if err != nil {
		return value{}, err
	}
	switch e.kind {
	case parser.SubLinkExists:
		return pgtypes.NewBool(len(k.rows) > 0), nil
	case parser.SubLinkExpr:
		if len(k.rows) > 1 {
			return value{}, sqlstate.New(sqlstate.CardinalityViolation, "more than one row returned by a subquery used as an expression")
		}
		if len(k.rows) == 0 {
			return value{}, nil
		}
		return k.rows[0][0], nil
	case parser.SubLinkArray:
		elems := make([]value, len(k.rows))
		for i, r := range k.rows {
			elems[i] = r[0]
		}
		if pgtypes.ElemOf(e.q.cols[0].Type) != 0 {
			return stackArrays(pgtypes.ElemOf(e.t), elems)
		}
		return pgtypes.List(e.q.cols[0].Type, elems), nil
	}
	return e.quantify(f, k)
}

// quantify is ANY or ALL over the rows.
func (e *sublinkExpr) quantify(f *frame, k *keptResult) (value, error) {
	compare := func(row int) (value, error) {
		e.show(f, k.rows[row])
		return e.compare.eval(f)
	}
	if !e.correlated && len(k.rows) > hashFrom {
		if keys := e.hashKeys(); keys != nil {
			return e.lookUp(f, k, keys, compare)
		}
	}
	return quantify(e.all, len(k.rows), compare)
}

// show puts a row of the subquery into the cells that compare reads.
func (e *sublinkExpr) show(f *frame, row []value) {
	for i, c := range e.cells {
		f.setCell(c.slot, row[i])
	}
}

// hashFrom is from how many rows on a hash table is made of them.
const hashFrom = 8

// hashKeys are the equalities of an IN, nil if it compares otherwise.
func (e *sublinkExpr) hashKeys() []joinKey {
	if e.all {
		return nil
	}
	var keys []joinKey
	for _, c := range conjuncts(e.compare) {
		call, ok := c.(*callExpr)
		if !ok || equalityType(call) == 0 || isVolatile(call) {
			return nil
		}
		keys = append(keys, joinKey{left: call.args[0], right: call.args[1], typ: equalityType(call)})
	}
	return keys
}

// lookUp is IN by the keys of the rows.
func (e *sublinkExpr) lookUp(f *frame, k *keptResult, keys []joinKey, compare func(int) (value, error)) (value, error) {
	keyOf := func(side func(joinKey) expr) (key []byte, null bool, err error) {
		for _, j := range keys {
			v, err := side(j).eval(f)
			if err != nil {
				return nil, false, err
			}
			null = null || v.IsNull()
			key = pgtypes.AppendKey(key, j.typ, v)
		}
		return key, null, nil
	}
	if k.byKey == nil {
		k.byKey = make(map[string]struct{}, len(k.rows))
		for i, row := range k.rows {
			e.show(f, row)
			key, null, err := keyOf(func(j joinKey) expr { return j.right })
			if err != nil {
				return value{}, err
			}
			if null {
				k.nulls = append(k.nulls, i)
			} else {
				k.byKey[string(key)] = struct{}{}
			}
		}
	}
	key, null, err := keyOf(func(j joinKey) expr { return j.left })
	if err != nil {
		return value{}, err
	}
	if null { // which rows it might equal is for the comparison to say
		return quantify(false, len(k.rows), compare)
	}
	if _, ok := k.byKey[string(key)]; ok {
		return pgtypes.NewBool(true), nil
	}
	return quantify(false, len(k.nulls), func(i int) (value, error) { return compare(k.nulls[i]) })
}
