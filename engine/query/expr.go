package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// expr is an analysed expression: typed, with every name resolved. Nodes are
// immutable once analysis is done, and shared by all executions.
type expr interface {
	typ() pgtypes.OID
	typmod() int32
	// pos is what exprLocation gives for the node after analysis.
	pos() parser.Pos
	eval(f *frame) (pgtypes.Value, error)
	// children visits the direct subexpressions through pointers, so that a walk
	// may replace them (folding, grouping).
	children(visit func(*expr))
}

// info is what every node has.
type info struct {
	t   pgtypes.OID
	mod int32
	at  parser.Pos
}

func (i *info) typ() pgtypes.OID { return i.t }
func (i *info) typmod() int32    { return i.mod }
func (i *info) pos() parser.Pos  { return i.at }

func typed(t pgtypes.OID, at parser.Pos) info { return info{t: t, mod: -1, at: at} }

// constExpr is a constant. An unresolved string literal has type unknown.
type constExpr struct {
	info
	v pgtypes.Value
	// literal: a quoted literal or NULL that became text because nothing else
	// decided; a set operation may decide otherwise.
	literal bool
}

// paramExpr is $n.
type paramExpr struct {
	info
	n int // from 0
}

// columnExpr reads a slot of this query level's row, or of one further out.
type columnExpr struct {
	info
	level    int
	slot     int
	rel      *relation // where it comes from, for messages and grouping
	name     string
	tableOID uint32
	attnum   int16
	shape    []rowField // of a row value
}

// callExpr is a call of a function, or of an operator's or cast's function.
type callExpr struct {
	info
	fn   *builtin.Function
	impl *implementation
	args []expr
	// op is the operator's name if it was written as one.
	op string
	// cast marks a call that came from a cast, implicit one that nobody wrote.
	cast, implicit bool
	variadic       bool // VARIADIC array as the last argument
	// out are the output columns with their types for this call, if there are any.
	out []builtin.OutArg
	// record are those that a column definition list gave.
	record []recordColumn
}

// relabelExpr changes the type of a binary-compatible value.
type relabelExpr struct {
	info
	arg      expr
	implicit bool
}

// ioCastExpr converts through text: output of one type, input of the other.
type ioCastExpr struct {
	info
	arg      expr
	implicit bool
}

// arrayCastExpr converts an array element by element; elem reads its input from
// the frame's cell.
type arrayCastExpr struct {
	info
	arg  expr
	elem expr
	cell *cellExpr
}

// cellExpr is a value that its parent computed: CASE's test value, an array's element.
type cellExpr struct {
	info
	slot int
}

// letExpr computes arg into a cell that body reads.
type letExpr struct {
	info
	cell      *cellExpr
	arg, body expr
}

// boolExpr is AND and OR.
type boolExpr struct {
	info
	or   bool
	args []expr
}

// notExpr is NOT.
type notExpr struct {
	info
	arg expr
}

// nullTestExpr is IS [NOT] NULL.
type nullTestExpr struct {
	info
	arg expr
	not bool
	row bool // the argument is a row: every field is asked
}

// booleanTestExpr is IS [NOT] TRUE/FALSE/UNKNOWN.
type booleanTestExpr struct {
	info
	arg  expr
	test string
	not  bool
}

// caseExpr is CASE; cell holds the test value of CASE x WHEN.
type caseExpr struct {
	info
	arg   expr
	cell  *cellExpr
	whens []caseWhen
	els   expr
}

type caseWhen struct{ cond, result expr }

// coalesceExpr is COALESCE.
type coalesceExpr struct {
	info
	args []expr
}

// minMaxExpr is GREATEST and LEAST.
type minMaxExpr struct {
	info
	least bool
	args  []expr
}

// nullIfExpr is NULLIF: eq compares both, the result is the first.
type nullIfExpr struct {
	info
	eq *callExpr
}

// distinctExpr is IS [NOT] DISTINCT FROM.
type distinctExpr struct {
	info
	eq  *callExpr
	not bool
}

// arrayOpExpr is x op ANY/ALL (array).
type arrayOpExpr struct {
	info
	call *callExpr // its arguments are x and cell
	cell *cellExpr
	arr  expr
	all  bool
}

// arrayExpr is ARRAY[…]; nested: its elements are arrays themselves.
type arrayExpr struct {
	info
	elem   pgtypes.OID
	nested bool
	args   []expr
}

// rowExpr is ROW(…).
type rowExpr struct {
	info
	args  []expr
	names []string
}

// rowCompareExpr is (a, b) < (c, d) by its column comparisons.
type rowCompareExpr struct {
	info
	less, equal []*callExpr // per column; less is the strict form
	orEqual     bool
}

// subscriptExpr is array[index] or array[lower:upper].
type subscriptExpr struct {
	info
	arg          expr
	index, upper []expr // per dimension; nil entries are left out
	slice        bool
}

// fieldExpr is (record).field.
type fieldExpr struct {
	info
	arg   expr
	index int
}

// valueFuncExpr is CURRENT_USER and kin.
type valueFuncExpr struct {
	info
	name string
}

