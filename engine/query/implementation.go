package query

import (
	"strings"

	"seqd/engine/query/scalar"
	"seqd/protocol/sqlstate"
)

// implementation runs a function of pg_proc.
type implementation struct {
	// pure needs nothing but its arguments.
	pure func(args []value) (value, error)
	// env looks at the session, the types of its arguments, or the frame.
	env func(f *frame, c *callExpr, args []value) (value, error)
	// set yields rows.
	set func(f *frame, c *callExpr, args []value) (setIterator, error)
}

// implementations by builtin.Function.Source, for functions that need more than
// their arguments; package scalar has the others.
var implementations = map[string]*implementation{}

// register is called from the files that implement functions, at start only.
func register(list map[string]func(f *frame, c *callExpr, args []value) (value, error)) {
	for name, fn := range list {
		implementations[name] = &implementation{env: fn}
	}
}

func registerSets(list map[string]func(f *frame, c *callExpr, args []value) (setIterator, error)) {
	for name, fn := range list {
		implementations[name] = &implementation{set: fn}
	}
}

// bind finds the call's implementation: 0A000 for a function that PostgreSQL has
// and seqd does not serve.
func (a *analyzer) bind(c *callExpr) error {
	if impl, ok := implementations[c.fn.Source]; ok {
		c.impl = impl
		return nil
	}
	if fn, ok := scalar.Functions[c.fn.Source]; ok {
		c.impl = &implementation{pure: fn}
		return nil
	}
	if strings.HasPrefix(c.fn.Source, "pg_stat_get_") {
		c.impl = statistic(c.fn)
		return nil
	}
	if c.fn.Body != "" {
		return a.sqlBody(c)
	}
	if a.lax {
		a.lax = false
		err := a.bind(c)
		a.lax = true
		if err != nil {
			c.impl = refusing(err)
		}
		return nil
	}
	what := "function " + signature([]string{c.fn.Name}, nil, c.fn.Args)
	if c.op != "" {
		what = "operator " + c.op
	}
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s is not supported", what).
		WithHint("This server implements the functions that sequences and catalog queries need.")
}

// refusing is a function that fails when it is called.
func refusing(err error) *implementation {
	return &implementation{
		env: func(*frame, *callExpr, []value) (value, error) { return value{}, err },
		set: func(*frame, *callExpr, []value) (setIterator, error) { return nil, err },
	}
}
