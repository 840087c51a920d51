package query

import (
	"slices"
	"strings"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

const noFunctionHint = "No function matches the given name and argument types. You might need to add explicit type casts."

// functionSchema is where a call's function is looked for. No search path leads to
// any but those of pg_catalog.
func functionSchema(c *parser.FuncCall) string {
	if n := len(c.Name); n > 1 {
		return c.Name[n-2]
	}
	return "pg_catalog"
}

// functionCandidates is FuncnameGetCandidates for the functions of a schema.
func functionCandidates(schema, name string, nargs int, expandVariadic bool) []candidate {
	var out []candidate
	for _, fn := range builtin.FunctionsIn(schema, name) {
		switch {
		case fn.Variadic != 0 && expandVariadic && nargs >= len(fn.Args):
			args := append([]pgtypes.OID(nil), fn.Args[:len(fn.Args)-1]...)
			for len(args) < nargs {
				args = append(args, fn.Variadic)
			}
			out = append(out, candidate{fn: fn, args: args, variadic: true})
		case nargs == len(fn.Args):
			out = append(out, candidate{fn: fn, args: fn.Args})
		case nargs < len(fn.Args) && nargs+fn.Defaults >= len(fn.Args):
			out = append(out, candidate{fn: fn, args: fn.Args, defaults: len(fn.Args) - nargs})
		}
	}
	return out
}

// dedupe drops what namespace lookup drops: of candidates with equal argument
// types one that is not variadic, or needs fewer defaults, wins.
func dedupe(list []candidate, nargs int) []candidate {
	var out []candidate
next:
	for _, c := range list {
		for i, o := range out {
			if !exactly(o.args, c.args[:nargs]) || len(o.args) < nargs {
				continue
			}
			if o.variadic && !c.variadic || o.defaults > c.defaults {
				out[i] = c
			}
			continue next
		}
		out = append(out, c)
	}
	return out
}

// exactFunction is the candidate that takes just these types.
func exactFunction(list []candidate, inputs []pgtypes.OID) (candidate, bool) {
	for _, c := range list {
		if exactly(c.args, inputs) {
			return c, true
		}
	}
	return candidate{}, false
}

// nearFunction is the best candidate that implicit casts reach; n tells how many
// there were.
func nearFunction(list []candidate, inputs []pgtypes.OID) (c candidate, ok bool, n int) {
	list = matching(list, inputs)
	switch len(list) {
	case 0:
		return candidate{}, false, 0
	case 1:
		return list[0], true, 1
	}
	c, ok = choose(list, inputs)
	return c, ok, len(list)
}

// signature is funcname_signature_string.
func signature(name []string, argNames []string, inputs []pgtypes.OID) string {
	parts := make([]string, len(inputs))
	for i, t := range inputs {
		if argNames != nil && argNames[i] != "" {
			parts[i] = argNames[i] + " => "
		}
		parts[i] += pgtypes.Format(t)
	}
	return strings.Join(name, ".") + "(" + strings.Join(parts, ", ") + ")"
}

// call analyses a function call (ParseFuncOrColumn).
func (s *scope) call(c *parser.FuncCall) (expr, error) {
	if c.SQLSyntax && c.Name[0] == "grouping" {
		return s.groupingCall(c)
	}
	args, filter, err := s.callArguments(c)
	if err != nil {
		return nil, err
	}
	name := c.Name[len(c.Name)-1]
	if err := s.checkFunctionName(c, typesOf(args)); err != nil {
		return nil, err
	}
	if c.ArgNames != nil {
		if args, err = s.reorderNamed(c, args); err != nil {
			return nil, err
		}
	}
	inputs := typesOf(args)
	list := dedupe(functionCandidates(functionSchema(c), name, len(args), !c.Variadic), len(args))
	if c.Star {
		list = noArguments(list)
	}
	found, ok := exactFunction(list, inputs)
	if !ok && len(args) == 1 && !c.Variadic && !c.Distinct && len(c.OrderBy) == 0 && c.Over == nil && filter == nil {
		if e, err := s.callAsCast(name, args[0], c.Pos); e != nil || err != nil {
			return e, err
		}
	}
	if !ok {
		var n int
		found, ok, n = nearFunction(list, inputs)
		if n == 0 {
			return nil, noFunction(c, inputs)
		}
	}
	if !ok {
		return nil, sqlstate.Errorf(sqlstate.AmbiguousFunction, "function %s is not unique", signature(c.Name, c.ArgNames, inputs)).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.").At(int(c.Pos))
	}
	return s.buildCall(c, found, args, filter)
}

// callArguments analyses a call's arguments and its FILTER.
func (s *scope) callArguments(c *parser.FuncCall) (args []expr, filter expr, err error) {
	if len(c.Args) > 100 {
		return nil, nil, sqlstate.Errorf(sqlstate.TooManyArguments, "cannot pass more than %d arguments to a function", 100).At(int(c.Pos))
	}
	inner := s
	switch {
	case c.Over != nil:
		inner = s.with(kindWindowArgs)
		inner.outerKind = s.kind
	case isAggregateName(c):
		inner = s.with(kindAggregate)
	}
	for _, x := range c.Args {
		e, err := inner.expr(x)
		if err != nil {
			return nil, nil, err
		}
		if p, ok := e.(*paramExpr); ok && p.typ() == pgtypes.Void {
			continue // an OUT parameter of JDBC's {? = call f(?)}
		}
		args = append(args, e)
	}
	if c.Filter != nil {
		if filter, err = inner.expr(c.Filter); err == nil {
			filter, err = s.a.toBoolean(filter, "FILTER")
		}
	}
	return args, filter, err
}

// isAggregateName tells whether a name is an aggregate's: its arguments may hold
// no other aggregate of their level.
func isAggregateName(c *parser.FuncCall) bool {
	for _, fn := range builtin.Functions(c.Name[len(c.Name)-1]) {
		if fn.Kind == 'a' {
			return c.Over == nil
		}
	}
	return false
}

func typesOf(args []expr) []pgtypes.OID {
	out := make([]pgtypes.OID, len(args))
	for i, e := range args {
		out[i] = e.typ()
	}
	return out
}

// noArguments keeps count() and row_number() and kin for f(*).
func noArguments(list []candidate) []candidate {
	var out []candidate
	for _, c := range list {
		if c.fn.Kind == 'a' {
			out = append(out, c)
		}
	}
	return out
}

func noFunction(c *parser.FuncCall, inputs []pgtypes.OID) error {
	e := sqlstate.Errorf(sqlstate.UndefinedFunction, "function %s does not exist", signature(c.Name, c.ArgNames, inputs)).At(int(c.Pos))
	if len(c.OrderBy) > 1 && !c.WithinGroup {
		return e.WithHint("No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.")
	}
	return e.WithHint(noFunctionHint)
}

// checkFunctionName looks at the qualification: only pg_catalog holds functions.
func (s *scope) checkFunctionName(c *parser.FuncCall, inputs []pgtypes.OID) error {
	switch len(c.Name) {
	case 1:
		return nil
	case 2:
		if c.Name[0] == "pg_catalog" || len(builtin.FunctionsIn(c.Name[0], c.Name[1])) > 0 {
			return nil
		}
		if _, ok := schemaByName(s.a.s, c.Name[0]); !ok {
			return sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, c.Name[0]).At(int(c.Pos))
		}
		return noFunction(c, inputs)
	case 3:
		if c.Name[0] != s.a.s.Database().Name {
			return sqlstate.Errorf(sqlstate.FeatureNotSupported, "cross-database references are not implemented: %s",
				strings.Join(c.Name, ".")).At(int(c.Pos))
		}
		d := *c
		d.Name = c.Name[1:]
		return s.checkFunctionName(&d, inputs)
	}
	return sqlstate.Errorf(sqlstate.SyntaxError, "improper qualified name (too many dotted names): %s", strings.Join(c.Name, ".")).At(int(c.Pos))
}

