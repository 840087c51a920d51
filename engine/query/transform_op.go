package query

import (
	"strconv"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func itoa(n int) string { return strconv.Itoa(n) }

// aexpr analyses the forms of an operator expression.
func (s *scope) aexpr(n *parser.AExpr) (expr, error) {
	switch n.Kind {
	case parser.AExprIn:
		return s.in(n)
	case parser.AExprBetween, parser.AExprNotBetween, parser.AExprBetweenSym, parser.AExprNotBetweenSym:
		return s.between(n)
	case parser.AExprOp:
		lr, ok1 := n.Left.(*parser.RowExpr)
		rr, ok2 := n.Right.(*parser.RowExpr)
		if ok1 && ok2 {
			return s.rowCompare(n.Op, lr, rr, n.Pos)
		}
		// (a, b) = (SELECT …) compares with the subquery's row.
		if sub, ok := n.Right.(*parser.SubLink); ok && ok1 && sub.Kind == parser.SubLinkExpr {
			return nil, unsupported("comparison of a row with a subquery", n.Pos)
		}
	}
	var left expr
	var err error
	if n.Left != nil {
		if left, err = s.expr(n.Left); err != nil {
			return nil, err
		}
	}
	right, err := s.expr(n.Right)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case parser.AExprOpAny, parser.AExprOpAll:
		return s.arrayOperator(n.Op, n.Kind == parser.AExprOpAll, left, right, n.Pos)
	case parser.AExprDistinct, parser.AExprNotDistinct:
		return s.distinctFrom(n, left, right)
	case parser.AExprNullIf:
		return s.nullIf(n, left, right)
	}
	c, err := s.operator(n.Op, left, right, n.Pos)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *scope) distinctFrom(n *parser.AExpr, left, right expr) (expr, error) {
	// Against a NULL literal it is a null test, and needs no operator.
	inf := func(arg expr) info { return typed(pgtypes.Bool, leftmost(n.Pos, arg.pos())) }
	not := n.Kind == parser.AExprNotDistinct
	if isNullConst(n.Right) {
		return &nullTestExpr{info: inf(left), arg: left, not: !not}, nil
	}
	if isNullConst(n.Left) {
		return &nullTestExpr{info: inf(right), arg: right, not: !not}, nil
	}
	eq, err := s.operator(n.Op, left, right, n.Pos)
	if err != nil {
		return nil, err
	}
	if eq.t != pgtypes.Bool {
		return nil, sqlstate.New(sqlstate.DatatypeMismatch, "IS DISTINCT FROM requires = operator to yield boolean").At(int(n.Pos))
	}
	return &distinctExpr{info: typed(pgtypes.Bool, eq.at), eq: eq, not: not}, nil
}

func isNullConst(x parser.Expr) bool {
	c, ok := x.(*parser.Const)
	return ok && c.Kind == parser.ConstNull
}

func (s *scope) nullIf(n *parser.AExpr, left, right expr) (expr, error) {
	eq, err := s.operator([]string{"="}, left, right, n.Pos)
	if err != nil {
		return nil, err
	}
	return &nullIfExpr{info: info{t: eq.args[0].typ(), mod: eq.args[0].typmod(), at: eq.at}, eq: eq}, nil
}

// in analyses x IN (list): one array comparison over what holds no column if that
// has a common type, else one comparison each (transformAExprIn).
func (s *scope) in(n *parser.AExpr) (expr, error) {
	list, ok := n.Right.(*parser.ExprList)
	if !ok {
		return nil, unsupported("this form of IN", n.Pos)
	}
	out := &boolExpr{info: typed(pgtypes.Bool, leftmost(n.Pos, n.Left.Location())), or: n.Op[len(n.Op)-1] == "="}
	if row, ok := n.Left.(*parser.RowExpr); ok {
		if err := s.rowIn(n, row, list, out); err != nil {
			return nil, err
		}
	} else if err := s.scalarIn(n, list, out); err != nil {
		return nil, err
	}
	if len(out.args) == 1 {
		return out.args[0], nil
	}
	return out, nil
}

