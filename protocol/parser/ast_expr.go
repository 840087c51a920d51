package parser

// Expr is an expression node. Location is what PostgreSQL's exprLocation gives
// for it: where an error about this expression points.
type Expr interface{ Location() Pos }

// ConstKind is the kind of a literal.
type ConstKind byte

// Literal kinds.
const (
	ConstNull  ConstKind = iota
	ConstInt             // an integer that fits int4: Text is its digits (with "-" if folded)
	ConstFloat           // any other number: numeric, or int8 if it fits (PostgreSQL's T_Float)
	ConstString
	ConstBool // TRUE, FALSE: Text is "t" or "f"
	ConstBit  // B'…' / X'…': Text starts with b or x
)

// Const is a literal. As in PostgreSQL, a minus sign right before a number is folded in.
type Const struct {
	Kind ConstKind
	Text string
	Pos  Pos
}

// ParamRef is $n.
type ParamRef struct {
	Number int // ≥ 1 (0 is refused as PostgreSQL refuses it: when it is analysed)
	Pos    Pos
}

// ColumnRef is a.b.c or a.*.
type ColumnRef struct {
	Fields []string
	Star   bool // the last field is *
	Pos    Pos
}

// TypeName is a type as written; pg_catalog-qualified when a key word named it
// (int → pg_catalog.int4), as gram.y does.
type TypeName struct {
	Names       []string
	Typmods     []Expr
	ArrayDims   int // number of [] after it
	SetOf       bool
	PercentType bool
	Pos         Pos
}

// TypeCast is CAST(x AS t), x::t, or t 'literal'. Pos is that of "::", of CAST,
// or of the type, as in PostgreSQL.
type TypeCast struct {
	Arg  Expr
	Type TypeName
	Pos  Pos
}

// FuncCall is a function call. Constructs that gram.y turns into calls of
// pg_catalog functions (EXTRACT, SUBSTRING, TRIM, POSITION, OVERLAY, AT TIME ZONE …)
// arrive so, with SQLSyntax set.
type FuncCall struct {
	Name        []string
	Args        []Expr
	ArgNames    []string // parallel to Args for name => value; nil if none
	Star        bool     // count(*)
	Distinct    bool
	Variadic    bool
	OrderBy     []SortBy
	WithinGroup bool
	Filter      Expr
	Over        *WindowDef
	SQLSyntax   bool
	Pos         Pos
}

// AExprKind tells the forms of AExpr apart.
type AExprKind byte

// Forms of AExpr.
const (
	AExprOp          AExprKind = iota // Left op Right; Left nil for a prefix operator
	AExprOpAny                        // Left op ANY (Right array)
	AExprOpAll                        // Left op ALL (Right array)
	AExprDistinct                     // IS DISTINCT FROM
	AExprNotDistinct                  // IS NOT DISTINCT FROM
	AExprNullIf                       // NULLIF(Left, Right)
	AExprIn                           // Left [NOT] IN (Right *ExprList); Op "=" or "<>"
	AExprLike                         // Op "~~" or "!~~"; Right may be a like_escape call
	AExprILike                        // Op "~~*" or "!~~*"
	AExprSimilar                      // Op "~" or "!~"
	AExprBetween                      // Right is an *ExprList of two
	AExprNotBetween
	AExprBetweenSym
	AExprNotBetweenSym
)

// AExpr is an operator expression. Pos is the operator's.
type AExpr struct {
	Kind        AExprKind
	Op          []string // the operator, maybe qualified: OPERATOR(pg_catalog.~)
	Left, Right Expr
	Pos         Pos
}

// ExprList is the right side of IN and BETWEEN.
type ExprList struct {
	Items []Expr
	Pos   Pos
}

// BoolOp is AND, OR, NOT.
type BoolOp byte

// Boolean operators.
const (
	BoolAnd BoolOp = iota
	BoolOr
	BoolNot
)

// BoolExpr is AND / OR over two or more (chains are flattened), or NOT over one.
type BoolExpr struct {
	Op   BoolOp
	Args []Expr
	Pos  Pos
}

// NullTest is IS [NOT] NULL.
type NullTest struct {
	Arg Expr
	Not bool
	Pos Pos
}

// BooleanTest is IS [NOT] TRUE / FALSE / UNKNOWN.
type BooleanTest struct {
	Arg  Expr
	Test string // "TRUE", "FALSE", "UNKNOWN"
	Not  bool
	Pos  Pos
}

// CaseExpr is CASE. Arg is nil for the searched form.
type CaseExpr struct {
	Arg   Expr
	Whens []CaseWhen
	Else  Expr
	Pos   Pos
}

