// Package builtin is PostgreSQL 15's own functions, operators and casts, as its
// catalogs list them after initdb. Name resolution must see every candidate that
// PostgreSQL sees, also those that seqd can't run, or it would pick others where
// PostgreSQL picks one or calls the name ambiguous. And it is all other system
// catalogs: their columns, their rows, and the views' definitions. The .tsv files
// are recorded from a server (make generate) and never edited.
package builtin

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// Function is a row of pg_proc.
type Function struct {
	OID        uint32
	Schema     string
	Name       string
	Kind       byte // f function, a aggregate, w window, p procedure
	Volatility byte // i, s, v
	Strict     bool
	Set        bool
	Variadic   pgtypes.OID // element type of the variadic array, 0 if it takes none
	Defaults   int
	Result     pgtypes.OID
	Args       []pgtypes.OID // input arguments
	// Source is prosrc: the name of the C function, or "sql:name/arguments" for
	// one written in SQL. Implementations are found by it.
	Source string
	// Body is the text of a function in SQL: a query, RETURN expression, or
	// BEGIN ATOMIC with one query.
	Body string
	// Out are the columns of a function with OUT arguments or RETURNS TABLE.
	Out []OutArg
	// Params are all parameters in the order of their declaration.
	Params []Param
	// ArgNames are the input arguments' names, nil if they have none.
	ArgNames    []string
	DefaultText string // pg_get_expr(proargdefaults)
}

// Param is a parameter; Mode is i, o, b (in and out), v (variadic) or t (a column of
// a table function).
type Param struct {
	Name string
	Type pgtypes.OID
	Mode byte
}

// Table tells whether the function is declared RETURNS TABLE.
func (fn *Function) Table() bool {
	return len(fn.Params) > 0 && fn.Params[len(fn.Params)-1].Mode == 't'
}

// OutArg is an output column of a function.
type OutArg struct {
	Name string
	Type pgtypes.OID
}

// Operator is a row of pg_operator.
type Operator struct {
	OID                 uint32
	Name                string
	Left, Right, Result pgtypes.OID // Left 0: a prefix operator
	Func                *Function
	Commutator, Negator uint32
	Hashes, Merges      bool
}

// Cast is a row of pg_cast.
type Cast struct {
	Source, Target pgtypes.OID
	Func           *Function // Method f
	Context        byte      // e explicit, a assignment, i implicit
	Method         byte      // f function, b binary, i by input and output
}

type castKey struct{ source, target pgtypes.OID }

type tables struct {
	functions     map[string][]*Function
	functionByOID map[uint32]*Function
	operators     map[string][]*Operator
	operatorByOID map[uint32]*Operator
	casts         map[castKey]*Cast
	allCasts      []*Cast
}

// load reads the tables at first use; they are never written afterwards. The
// fields stand in the order of pg_proc.h, pg_operator.h and pg_cast.h.
var load = sync.OnceValue(func() *tables {
	t := &tables{
		functions: map[string][]*Function{}, functionByOID: map[uint32]*Function{},
		operators: map[string][]*Operator{}, operatorByOID: map[uint32]*Operator{},
		casts: map[castKey]*Cast{},
	}
	lines("pg_proc", func(f []string) {
		fn := newFunction(f)
		name := fn.Name
		if fn.Schema != "pg_catalog" {
			name = fn.Schema + "." + name
		}
		t.functions[name] = append(t.functions[name], fn)
		t.functionByOID[fn.OID] = fn
	})
	lines("pg_operator", func(f []string) {
		op := &Operator{
			OID: num(f[0]), Name: f[1], Left: num(f[7]), Right: num(f[8]), Result: num(f[9]), Func: t.functionByOID[num(f[12])],
			Commutator: num(f[10]), Negator: num(f[11]), Hashes: f[6] == "t", Merges: f[5] == "t",
		}
		t.operators[op.Name] = append(t.operators[op.Name], op)
		t.operatorByOID[op.OID] = op
	})
	lines("pg_cast", func(f []string) {
		c := &Cast{Source: num(f[1]), Target: num(f[2]), Func: t.functionByOID[num(f[3])], Context: f[4][0], Method: f[5][0]}
		t.casts[castKey{c.Source, c.Target}] = c
		t.allCasts = append(t.allCasts, c)
	})
	return t
})

