package query

import (
	"fmt"
	"strconv"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func unsupported(what string, at parser.Pos) error {
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s is not supported", what).At(int(at))
}

// expr analyses an expression (transformExpr).
func (s *scope) expr(x parser.Expr) (expr, error) {
	switch n := x.(type) {
	case *parser.Const:
		return constant(n)
	case *parser.ParamRef:
		return s.param(n)
	case *parser.ColumnRef:
		if n.Star && len(n.Fields) > 0 {
			return s.starRow(n)
		}
		if n.Star {
			return nil, sqlstate.New(sqlstate.SyntaxError, `row expansion via "*" is not supported here`).At(int(n.Pos))
		}
		return s.column(n)
	case *parser.TypeCast:
		return s.typeCast(n)
	case *parser.FuncCall:
		return s.call(n)
	case *parser.AExpr:
		return s.aexpr(n)
	case *parser.BoolExpr:
		return s.boolean(n)
	case *parser.NullTest:
		arg, err := s.expr(n.Arg)
		if err != nil {
			return nil, err
		}
		return &nullTestExpr{info: typed(pgtypes.Bool, leftmost(n.Pos, arg.pos())), arg: arg, not: n.Not, row: isRow(arg.typ())}, nil
	case *parser.BooleanTest:
		return s.booleanTest(n)
	case *parser.CaseExpr:
		return s.caseExpr(n)
	case *parser.CoalesceExpr:
		return s.coalesce(n)
	case *parser.MinMaxExpr:
		return s.minMax(n)
	case *parser.SQLValueFunction:
		return valueFunction(n)
	case *parser.SubLink:
		return s.sublink(n)
	case *parser.ArrayExpr:
		return s.array(n, 0, -1)
	case *parser.RowExpr:
		args, err := s.exprs(n.Args)
		if err != nil {
			return nil, err
		}
		row := &rowExpr{info: typed(pgtypes.Record, n.Pos), args: args}
		return row, s.resolveUnknowns(row.args)
	case *parser.Indirection:
		return s.indirection(n)
	case *parser.CollateClause:
		return s.collate(n)
	case *parser.SetToDefault:
		return nil, sqlstate.New(sqlstate.SyntaxError, "DEFAULT is not allowed in this context").At(int(n.Pos))
	case *parser.GroupingSet:
		return nil, unsupported("a grouping set here", n.Pos)
	case *parser.ExprList:
		return nil, sqlstate.New(sqlstate.SyntaxError, "a list of expressions is not allowed here").At(int(n.Pos))
	}
	return nil, unsupported("this expression", x.Location())
}

func (s *scope) exprs(list []parser.Expr) ([]expr, error) {
	out := make([]expr, len(list))
	for i, x := range list {
		e, err := s.expr(x)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// resolveUnknowns makes text of unknown literals and parameters that nothing
// else decides (resolveTargetListUnknowns).
func (s *scope) resolveUnknowns(list []expr) error {
	for i, e := range list {
		if e.typ() == pgtypes.Unknown {
			r, err := s.a.coerce(e, pgtypes.Text, -1, coerceImplicit, 0)
			if err != nil {
				return err
			}
			list[i] = r
		}
	}
	return nil
}

// constant gives a literal its type (make_const).
func constant(c *parser.Const) (expr, error) {
	var t pgtypes.OID
	switch c.Kind {
	case parser.ConstNull:
		return &constExpr{info: typed(pgtypes.Unknown, c.Pos)}, nil
	case parser.ConstString:
		return &constExpr{info: typed(pgtypes.Unknown, c.Pos), v: pgtypes.NewText(c.Text)}, nil
	case parser.ConstBool:
		return &constExpr{info: typed(pgtypes.Bool, c.Pos), v: pgtypes.NewBool(c.Text == "t")}, nil
	case parser.ConstInt:
		t = pgtypes.Int4
	case parser.ConstFloat:
		t = pgtypes.Numeric
		if v, err := pgtypes.ParseText(pgtypes.Int8, c.Text); err == nil {
			n := &constExpr{info: typed(pgtypes.Int8, c.Pos), v: v}
			if v.Int() == int64(int32(v.Int())) {
				n.t = pgtypes.Int4
			}
			return n, nil
		}
	default:
		v, err := bits(c.Text)
		if err != nil {
			return nil, withPos(err, c.Pos)
		}
		return &constExpr{info: typed(pgtypes.Bit, c.Pos), v: pgtypes.NewText(v)}, nil
	}
	v, err := pgtypes.ParseText(t, c.Text)
	if err != nil {
		return nil, withPos(err, c.Pos)
	}
	return &constExpr{info: typed(t, c.Pos), v: v}, nil
}

// bits are the digits of B'…' or X'…' (bit_in).
func bits(s string) (string, error) {
	base, kind := 2, "binary"
	if s[0] == 'x' || s[0] == 'X' {
		base, kind = 16, "hexadecimal"
	}
	var b strings.Builder
	for _, c := range s[1:] {
		n, err := strconv.ParseUint(string(c), base, 8)
		if err != nil {
			return "", sqlstate.Errorf(sqlstate.InvalidTextRepresentation, "\"%c\" is not a valid %s digit", c, kind)
		}
		if base == 2 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, "%04b", n)
		}
	}
	return b.String(), nil
}

// maxParams is how many parameters the protocol can carry.
const maxParams = 65535

// param analyses $n (variable_paramref_hook).
func (s *scope) param(n *parser.ParamRef) (expr, error) {
	p := s.a.params
	if n.Number < 1 || n.Number > maxParams || p == nil {
		return nil, sqlstate.Errorf(sqlstate.UndefinedParameter, "there is no parameter $%d", n.Number).At(int(n.Pos))
	}
	for len(p.types) < n.Number {
		p.types = append(p.types, 0)
	}
	for len(p.seen) < len(p.types) {
		p.seen = append(p.seen, 0)
	}
	i := n.Number - 1
	if p.seen[i] == 0 {
		p.seen[i] = n.Pos
	}
	if p.types[i] == 0 {
		p.types[i] = pgtypes.Unknown
	}
	return &paramExpr{info: typed(p.types[i], n.Pos), n: i}, nil
}

func (s *scope) boolean(n *parser.BoolExpr) (expr, error) {
	name := map[parser.BoolOp]string{parser.BoolAnd: "AND", parser.BoolOr: "OR", parser.BoolNot: "NOT"}[n.Op]
	args := make([]expr, len(n.Args))
	for i, x := range n.Args {
		e, err := s.expr(x)
		if err != nil {
			return nil, err
		}
		if args[i], err = s.a.toBoolean(e, name); err != nil {
			return nil, err
		}
	}
	inf := typed(pgtypes.Bool, leftmost(n.Pos, args[0].pos()))
	if n.Op == parser.BoolNot {
		return &notExpr{info: inf, arg: args[0]}, nil
	}
	return &boolExpr{info: inf, or: n.Op == parser.BoolOr, args: args}, nil
}

func (s *scope) booleanTest(n *parser.BooleanTest) (expr, error) {
	arg, err := s.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	name := "IS "
	if n.Not {
		name += "NOT "
	}
	if arg, err = s.a.toBoolean(arg, name+n.Test); err != nil {
		return nil, err
	}
	return &booleanTestExpr{info: typed(pgtypes.Bool, leftmost(n.Pos, arg.pos())), arg: arg, test: n.Test, not: n.Not}, nil
}

// typeCast analyses x::t (transformTypeCast).
func (s *scope) typeCast(n *parser.TypeCast) (expr, error) {
	target, mod, err := s.a.typeByName(&n.Type)
	if err != nil {
		return nil, err
	}
	var arg expr
	if arr, ok := n.Arg.(*parser.ArrayExpr); ok && pgtypes.ElemOf(target) != 0 {
		arg, err = s.array(arr, target, mod)
	} else {
		arg, err = s.expr(n.Arg)
	}
	if err != nil {
		return nil, err
	}
	at := n.Pos
	if at == 0 {
		at = n.Type.Pos
	}
	r, err := s.a.coerceTo(arg, target, mod, coerceExplicit, at)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, sqlstate.Errorf(sqlstate.CannotCoerce, "cannot cast type %s to %s",
			pgtypes.Format(arg.typ()), pgtypes.Format(target)).At(int(at))
	}
	return r, nil
}

