package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// CheckDefault analyses a column's DEFAULT as PostgreSQL's cookDefault does, and tells
// whether it is nothing but NULL. It is not evaluated.
func CheckDefault(x parser.Expr, s Session, column string, want pgtypes.OID, typmod int32) (null bool, err error) {
	a := &analyzer{s: s}
	sc := &scope{level: &level{}, a: a, kind: kindExecute}
	e, err := sc.expr(x)
	if err != nil {
		if sqlstate.CodeOf(err) == sqlstate.UndefinedColumn {
			return false, sqlstate.New(sqlstate.FeatureNotSupported, "cannot use column reference in DEFAULT expression").
				At(sqlstate.From(err).Position)
		}
		return false, err
	}
	r, err := a.coerceTo(e, want, typmod, coerceAssignment, 0)
	if err != nil {
		return false, err
	}
	if r == nil {
		return false, sqlstate.Errorf(sqlstate.DatatypeMismatch, "column \"%s\" is of type %s but default expression is of type %s",
			column, pgtypes.Format(want), pgtypes.Format(e.typ())).
			WithHint("You will need to rewrite or cast the expression.")
	}
	c, ok := r.(*constExpr)
	return ok && c.v.IsNull(), nil
}
