// Package builtin is PostgreSQL 15's own functions, operators and casts, as its
// catalogs list them after initdb. Name resolution must see every candidate that
// PostgreSQL sees, also those that seqd can't run, or it would pick others where
// PostgreSQL picks one or calls the name ambiguous. The .tsv files are recorded
// from a server (see record_test.go) and never edited.
package builtin

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"seqd/protocol/pgtypes"
)

// Function is a row of pg_proc.
type Function struct {
	OID        uint32
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
	// Out are the columns of a function with OUT arguments or RETURNS TABLE.
	Out []OutArg
	// ArgNames are the input arguments' names, nil if they have none.
	ArgNames    []string
	DefaultText string // pg_get_expr(proargdefaults)
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

//go:embed functions.tsv
var functionsTSV string

//go:embed operators.tsv
var operatorsTSV string

//go:embed casts.tsv
var castsTSV string

type castKey struct{ source, target pgtypes.OID }

type tables struct {
	functions     map[string][]*Function
	functionByOID map[uint32]*Function
	operators     map[string][]*Operator
	operatorByOID map[uint32]*Operator
	casts         map[castKey]*Cast
	allCasts      []*Cast
}

// load reads the tables at first use; they are never written afterwards.
var load = sync.OnceValue(func() *tables {
	t := &tables{
		functions: map[string][]*Function{}, functionByOID: map[uint32]*Function{},
		operators: map[string][]*Operator{}, operatorByOID: map[uint32]*Operator{},
		casts: map[castKey]*Cast{},
	}
	rows(functionsTSV, func(f []string) {
		fn := &Function{
			OID: num(f[0]), Name: f[1], Kind: f[2][0], Volatility: f[3][0], Strict: f[4] == "t", Set: f[5] == "t",
			Variadic: num(f[6]), Defaults: int(num(f[7])), Result: num(f[8]), Args: nums(f[9]), Source: f[10], DefaultText: f[14],
		}
		fn.names(nums(f[11]), f[12], strings.Fields(f[13]))
		t.functions[fn.Name] = append(t.functions[fn.Name], fn)
		t.functionByOID[fn.OID] = fn
	})
	rows(operatorsTSV, func(f []string) {
		op := &Operator{
			OID: num(f[0]), Name: f[1], Left: num(f[3]), Right: num(f[4]), Result: num(f[5]), Func: t.functionByOID[num(f[6])],
			Commutator: num(f[7]), Negator: num(f[8]), Hashes: f[9] == "t", Merges: f[10] == "t",
		}
		t.operators[op.Name] = append(t.operators[op.Name], op)
		t.operatorByOID[op.OID] = op
	})
	rows(castsTSV, func(f []string) {
		c := &Cast{Source: num(f[0]), Target: num(f[1]), Func: t.functionByOID[num(f[2])], Context: f[3][0], Method: f[4][0]}
		t.casts[castKey{c.Source, c.Target}] = c
		t.allCasts = append(t.allCasts, c)
	})
	return t
})

// names sorts argument names into input and output ones.
func (fn *Function) names(types []pgtypes.OID, modes string, names []string) {
	if modes == "" {
		fn.ArgNames = names
		return
	}
	for i := range modes {
		name := ""
		if i < len(names) && names[i] != "-" {
			name = names[i]
		}
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

func rows(text string, row func([]string)) {
	for line := range strings.Lines(text) {
		row(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
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