// sublinkExpr is a subquery in an expression.
type sublinkExpr struct {
	info
	kind   parser.SubLinkKind
	syntax *parser.SubLink
	q      *query
	// For ANY and ALL: compare reads the left side and the subquery's columns,
	// which eval puts into cells.
	compare expr
	cells   []*cellExpr
	all     bool
	// correlated: the subquery reads this level's row, so its result can't be kept.
	correlated bool
	id         int
	planned    bool
}

// aggExpr is an aggregate, read from where grouping left its result.
type aggExpr struct {
	info
	fn       *builtin.Function
	slot     int
	args     []expr
	star     bool
	distinct bool
	filter   expr
	orderBy  []sortKey
	impl     aggregate
}

// groupExpr reads a grouping value.
type groupExpr struct {
	info
	slot int
	orig expr
}

// srfExpr reads the current value of a set-returning function in the target list.
type srfExpr struct {
	info
	slot  int
	shape []rowField
}

// windowExpr reads a window function's result.
type windowExpr struct {
	info
	slot int
	call *windowCall
}

func (e *constExpr) children(func(*expr))         {}
func (e *paramExpr) children(func(*expr))         {}
func (e *columnExpr) children(func(*expr))        {}
func (e *cellExpr) children(func(*expr))          {}
func (e *valueFuncExpr) children(func(*expr))     {}
func (e *groupExpr) children(func(*expr))         {}
func (e *srfExpr) children(func(*expr))           {}
func (e *callExpr) children(v func(*expr))        { visitAll(e.args, v) }
func (e *relabelExpr) children(v func(*expr))     { v(&e.arg) }
func (e *ioCastExpr) children(v func(*expr))      { v(&e.arg) }
func (e *boolExpr) children(v func(*expr))        { visitAll(e.args, v) }
func (e *notExpr) children(v func(*expr))         { v(&e.arg) }
func (e *nullTestExpr) children(v func(*expr))    { v(&e.arg) }
func (e *booleanTestExpr) children(v func(*expr)) { v(&e.arg) }
func (e *coalesceExpr) children(v func(*expr))    { visitAll(e.args, v) }
func (e *minMaxExpr) children(v func(*expr))      { visitAll(e.args, v) }
func (e *nullIfExpr) children(v func(*expr))      { visitAll(e.eq.args, v) }
func (e *distinctExpr) children(v func(*expr))    { visitAll(e.eq.args, v) }
func (e *arrayExpr) children(v func(*expr))       { visitAll(e.args, v) }
func (e *rowExpr) children(v func(*expr))         { visitAll(e.args, v) }
func (e *fieldExpr) children(v func(*expr))       { v(&e.arg) }

func (e *windowExpr) children(v func(*expr)) {
	visitAll(e.call.args, v)
	if e.call.filter != nil {
		v(&e.call.filter)
	}
	e.call.spec.exprs(v)
}

func (e *arrayCastExpr) children(v func(*expr)) {
	v(&e.arg)
	v(&e.elem)
}

func (e *letExpr) children(v func(*expr)) {
	v(&e.arg)
	v(&e.body)
}

func (e *arrayOpExpr) children(v func(*expr)) {
	visitAll(e.call.args, v)
	v(&e.arr)
}

func (e *rowCompareExpr) children(v func(*expr)) {
	for _, c := range e.less {
		visitAll(c.args, v)
	}
	for _, c := range e.equal {
		visitAll(c.args, v)
	}
}

func (e *subscriptExpr) children(v func(*expr)) {
	v(&e.arg)
	for i := range e.index {
		if e.index[i] != nil {
			v(&e.index[i])
		}
		if e.slice && e.upper[i] != nil {
			v(&e.upper[i])
		}
	}
}

func (e *caseExpr) children(v func(*expr)) {
	if e.arg != nil {
		v(&e.arg)
	}
	for i := range e.whens {
		v(&e.whens[i].cond)
		v(&e.whens[i].result)
	}
	if e.els != nil {
		v(&e.els)
	}
}

func (e *sublinkExpr) children(v func(*expr)) {
	if e.compare != nil {
		v(&e.compare)
	}
}

func (e *aggExpr) children(v func(*expr)) {
	visitAll(e.args, v)
	if e.filter != nil {
		v(&e.filter)
	}
	for i := range e.orderBy {
		v(&e.orderBy[i].e)
	}
}

func visitAll(list []expr, visit func(*expr)) {
	for i := range list {
		visit(&list[i])
	}
}

// any tells whether e or something in it satisfies the predicate.
func anyExpr(e expr, is func(expr) bool) bool {
	if is(e) {
		return true
	}
	found := false
	e.children(func(c *expr) {
		if !found && *c != nil {
			found = anyExpr(*c, is)
		}
	})
	return found
}

// isVolatile is contain_volatile_functions.
func isVolatile(e expr) bool {
	return anyExpr(e, func(e expr) bool {
		switch n := e.(type) {
		case *callExpr:
			return n.fn.Volatility == 'v'
		case *sublinkExpr:
			return n.q.volatile
		}
		return false
	})
}