// languages of functions by OID.
const internalLanguage, sqlLanguage = "12", "14"

// newFunction reads a line of pg_proc.
func newFunction(f []string) *Function {
	fn := &Function{
		OID: num(f[0]), Name: f[1], Schema: schemaNames[num(f[2])], Variadic: num(f[7]), Kind: f[9][0],
		Strict: f[12] == "t", Set: f[13] == "t", Volatility: f[14][0], Defaults: int(num(f[17])), Result: num(f[18]),
		Args: nums(f[19]), Source: f[25],
	}
	if f[23] != null {
		fn.DefaultText = f[23]
	}
	if f[4] != internalLanguage {
		fn.Source = "sql:" + fn.Name + "/" + f[16]
	}
	if f[4] == sqlLanguage {
		if fn.Body = f[27]; fn.Body == null {
			fn.Body = f[25]
		}
	}
	fn.Result, _ = pgtypes.BaseOf(fn.Result)
	fn.names(nums(arrayText(f[20])), strings.ReplaceAll(arrayText(f[21]), " ", ""), quotedNames(f[22]))
	return fn
}

// arrayText is a one-dimensional array's elements, with blanks between them.
func arrayText(s string) string {
	if s == null {
		return ""
	}
	return strings.ReplaceAll(strings.Trim(s, "{}"), ",", " ")
}

// quotedNames are argument names; one that is empty is written "".
func quotedNames(s string) []string {
	names := strings.Fields(arrayText(s))
	for i := range names {
		names[i] = strings.Trim(names[i], `"`)
	}
	return names
}

// names sorts argument names into input and output ones.
func (fn *Function) names(types []pgtypes.OID, modes string, names []string) {
	if modes == "" {
		fn.ArgNames = names
		for i, t := range fn.Args {
			p := Param{Type: t, Mode: 'i'}
			if i < len(names) {
				p.Name = names[i]
			}
			fn.Params = append(fn.Params, p)
		}
		return
	}
	if types == nil {
		types = fn.Args
	}
	for i := range modes {
		name := ""
		if i < len(names) {
			name = names[i]
		}
		fn.Params = append(fn.Params, Param{Name: name, Type: types[i], Mode: modes[i]})
		switch modes[i] {
		case 'o', 't', 'b':
			fn.Out = append(fn.Out, OutArg{Name: name, Type: types[i]})
		}
		switch modes[i] {
		case 'i', 'b', 'v':
			fn.ArgNames = append(fn.ArgNames, name)
		}
	}
}

func num(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("builtin: " + err.Error())
	}
	return uint32(n)
}

func nums(s string) []uint32 {
	var out []uint32
	for _, f := range strings.Fields(s) {
		out = append(out, num(f))
	}
	return out
}

// Functions are the functions of pg_catalog with a name.
func Functions(name string) []*Function { return load().functions[name] }

// FunctionsIn are the functions of a schema with a name.
func FunctionsIn(schema, name string) []*Function {
	if schema != "pg_catalog" {
		name = schema + "." + name
	}
	return load().functions[name]
}

// DisplayName is what regproc shows: a name that says which function.
func (fn *Function) DisplayName() string {
	name := parser.QuoteIdent(fn.Name)
	if fn.Schema != "pg_catalog" || len(Functions(fn.Name)) > 1 {
		name = fn.Schema + "." + name
	}
	return name
}

// AllFunctions are those of all schemas, in no order.
func AllFunctions() []*Function { return slices.Collect(maps.Values(load().functionByOID)) }

// FunctionByOID returns a function.
func FunctionByOID(oid uint32) (*Function, bool) {
	f, ok := load().functionByOID[oid]
	return f, ok
}

// Operators are the operators with a name.
func Operators(name string) []*Operator { return load().operators[name] }

// OperatorByOID returns an operator.
func OperatorByOID(oid uint32) (*Operator, bool) {
	o, ok := load().operatorByOID[oid]
	return o, ok
}

// FindCast returns the cast from one type to another.
func FindCast(source, target pgtypes.OID) (*Cast, bool) {
	c, ok := load().casts[castKey{source, target}]
	return c, ok
}
