package parser

// SetOp is the set operation of a SelectStmt.
type SetOp byte

// Set operations.
const (
	SetOpNone SetOp = iota
	SetOpUnion
	SetOpIntersect
	SetOpExcept
)

// SelectStmt is SELECT, VALUES, TABLE, or a set operation over two of them.
// ORDER BY, LIMIT, WITH and locking belong to the outermost node they were written on.
type SelectStmt struct {
	Distinct   bool   // SELECT DISTINCT
	DistinctOn []Expr // SELECT DISTINCT ON (…); Distinct is true then
	Targets    []ResTarget
	From       []TableRef
	Where      Expr
	GroupBy    []Expr
	GroupByAll bool // GROUP BY DISTINCT
	Having     Expr
	Window     []WindowDef

	Values [][]Expr // VALUES lists; Targets and From are empty then

	OrderBy   []SortBy
	Limit     Expr // nil, or *Const NULL for LIMIT ALL
	Offset    Expr
	WithTies  bool
	LimitPos  Pos
	OffsetPos Pos
	Locking   []LockingClause
	With      *WithClause
	Into      *RangeVar // SELECT INTO, refused later

	Op          SetOp
	All         bool
	Left, Right *SelectStmt

	Pos Pos
}

// ResTarget is one output column: an expression and maybe a name. A star is a
// *ColumnRef with Star.
type ResTarget struct {
	Name string // AS name; "" if none
	Expr Expr
	Pos  Pos
}

// SortBy is one ORDER BY item.
type SortBy struct {
	Expr  Expr
	Desc  bool
	Nulls NullsOrder
	Using []string // ORDER BY x USING operator
	Pos   Pos
}

// NullsOrder is NULLS FIRST / LAST.
type NullsOrder byte

// Nulls orders.
const (
	NullsDefault NullsOrder = iota
	NullsFirst
	NullsLast
)

// LockingClause is FOR UPDATE and kin.
type LockingClause struct {
	Strength string // "UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"
	Of       []RangeVar
	NoWait   bool
	Skip     bool
	Pos      Pos
}

// WithClause is WITH [RECURSIVE].
type WithClause struct {
	Recursive bool
	CTEs      []CommonTableExpr
	Pos       Pos
}

// CommonTableExpr is one WITH item.
type CommonTableExpr struct {
	Name         string
	Columns      []string
	Materialized *bool
	Query        Statement
	Search       bool // has a SEARCH clause
	Cycle        bool // has a CYCLE clause
	Pos          Pos
}

// WindowDef is OVER (…) or WINDOW name AS (…).
type WindowDef struct {
	Name        string // WINDOW name; or OVER name
	RefName     string // (name …)
	PartitionBy []Expr
	OrderBy     []SortBy
	Frame       *WindowFrame // nil: the default one
	Pos         Pos
}

// WindowFrame is a window's frame clause.
type WindowFrame struct {
	Mode       string // ROWS, RANGE or GROUPS
	Start, End FrameBound
	Exclude    string // "", CURRENT ROW, GROUP or TIES
}

// FrameBound is an end of a frame.
type FrameBound struct {
	Unbounded, Current bool
	Following          bool // else PRECEDING
	Offset             Expr // nil if unbounded or current
}

// TableRef is an item of FROM.
type TableRef interface{ tableRef() }

// RangeFunction is a function (or ROWS FROM list) in FROM.
type RangeFunction struct {
	Lateral    bool
	Ordinality bool
	RowsFrom   bool // written ROWS FROM (…)
	Functions  []Expr
	Alias      *Alias
	ColumnDefs []ColumnDef // AS (col type, …)
	// ItemColumnDefs are those of each function of ROWS FROM, parallel to Functions.
	ItemColumnDefs [][]ColumnDef
	Pos            Pos
}

// ColumnDef is a column of a record function's alias.
type ColumnDef struct {
	Name      string
	Type      TypeName
	Collation []string
	Pos       Pos
}

// RangeSubselect is a subquery (or VALUES) in FROM.
type RangeSubselect struct {
	Lateral bool
	Query   *SelectStmt
	Alias   *Alias
	Pos     Pos
}

// JoinType is the kind of a JoinExpr.
type JoinType byte

// Join types.
const (
	JoinInner JoinType = iota
	JoinLeft
	JoinRight
	JoinFull
	JoinCross
)

// JoinExpr is a join.
type JoinExpr struct {
	Type        JoinType
	Natural     bool
	Left, Right TableRef
	Using       []string
	UsingAlias  string
	On          Expr
	Alias       *Alias
	Pos         Pos
}

func (*RangeVar) tableRef()       {}
func (*RangeFunction) tableRef()  {}
func (*RangeSubselect) tableRef() {}
func (*JoinExpr) tableRef()       {}