func (s *scope) rowIn(n *parser.AExpr, row *parser.RowExpr, list *parser.ExprList, out *boolExpr) error {
	for _, x := range list.Items {
		item, ok := x.(*parser.RowExpr)
		if !ok {
			return unsupported("IN of a row with a list that holds no rows", x.Location())
		}
		c, err := s.rowCompare(n.Op, row, item, n.Pos)
		if err != nil {
			return err
		}
		out.args = append(out.args, c)
	}
	return nil
}

func (s *scope) scalarIn(n *parser.AExpr, list *parser.ExprList, out *boolExpr) error {
	left, err := s.expr(n.Left)
	if err != nil {
		return err
	}
	var constants, others []expr
	for _, x := range list.Items {
		e, err := s.expr(x)
		if err != nil {
			return err
		}
		if anyExpr(e, func(e expr) bool { _, ok := e.(*columnExpr); return ok }) {
			others = append(others, e)
		} else {
			constants = append(constants, e)
		}
	}
	if len(constants) > 1 {
		t, _ := commonType(append([]expr{left}, constants...), "")
		if t != 0 && allReach(append([]expr{left}, constants...), t) && t != pgtypes.Record && pgtypes.ArrayOf(t) != 0 && pgtypes.ElemOf(t) == 0 {
			arr := &arrayExpr{info: typed(pgtypes.ArrayOf(t), list.Pos), elem: t}
			for _, e := range constants {
				if e, err = s.a.toCommon(e, t, "IN"); err != nil {
					return err
				}
				arr.args = append(arr.args, e)
			}
			c, err := s.arrayOperator(n.Op, !out.or, left, arr, n.Pos)
			if err != nil {
				return err
			}
			out.args, constants = append(out.args, c), nil
		}
	}
	for _, e := range append(constants, others...) {
		c, err := s.operator(n.Op, left, e, n.Pos)
		if err != nil {
			return err
		}
		b, err := s.a.toBoolean(c, "IN")
		if err != nil {
			return err
		}
		out.args = append(out.args, b)
	}
	return nil
}

// allReach is verify_common_type.
func allReach(list []expr, t pgtypes.OID) bool {
	for _, e := range list {
		if !canCoerceOne(e.typ(), t) {
			return false
		}
	}
	return true
}

// maxRepeats bounds how deep BETWEENs whose left side must be computed anew for
// each comparison may nest: the work doubles with every level.
const maxRepeats = 6

// between rewrites to comparisons (transformAExprBetween). PostgreSQL copies the
// left side into each; here it is computed once unless it is volatile, so that
// nested BETWEENs take no exponential time.
func (s *scope) between(n *parser.AExpr) (expr, error) {
	b, ok := n.Right.(*parser.ExprList)
	if !ok || len(b.Items) != 2 {
		return nil, unsupported("this form of BETWEEN", n.Pos)
	}
	once, err := s.operand(n.Left)
	if err != nil {
		return nil, err
	}
	defer once.done()
	cmp := func(op string, x parser.Expr) (expr, error) {
		left, err := once.get()
		if err != nil {
			return nil, err
		}
		right, err := s.expr(x)
		if err != nil {
			return nil, err
		}
		return s.operator([]string{op}, left, right, n.Pos)
	}
	pair := func(or bool, op1 string, x1 parser.Expr, op2 string, x2 parser.Expr) (expr, error) {
		c1, err := cmp(op1, x1)
		if err != nil {
			return nil, err
		}
		c2, err := cmp(op2, x2)
		if err != nil {
			return nil, err
		}
		return &boolExpr{info: typed(pgtypes.Bool, leftmost(n.Pos, c1.pos())), or: or, args: []expr{c1, c2}}, nil
	}
	lo, hi := b.Items[0], b.Items[1]
	not := n.Kind == parser.AExprNotBetween || n.Kind == parser.AExprNotBetweenSym
	op1, op2 := ">=", "<="
	if not {
		op1, op2 = "<", ">"
	}
	out, err := pair(not, op1, lo, op2, hi)
	if err != nil {
		return nil, err
	}
	if n.Kind == parser.AExprBetweenSym || n.Kind == parser.AExprNotBetweenSym {
		swapped, err := pair(not, op1, hi, op2, lo)
		if err != nil {
			return nil, err
		}
		out = &boolExpr{info: typed(pgtypes.Bool, out.pos()), or: !not, args: []expr{out, swapped}}
	}
	return once.wrap(out), nil
}

