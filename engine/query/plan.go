package query

import (
	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// query is one analysed SELECT, VALUES or set operation with its ORDER BY, LIMIT
// and WITH. It is immutable; open runs it.
type query struct {
	// cols are the visible result columns; targets may hold more at the end, which
	// ORDER BY and DISTINCT ON need.
	cols    []Column
	shapes  [][]rowField // of columns that are rows, nil if there is none
	targets []expr
	from    source // nil: one empty row
	where   expr
	group   *grouping
	windows []*windowCall
	srfs    []*callExpr // set-returning functions of the target list
	// distinct compares the first distinctKeys columns … of visible ones; on holds
	// target indexes for DISTINCT ON.
	distinct bool
	on       []int
	sort     []sortKey
	late     []bool // targets computed after sorting
	limit    expr
	offset   expr
	withTies bool

	values [][]expr // VALUES lists, instead of targets and from

	op          parser.SetOp // a set operation, instead of all that
	all         bool
	left, right *query

	// convert changes the types of result columns for a set operation above.
	convert     []expr
	convertFrom []convertColumn

	ctes      []*cte
	slots     int
	recursive *cte // the WITH RECURSIVE item whose query this is, if it refers to itself

	// reaches is how many levels out it refers, 0 if it stands alone.
	reaches  int
	near     bool // it reads a row of the level right around
	volatile bool
}

// sortKey is one ORDER BY item: a target's index (or an expression, in aggregates).
type sortKey struct {
	target     int
	e          expr
	typ        pgtypes.OID
	desc       bool
	nullsFirst bool
}

// Plan is an analysed statement: immutable, and valid for any session with the
// same catalog, search path and settings of types.
type Plan struct {
	Columns []Column
	Params  []pgtypes.OID

	root  *query
	cells int
	// err is what computing constants ran into: PostgreSQL reports it when it
	// plans, after analysis.
	err error

	nextvals []Nextval
	series   *NextvalSeries

	// reads are the relations that the statement names: Open checks SELECT.
	reads []read
	// calls are functions that not everybody may execute: Open checks that, too.
	calls []uint32
}

// Nextval is one call of nextval.
type Nextval struct {
	Sequence engine.OID
	// Param is which parameter (from 0) says the sequence; -1: Sequence does.
	Param int
}

// Analyze resolves a SELECT against the session's catalog. declared are the types
// of $1 …, 0 where they are to be inferred; nil means that there are no
// parameters, as in a simple query.
func Analyze(stmt *parser.SelectStmt, s Session, declared []pgtypes.OID) (*Plan, error) {
	a := &analyzer{s: s}
	if declared != nil {
		a.params = &params{}
	}
	for _, t := range declared {
		if t == 0 {
			t = pgtypes.Unknown
		}
		a.params.types = append(a.params.types, t)
	}
	root, err := a.query(stmt, nil)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Columns: root.cols, root: root, reads: a.reads, calls: a.calls}
	if a.params != nil {
		if err := a.checkParams(); err != nil {
			return nil, err
		}
		plan.Params = a.params.types
	}
	if root.targets != nil || root.values != nil {
		plan.nextvals = nextvalsOf(root)
	}
	f := folder{a: a}
	f.query(root)
	if plan.err = f.err; plan.err == nil {
		plan.series = nextvalSeriesOf(root)
		(&planner{s: s}).query(root)
	}
	plan.cells = a.cells
	return plan, nil
}

// checkParams: every $n has a type by now. Without a position, as PostgreSQL's
// Parse says it after the analysis.
func (a *analyzer) checkParams() error {
	for i, t := range a.params.types {
		if t == pgtypes.Unknown || t == 0 {
			return sqlstate.Errorf(sqlstate.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1)
		}
	}
	return nil
}

// Nextvals are the columns if the plan is just SELECT nextval(x), nextval(y), …, nil if
// it is anything else.
func (p *Plan) Nextvals() []Nextval { return p.nextvals }

func nextvalsOf(q *query) (calls []Nextval) {
	if q.from != nil || !q.plain() {
		return nil
	}
	for _, target := range q.targets {
		call, ok := nextvalOf(target)
		if !ok {
			return nil
		}
		calls = append(calls, call)
	}
	return calls
}