// CaseWhen is WHEN cond THEN result.
type CaseWhen struct {
	Cond, Result Expr
	Pos          Pos
}

// CoalesceExpr is COALESCE(…).
type CoalesceExpr struct {
	Args []Expr
	Pos  Pos
}

// MinMaxExpr is GREATEST(…) / LEAST(…).
type MinMaxExpr struct {
	Least bool
	Args  []Expr
	Pos   Pos
}

// SQLValueFunction is CURRENT_USER, CURRENT_DATE and kin, which take no parentheses.
type SQLValueFunction struct {
	Name   string // lower case: "current_date", "current_timestamp", "current_user", "session_user", "current_catalog", "current_schema" …
	Typmod int    // precision, -1 if none
	Pos    Pos
}

// SubLinkKind is the use of a subquery in an expression.
type SubLinkKind byte

// Subquery uses.
const (
	SubLinkExists SubLinkKind = iota
	SubLinkExpr               // scalar
	SubLinkAny                // Test op ANY (query); IN is ANY with Op nil
	SubLinkAll
	SubLinkArray // ARRAY(query)
)

// SubLink is a subquery in an expression.
type SubLink struct {
	Kind  SubLinkKind
	Test  Expr
	Op    []string // nil for IN
	Query *SelectStmt
	Pos   Pos
}

// ArrayExpr is ARRAY[…].
type ArrayExpr struct {
	Elements []Expr
	Pos      Pos
}

// RowExpr is ROW(…) or (a, b).
type RowExpr struct {
	Args     []Expr
	Explicit bool // written ROW(…)
	Pos      Pos
}

// Indirection is x[1], x[1:2], (x).field, (x).*.
type Indirection struct {
	Arg  Expr
	Path []IndirectionStep
	Pos  Pos
}

// IndirectionStep is one step of an Indirection.
type IndirectionStep struct {
	Field        string // .field
	Star         bool   // .*
	Slice        bool   // [lower:upper]
	Index, Upper Expr   // [Index], or [Index:Upper], either may be nil in a slice
}

// CollateClause is x COLLATE c.
type CollateClause struct {
	Arg       Expr
	Collation []string
	Pos       Pos
}

// SetToDefault is DEFAULT where an expression may stand (VALUES lists).
type SetToDefault struct{ Pos Pos }

// GroupingSet is ROLLUP, CUBE, GROUPING SETS or () in GROUP BY.
type GroupingSet struct {
	Kind  string // "ROLLUP", "CUBE", "SETS", "EMPTY"
	Items []Expr
	Pos   Pos
}

// Location implements Expr. The rules are exprLocation's (nodeFuncs.c): the
// leftmost of the node's own position and its first argument's, where PostgreSQL
// takes the leftmost.
func (e *Const) Location() Pos    { return e.Pos }
func (e *ParamRef) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *ColumnRef) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *TypeCast) Location() Pos { return leftmost(e.Type.Pos, e.Pos, e.Arg) }

// Location implements Expr.
func (e *FuncCall) Location() Pos {
	if len(e.Args) > 0 {
		return leftmost(e.Pos, 0, e.Args[0])
	}
	return e.Pos
}

// Location implements Expr.
func (e *AExpr) Location() Pos { return leftmost(e.Pos, 0, e.Left) }

// Location implements Expr.
func (e *ExprList) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *BoolExpr) Location() Pos { return leftmost(e.Pos, 0, e.Args[0]) }

// Location implements Expr.
func (e *NullTest) Location() Pos { return leftmost(e.Pos, 0, e.Arg) }

// Location implements Expr.
func (e *BooleanTest) Location() Pos { return leftmost(e.Pos, 0, e.Arg) }

// Location implements Expr.
func (e *CaseExpr) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *CoalesceExpr) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *MinMaxExpr) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *SQLValueFunction) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *SubLink) Location() Pos { return leftmost(e.Pos, 0, e.Test) }

// Location implements Expr.
func (e *ArrayExpr) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *RowExpr) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *Indirection) Location() Pos { return leftmost(e.Pos, 0, e.Arg) }

// Location implements Expr.
func (e *CollateClause) Location() Pos { return leftmost(e.Pos, 0, e.Arg) }

// Location implements Expr.
func (e *SetToDefault) Location() Pos { return e.Pos }

// Location implements Expr.
func (e *GroupingSet) Location() Pos { return e.Pos }

// leftmost is the smallest known position of two and an argument's.
func leftmost(a, b Pos, arg Expr) Pos {
	best := a
	if best == 0 || (b != 0 && b < best) {
		best = b
	}
	if arg != nil {
		if p := arg.Location(); p != 0 && (best == 0 || p < best) {
			best = p
		}
	}
	return best
}
