package query

import (
	"strings"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// lookupOperator is oper() and left_oper(): left 0 for a prefix operator.
func lookupOperator(name string, left, right pgtypes.OID) (*builtin.Operator, int) {
	var inputs []pgtypes.OID
	if left != 0 {
		inputs = append(inputs, left)
	}
	inputs = append(inputs, right)
	var list []candidate
	for _, op := range builtin.Operators(name) {
		if (op.Left == 0) != (left == 0) {
			continue
		}
		args := []pgtypes.OID{op.Right}
		if left != 0 {
			args = []pgtypes.OID{op.Left, op.Right}
		}
		list = append(list, candidate{op: op, args: args})
	}
	// A lone unknown operand is first supposed to be of the other's type.
	exact := append([]pgtypes.OID(nil), inputs...)
	if left != 0 {
		switch {
		case left == pgtypes.Unknown:
			exact[0] = right
		case right == pgtypes.Unknown:
			exact[1] = left
		}
	}
	for _, c := range list {
		if exactly(c.args, exact) {
			return c.op, 1
		}
	}
	list = matching(list, inputs)
	switch len(list) {
	case 0:
		return nil, 0
	case 1:
		return list[0].op, 1
	}
	c, ok := choose(list, inputs)
	if !ok {
		return nil, len(list)
	}
	return c.op, 1
}

// operatorName checks the qualification and returns the bare name.
func (s *scope) operatorName(op []string, at parser.Pos) (string, bool, error) {
	name := op[len(op)-1]
	if len(op) == 1 || op[0] == "pg_catalog" && len(op) == 2 {
		return name, true, nil
	}
	if len(op) == 2 {
		if _, ok := s.a.s.Database().Schema(op[0]); !ok {
			return "", false, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, op[0]).At(int(at))
		}
	}
	return name, false, nil
}

// operator is make_op: an operator over analysed operands, left nil for a prefix one.
func (s *scope) operator(op []string, left, right expr, at parser.Pos) (*callExpr, error) {
	name, known, err := s.operatorName(op, at)
	if err != nil {
		return nil, err
	}
	lt := pgtypes.OID(0)
	if left != nil {
		lt = left.typ()
	}
	var found *builtin.Operator
	n := 0
	if known {
		found, n = lookupOperator(name, lt, right.typ())
	}
	if found == nil {
		return nil, noOperator(op, lt, right.typ(), n, at)
	}
	if found.Func == nil {
		return nil, sqlstate.Errorf(sqlstate.UndefinedFunction, "operator is only a shell: %s", operatorSignature(op, lt, right.typ())).At(int(at))
	}
	return s.a.operatorCall(found, left, right, at)
}

// operatorCall coerces the operands and makes the call.
func (a *analyzer) operatorCall(op *builtin.Operator, left, right expr, at parser.Pos) (*callExpr, error) {
	args, declared := []expr{right}, []pgtypes.OID{op.Right}
	if left != nil {
		args, declared = []expr{left, right}, []pgtypes.OID{op.Left, op.Right}
	}
	actual, result, err := bindPolymorphic(typesOf(args), declared, op.Result)
	if err != nil {
		return nil, err
	}
	loc := at
	for i := range args {
		loc = leftmost(loc, args[i].pos())
		if args[i], err = a.coerce(args[i], actual[i], -1, coerceImplicit, 0); err != nil {
			return nil, err
		}
	}
	c := &callExpr{info: typed(result, loc), fn: op.Func, args: args, op: op.Name}
	if err := a.bind(c); err != nil {
		return nil, withPos(err, at)
	}
	return c, nil
}

func operatorSignature(op []string, left, right pgtypes.OID) string {
	s := strings.Join(op, ".") + " " + pgtypes.Format(right)
	if left != 0 {
		s = pgtypes.Format(left) + " " + s
	}
	return s
}

func noOperator(op []string, left, right pgtypes.OID, candidates int, at parser.Pos) error {
	sig := operatorSignature(op, left, right)
	if candidates > 1 {
		return sqlstate.Errorf(sqlstate.AmbiguousFunction, "operator is not unique: %s", sig).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.").At(int(at))
	}
	e := sqlstate.Errorf(sqlstate.UndefinedFunction, "operator does not exist: %s", sig).At(int(at))
	if left == 0 {
		return e.WithHint("No operator matches the given name and argument type. You might need to add an explicit type cast.")
	}
	return e.WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}

// arrayOperator is make_scalar_array_op: left op ANY/ALL (right).
func (s *scope) arrayOperator(op []string, all bool, left, right expr, at parser.Pos) (expr, error) {
	rt := right.typ()
	elem := pgtypes.OID(pgtypes.Unknown)
	if rt != pgtypes.Unknown {
		if elem = pgtypes.ElemOf(rt); elem == 0 {
			return nil, sqlstate.New(sqlstate.WrongObjectType, "op ANY/ALL (array) requires array on right side").At(int(at))
		}
	}
	name, known, err := s.operatorName(op, at)
	if err != nil {
		return nil, err
	}
	var found *builtin.Operator
	n := 0
	if known {
		found, n = lookupOperator(name, left.typ(), elem)
	}
	if found == nil {
		return nil, noOperator(op, left.typ(), elem, n, at)
	}
	if found.Result != pgtypes.Bool {
		return nil, sqlstate.New(sqlstate.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean").At(int(at))
	}
	actual, _, err := bindPolymorphic([]pgtypes.OID{left.typ(), elem}, []pgtypes.OID{found.Left, found.Right}, found.Result)
	if err != nil {
		return nil, err
	}
	if left, err = s.a.coerce(left, actual[0], -1, coerceImplicit, 0); err != nil {
		return nil, err
	}
	// The declared type of the array may be polymorphic only for the elements.
	want := pgtypes.ArrayOf(actual[1])
	if want == 0 {
		return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "could not find array type for data type %s", pgtypes.Format(actual[1])).At(int(at))
	}
	if right, err = s.a.coerce(right, want, -1, coerceImplicit, 0); err != nil {
		return nil, err
	}
	cell := &cellExpr{info: typed(actual[1], right.pos()), slot: s.a.newCell()}
	c := &callExpr{info: typed(pgtypes.Bool, at), fn: found.Func, args: []expr{left, cell}, op: found.Name}
	if err := s.a.bind(c); err != nil {
		return nil, withPos(err, at)
	}
	return &arrayOpExpr{info: typed(pgtypes.Bool, leftmost(at, left.pos())), call: c, cell: cell, arr: right, all: all}, nil
}