// plain tells whether rows of from become rows of targets one by one.
func (q *query) plain() bool {
	return q.where == nil && q.group == nil && q.sort == nil && q.limit == nil && q.offset == nil && len(q.ctes) == 0 &&
		q.srfs == nil && q.windows == nil && q.op == parser.SetOpNone && !q.distinct && q.convert == nil && q.values == nil
}

func nextvalOf(e expr) (Nextval, bool) {
	c, ok := e.(*callExpr)
	if !ok || c.fn.Source != "nextval_oid" {
		return Nextval{}, false
	}
	switch arg := c.args[0].(type) {
	case *constExpr:
		return Nextval{Sequence: engine.OID(arg.v.OID()), Param: -1}, !arg.v.IsNull()
	case *paramExpr:
		return Nextval{Param: arg.n}, true
	}
	return Nextval{}, false
}

// Open starts an execution with the parameters' values.
func (p *Plan) Open(s Session, args []pgtypes.Value) (Rows, error) {
	if p.err != nil {
		return nil, withPos(p.err, 0)
	}
	if len(args) < len(p.Params) {
		return nil, sqlstate.Errorf(sqlstate.InternalError, "%d parameters given, %d needed", len(args), len(p.Params))
	}
	if err := mayRead(s, p.reads); err != nil {
		return nil, err
	}
	if err := mayExecute(s, p.calls); err != nil {
		return nil, err
	}
	for i, t := range p.Params {
		// A reg… value that came as a number gets its name.
		if pgtypes.IsReg(t) && !args[i].IsNull() && args[i].Text() == "" {
			if v := regValue(s, t, args[i].OID()); v.Text() != "" {
				args = append([]pgtypes.Value(nil), args...)
				args[i] = v
			}
		}
	}
	r := &rows{run: run{s: s, args: args}, width: len(p.Columns)}
	r.run.stack = r.stack[:0]
	if p.cells > 0 {
		r.run.cells = make([]value, p.cells)
	}
	if p.root.isSingle() && len(p.root.targets) <= len(r.first) {
		r.frame.run = &r.run
		r.one = oneRow{q: p.root, f: &r.frame, buf: r.first[:len(p.root.targets)]}
		r.it = &r.one
		return r, nil
	}
	r.it = &unopened{q: p.root, r: r}
	return r, nil
}

// unopened is the root before the first row is asked for: LIMIT and OFFSET are
// evaluated then, after the columns have been described.
type unopened struct {
	q *query
	r *rows
}

func (u *unopened) next() ([]value, error) {
	it, err := u.q.open(&u.r.run, nil, nil)
	if err != nil {
		return nil, err
	}
	u.r.it = it
	return it.next()
}

func (u *unopened) close() {}

// rows is a running plan; small executions need nothing beside it.
type rows struct {
	run   run
	it    rowIterator
	width int // visible columns
	stack [3]value
	first [2]value
	frame frame
	one   oneRow
}

// isSingle tells whether a query is one row of expressions and nothing else.
func (q *query) isSingle() bool {
	return q.from == nil && q.plain()
}

func (r *rows) Next() ([]pgtypes.Value, error) {
	if r.it == nil {
		return nil, nil
	}
	if err := r.run.tick(); err != nil {
		return nil, err
	}
	row, err := r.it.next()
	if len(row) > r.width {
		row = row[:r.width] // junk columns follow, such as those only ORDER BY needs
	}
	return row, err
}

func (r *rows) Close() {
	if r.it != nil {
		r.it.close()
		r.it = nil
	}
}

// EvalConst evaluates an expression without a row, as for EXECUTE's arguments and
// SET: want 0 leaves its type as it is.
func EvalConst(x parser.Expr, s Session, want pgtypes.OID) (pgtypes.Value, error) {
	a := &analyzer{s: s}
	sc := &scope{level: &level{}, a: a, kind: kindExecute}
	e, err := sc.expr(x)
	if err != nil {
		return value{}, err
	}
	if want != 0 {
		r, err := a.coerceTo(e, want, -1, coerceAssignment, 0)
		if err != nil {
			return value{}, err
		}
		if r == nil {
			return value{}, sqlstate.Errorf(sqlstate.DatatypeMismatch, "parameter of type %s cannot be coerced to the expected type %s",
				pgtypes.Format(e.typ()), pgtypes.Format(want)).
				WithHint("You will need to rewrite or cast the expression.").At(int(e.pos()))
		}
		e = r
	}
	r := &run{s: s, cells: make([]value, a.cells)}
	return e.eval(&frame{run: r})
}
