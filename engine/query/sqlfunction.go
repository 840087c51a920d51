package query

import (
	"fmt"
	"strings"
	"sync"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// sqlFunction is a function that PostgreSQL has in SQL: its body, analysed for the
// types of one call's arguments.
type sqlFunction struct {
	q     *query
	cells int
	// convert makes the function's result of the body's, reading cell.
	convert expr
	cell    *cellExpr
}

// sqlFunctions are the bodies analysed so far. They depend on no session: names in
// them mean what pg_catalog has.
var sqlFunctions sync.Map // string → *sqlFunction

// sqlBody gives a call of a function in SQL its implementation.
func (a *analyzer) sqlBody(c *callExpr) error {
	inputs := typesOf(c.args)
	key := fmt.Sprint(c.fn.OID, c.t, inputs)
	known, ok := sqlFunctions.Load(key)
	if !ok {
		fn, err := a.compile(c, inputs)
		if err != nil {
			return err
		}
		known, _ = sqlFunctions.LoadOrStore(key, fn)
	}
	fn := known.(*sqlFunction)
	c.impl = &implementation{env: fn.call, set: fn.open}
	return nil
}

// compile analyses a body. Its parameters are $1 …, by number or by name.
func (a *analyzer) compile(c *callExpr, inputs []pgtypes.OID) (*sqlFunction, error) {
	stmt, err := parseBody(c.fn)
	if err != nil {
		return nil, err
	}
	s := a.s
	if _, ok := s.(catalogSession); !ok {
		s = catalogSession{s}
	}
	in := &analyzer{s: s, lax: true, params: &params{types: inputs}, argNames: c.fn.ArgNames}
	fn := &sqlFunction{}
	if fn.q, err = in.query(stmt, nil); err != nil {
		return nil, err
	}
	if len(fn.q.cols) == 1 && fn.q.cols[0].Type != c.t && len(c.out) < 2 {
		fn.cell = &cellExpr{info: info{t: fn.q.cols[0].Type, mod: -1}, slot: in.newCell()}
		if fn.convert, err = in.coerceTo(fn.cell, c.t, -1, coerceAssignment, 0); err != nil {
			return nil, err
		}
	}
	f := folder{a: in}
	if f.query(fn.q); f.err == nil {
		(&planner{s: s}).query(fn.q)
	}
	fn.cells = in.cells
	return fn, f.err
}

// parseBody reads a body: RETURN with an expression, BEGIN ATOMIC with a query, or
// a query alone.
func parseBody(fn *builtin.Function) (*parser.SelectStmt, error) {
	body := strings.TrimSpace(fn.Body)
	if e, ok := strings.CutPrefix(body, "RETURN "); ok {
		body = "SELECT " + e
	} else if q, ok := strings.CutPrefix(body, "BEGIN ATOMIC"); ok {
		body = strings.TrimSuffix(q, "END")
	}
	res, err := parser.Parse(body)
	if err != nil {
		return nil, err
	}
	if len(res.Stmts) == 1 {
		if stmt, ok := res.Stmts[0].Stmt.(*parser.SelectStmt); ok {
			return stmt, nil
		}
	}
	return nil, sqlstate.Errorf(sqlstate.InternalError, "body of %s is not one query", fn.Name)
}

// start runs the body for a call's arguments.
func (fn *sqlFunction) start(f *frame, args []value) (*frame, rowIterator, error) {
	r := &run{s: f.s, args: append([]value(nil), args...), cells: make([]value, fn.cells)}
	it, err := fn.q.open(r, nil, nil)
	return &frame{run: r}, it, err
}

// call is the first row's column, NULL without a row.
func (fn *sqlFunction) call(f *frame, _ *callExpr, args []value) (value, error) {
	in, it, err := fn.start(f, args)
	if err != nil {
		return value{}, err
	}
	defer it.close()
	row, err := it.next()
	if row == nil || err != nil {
		return value{}, err
	}
	return fn.result(in, row)
}

func (fn *sqlFunction) result(in *frame, row []value) (value, error) {
	if fn.convert == nil {
		return row[0], nil
	}
	in.setCell(fn.cell.slot, row[0])
	return fn.convert.eval(in)
}

// open yields a set-returning function's results: a row value if it has several columns.
func (fn *sqlFunction) open(f *frame, c *callExpr, args []value) (setIterator, error) {
	in, it, err := fn.start(f, args)
	if err != nil {
		return nil, err
	}
	return func() (value, bool, error) {
		row, err := it.next()
		if row == nil || err != nil {
			it.close()
			return value{}, false, err
		}
		if len(c.out) < 2 {
			v, err := fn.result(in, row)
			return v, err == nil, err
		}
		return recordOf(c.out, row), true, nil
	}, nil
}

// recordOf is a row value of a function's output columns.
func recordOf(out []builtin.OutArg, row []value) value {
	r := &pgtypes.RecordValue{Fields: append([]value(nil), row[:len(out)]...)}
	for _, o := range out {
		r.Types, r.Names = append(r.Types, o.Type), append(r.Names, o.Name)
	}
	return pgtypes.NewRecord(r)
}