func (s *scope) collate(n *parser.CollateClause) (expr, error) {
	arg, err := s.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	if t := arg.typ(); t != pgtypes.Unknown && category(t) != 'S' {
		return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "collations are not supported by type %s", pgtypes.Format(t)).At(int(n.Pos))
	}
	switch name := n.Collation[len(n.Collation)-1]; name {
	case "C", "POSIX", "default", "ucs_basic":
		return arg, nil
	default:
		return nil, sqlstate.Errorf(sqlstate.UndefinedObject, `collation "%s" for encoding "UTF8" does not exist`, joinNames(n.Collation)).At(int(n.Pos))
	}
}

func (s *scope) coalesce(n *parser.CoalesceExpr) (expr, error) {
	args, err := s.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	t, mod, err := s.a.allToCommon(args, "COALESCE")
	if err != nil {
		return nil, err
	}
	if err := noSets(args, "COALESCE"); err != nil {
		return nil, err
	}
	return &coalesceExpr{info: info{t: t, mod: mod, at: n.Pos}, args: args}, nil
}

func noSets(args []expr, construct string) error {
	for _, e := range args {
		if returnsSet(e) {
			return sqlstate.Errorf(sqlstate.FeatureNotSupported, "set-returning functions are not allowed in %s", construct).
				WithHint("You might be able to move the set-returning function into a LATERAL FROM item.").At(int(e.pos()))
		}
	}
	return nil
}