// reorderNamed puts name => value arguments in their places, and defaults where none
// is given between them.
func (s *scope) reorderNamed(c *parser.FuncCall, args []expr) ([]expr, error) {
next:
	for _, fn := range builtin.Functions(c.Name[len(c.Name)-1]) {
		if len(fn.ArgNames) < len(fn.Args) || len(fn.Args) < len(args) {
			continue
		}
		out := make([]expr, len(fn.Args))
		for i, a := range args {
			to := i
			if n := c.ArgNames[i]; n != "" {
				to = slices.Index(fn.ArgNames, n)
			}
			if to < 0 || to >= len(out) || out[to] != nil {
				continue next
			}
			out[to] = a
		}
		first := len(out) - fn.Defaults
		for i, e := range out {
			if e == nil && i < first {
				continue next
			}
		}
		defaults, err := s.defaults(fn)
		if err != nil {
			return nil, err
		}
		for i, e := range out {
			if e == nil {
				out[i] = defaults[i-first]
			}
		}
		return out, nil
	}
	return nil, noFunction(c, typesOf(args))
}

// defaults are the recorded defaults of a function's last arguments.
func (s *scope) defaults(fn *builtin.Function) ([]expr, error) {
	if fn.Defaults == 0 {
		return nil, nil
	}
	res, err := parser.Parse("SELECT " + fn.DefaultText)
	if err != nil {
		return nil, err
	}
	sel, ok := res.Stmts[0].Stmt.(*parser.SelectStmt)
	if !ok || len(sel.Targets) != fn.Defaults {
		return nil, sqlstate.New(sqlstate.InternalError, "default arguments not found")
	}
	out := make([]expr, len(sel.Targets))
	for i, t := range sel.Targets {
		e, err := s.expr(t.Expr)
		if err != nil {
			return nil, err
		}
		want := fn.Args[len(fn.Args)-fn.Defaults+i]
		if out[i], err = s.a.coerce(e, want, -1, coerceImplicit, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// callAsCast is func_get_detail's reading of type(x) as a cast, where the name is
// a type's and the cast is free or by text.
func (s *scope) callAsCast(name string, arg expr, at parser.Pos) (expr, error) {
	t, ok := pgtypes.TypeByName(name)
	if !ok || t.Kind == 'p' {
		return nil, nil
	}
	source := arg.typ()
	take := source == pgtypes.Unknown
	if !take {
		switch p, _ := coercionPath(t.OID, source, coerceExplicit); p {
		case pathRelabel:
			take = true
		case pathIO:
			take = source != pgtypes.Record || category(t.OID) != 'S'
		}
	}
	if !take {
		return nil, nil
	}
	return s.a.coerce(arg, t.OID, -1, coerceExplicit, at)
}

// buildCall makes the node of a resolved call.
func (s *scope) buildCall(c *parser.FuncCall, found candidate, args []expr, filter expr) (expr, error) {
	fn := found.fn
	if err := checkCallForm(c, fn, filter != nil); err != nil {
		return nil, err
	}
	inputs := typesOf(args)
	actual, result, err := bindPolymorphic(inputs, found.args[:len(args)], fn.Result)
	if err != nil {
		return nil, err
	}
	for i := range args {
		if args[i], err = s.a.coerce(args[i], actual[i], -1, coerceImplicit, 0); err != nil {
			return nil, err
		}
		if args[i].typ() == pgtypes.Unknown && actual[i] == pgtypes.Any {
			// "any" takes unknown as it is.
			continue
		}
	}
	switch {
	case c.Over != nil:
		return s.windowFunction(c, fn, args, filter, result)
	case fn.Kind == 'a':
		return s.aggregateCall(c, fn, args, filter, result)
	}
	call := &callExpr{info: typed(result, c.Pos), fn: fn, args: args, variadic: c.Variadic}
	for _, o := range fn.Out {
		if _, o.Type, err = bindPolymorphic(inputs, found.args[:len(args)], o.Type); err != nil {
			return nil, err
		}
		call.out = append(call.out, o)
	}
	if found.variadic && fn.Variadic != pgtypes.Any {
		n := len(fn.Args) - 1
		elem := actual[n]
		arr := &arrayExpr{info: typed(pgtypes.ArrayOf(elem), args[n].pos()), elem: elem, args: args[n:]}
		call.args = append(append([]expr(nil), args[:n]...), arr)
	}
	if found.defaults > 0 {
		list, err := s.defaults(fn)
		if err != nil {
			return nil, err
		}
		call.args = append(call.args, list[len(list)-found.defaults:]...)
	}
	if err := s.a.bind(call); err != nil {
		return nil, withPos(err, c.Pos)
	}
	if restricted()[fn.OID] {
		s.a.calls = append(s.a.calls, fn.OID)
	}
	if fn.Set {
		return s.setReturning(call)
	}
	return call, nil
}

// checkCallForm refuses DISTINCT, ORDER BY, FILTER, OVER and * where the kind of
// function does not take them.
func checkCallForm(c *parser.FuncCall, fn *builtin.Function, filter bool) error {
	at, name := int(c.Pos), strings.Join(c.Name, ".")
	switch {
	case fn.Kind == 'p':
		return sqlstate.Errorf(sqlstate.WrongObjectType, "%s is a procedure", signature(c.Name, nil, fn.Args)).
			WithHint("To call a procedure, use CALL.").At(at)
	case fn.Kind == 'w' && c.Over == nil:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "window function %s requires an OVER clause", name).At(at)
	case fn.Kind == 'f' && c.Star:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "%s(*) specified, but %s is not an aggregate function", name, name).At(at)
	case fn.Kind == 'f' && c.Distinct:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "DISTINCT specified, but %s is not an aggregate function", name).At(at)
	case fn.Kind == 'f' && c.WithinGroup:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "WITHIN GROUP specified, but %s is not an aggregate function", name).At(at)
	case fn.Kind == 'f' && len(c.OrderBy) > 0:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "ORDER BY specified, but %s is not an aggregate function", name).At(at)
	case fn.Kind == 'f' && filter:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "FILTER specified, but %s is not an aggregate function", name).At(at)
	case fn.Kind == 'f' && c.Over != nil:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "OVER specified, but %s is not a window function nor an aggregate function", name).At(at)
	case fn.Kind == 'a' && len(c.Args) == 0 && !c.Star && c.Over == nil:
		return sqlstate.Errorf(sqlstate.WrongObjectType, "%s(*) must be used to call a parameterless aggregate function", name).At(at)
	}
	return nil
}