// operand is a subexpression that several comparisons read.
type operand struct {
	s      *scope
	source parser.Expr
	first  expr
	cell   *cellExpr
	repeat bool
}

func (s *scope) operand(x parser.Expr) (*operand, error) {
	o := &operand{s: s, source: x}
	e, err := s.expr(x)
	if err != nil {
		return nil, err
	}
	o.first = e
	switch e.(type) {
	case *constExpr, *paramExpr, *columnExpr:
		return o, nil
	}
	if !isVolatile(e) && e.typ() != pgtypes.Unknown {
		o.cell = &cellExpr{info: info{t: e.typ(), mod: e.typmod(), at: e.pos()}, slot: s.a.newCell()}
		return o, nil
	}
	o.repeat = true
	if s.a.repeats++; s.a.repeats > maxRepeats {
		return nil, sqlstate.New(sqlstate.StatementTooComplex, "stack depth limit exceeded").
			WithHint("BETWEEN over volatile expressions is nested too deeply.")
	}
	return o, nil
}

func (o *operand) done() {
	if o.repeat {
		o.s.a.repeats--
	}
}

func (o *operand) get() (expr, error) {
	if o.cell != nil {
		return o.cell, nil
	}
	if e := o.first; e != nil {
		o.first = nil
		return e, nil
	}
	return o.s.expr(o.source)
}

func (o *operand) wrap(body expr) expr {
	if o.cell == nil {
		return body
	}
	return &letExpr{info: typed(body.typ(), body.pos()), cell: o.cell, arg: o.first, body: body}
}

// rowCompare is make_row_comparison_op over two written rows.
func (s *scope) rowCompare(op []string, l, r *parser.RowExpr, at parser.Pos) (expr, error) {
	if len(l.Args) != len(r.Args) {
		return nil, sqlstate.New(sqlstate.SyntaxError, "unequal number of entries in row expressions").At(int(at))
	}
	if len(l.Args) == 0 {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "cannot compare rows of zero length").At(int(at))
	}
	left, err := s.exprs(l.Args)
	if err != nil {
		return nil, err
	}
	right, err := s.exprs(r.Args)
	if err != nil {
		return nil, err
	}
	return s.rowOperator(op, left, right, at)
}

func (s *scope) rowOperator(op []string, left, right []expr, at parser.Pos) (expr, error) {
	name := op[len(op)-1]
	each := func(name string) ([]*callExpr, error) {
		out := make([]*callExpr, len(left))
		for i := range left {
			c, err := s.operator([]string{name}, left[i], right[i], at)
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	}
	if name != "=" && name != "<>" && name != "<" && name != "<=" && name != ">" && name != ">=" {
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "could not determine interpretation of row comparison operator %s", name).
			WithHint("Row comparison operators must be associated with btree operator families.").At(int(at))
	}
	first := name
	if name == "<=" || name == ">=" {
		first = name[:1]
	}
	cmp, err := each(first)
	if err != nil {
		return nil, err
	}
	inf := typed(pgtypes.Bool, leftmost(at, left[0].pos()))
	if name == "=" || name == "<>" {
		b := &boolExpr{info: inf, or: name == "<>"}
		for _, c := range cmp {
			b.args = append(b.args, c)
		}
		if len(b.args) == 1 {
			return b.args[0], nil
		}
		return b, nil
	}
	if len(left) == 1 {
		return s.operator(op, left[0], right[0], at)
	}
	equal, err := each("=")
	if err != nil {
		return nil, err
	}
	return &rowCompareExpr{info: inf, less: cmp, equal: equal, orEqual: first != name}, nil
}

// ordered tells whether a type has a default B-tree operator class.
func ordered(t pgtypes.OID) bool {
	switch t {
	case pgtypes.JSON, pgtypes.XML, pgtypes.XID, pgtypes.CID, pgtypes.AclItem, pgtypes.Unknown, pgtypes.Void,
		pgtypes.JSONArray, pgtypes.AclItemArray, pgtypes.Refcursor:
		return false
	}
	return true
}