func (s *scope) minMax(n *parser.MinMaxExpr) (expr, error) {
	args, err := s.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	name := "GREATEST"
	if n.Least {
		name = "LEAST"
	}
	t, mod, err := s.a.allToCommon(args, name)
	if err != nil {
		return nil, err
	}
	if !ordered(t) {
		return nil, sqlstate.Errorf(sqlstate.UndefinedFunction, "could not identify a comparison function for type %s", pgtypes.Format(t)).At(int(n.Pos))
	}
	return &minMaxExpr{info: info{t: t, mod: mod, at: n.Pos}, least: n.Least, args: args}, nil
}

// caseExpr analyses CASE (transformCaseExpr).
func (s *scope) caseExpr(n *parser.CaseExpr) (expr, error) {
	c := &caseExpr{info: typed(0, n.Pos)}
	if n.Arg != nil {
		arg, err := s.expr(n.Arg)
		if err != nil {
			return nil, err
		}
		// An unknown test value is text, as PostgreSQL takes it.
		list := []expr{arg}
		if err := s.resolveUnknowns(list); err != nil {
			return nil, err
		}
		c.arg = list[0]
		c.cell = &cellExpr{info: info{t: c.arg.typ(), mod: c.arg.typmod(), at: c.arg.pos()}, slot: s.a.newCell()}
	}
	results := make([]expr, 0, len(n.Whens)+1)
	for _, w := range n.Whens {
		cond, err := s.expr(w.Cond)
		if err != nil {
			return nil, err
		}
		if c.cell != nil {
			eq, err := s.operator([]string{"="}, c.cell, cond, w.Pos)
			if err != nil {
				return nil, err
			}
			cond = eq
		}
		if cond, err = s.a.toBoolean(cond, "CASE/WHEN"); err != nil {
			return nil, err
		}
		r, err := s.expr(w.Result)
		if err != nil {
			return nil, err
		}
		c.whens = append(c.whens, caseWhen{cond: cond})
		results = append(results, r)
	}
	els := expr(&constExpr{info: typed(pgtypes.Unknown, 0)})
	if n.Else != nil {
		var err error
		if els, err = s.expr(n.Else); err != nil {
			return nil, err
		}
	}
	// ELSE comes first where the common type is chosen.
	results = append([]expr{els}, results...)
	t, err := commonType(results, "CASE")
	if err != nil {
		return nil, err
	}
	for i := range results {
		construct := "CASE/WHEN"
		if i == 0 {
			construct = "CASE/ELSE"
		}
		if results[i], err = s.a.toCommon(results[i], t, construct); err != nil {
			return nil, err
		}
	}
	mod := commonTypmod(results)
	c.t, c.mod, c.els = t, mod, results[0]
	for i := range c.whens {
		c.whens[i].result = results[i+1]
	}
	return c, noSets(append(results, whenConditions(c)...), "CASE")
}

func whenConditions(c *caseExpr) []expr {
	var out []expr
	for _, w := range c.whens {
		out = append(out, w.cond)
	}
	return out
}

// valueFunction gives CURRENT_USER and kin their types.
func valueFunction(n *parser.SQLValueFunction) (expr, error) {
	e := &valueFuncExpr{info: info{mod: int32(n.Typmod), at: n.Pos}, name: n.Name}
	switch n.Name {
	case "current_date":
		e.t = pgtypes.Date
	case "current_time":
		e.t = pgtypes.Timetz
	case "current_timestamp":
		e.t = pgtypes.Timestamptz
	case "localtime":
		e.t = pgtypes.Time
	case "localtimestamp":
		e.t = pgtypes.Timestamp
	default:
		e.t, e.mod = pgtypes.Name, -1
	}
	if e.mod > 6 {
		e.mod = 6
	}
	return e, nil
}
