// Package scalar implements PostgreSQL's functions that depend on nothing but
// their arguments: arithmetic, comparison, strings, patterns, dates. They are
// found by the name of the C function that pg_proc gives them, so one entry here
// serves every SQL name, operator and cast that PostgreSQL maps to it.
package scalar

import (
	"maps"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Value is a datum.
type Value = pgtypes.Value

// Func is an implementation. Arguments of strict functions are never NULL. The
// slice belongs to the caller and must not be kept.
type Func func(args []Value) (Value, error)

// Functions are all implementations by pg_proc.prosrc (or "sql:name/arguments").
var Functions = map[string]Func{}

// add is called at start only.
func add(list map[string]Func) { maps.Copy(Functions, list) }

var divisionByZero = sqlstate.New(sqlstate.DivisionByZero, "division by zero")

func outOfRange(typ string) error {
	return sqlstate.Errorf(sqlstate.NumericValueOutOfRange, "%s out of range", typ)
}

func text(s string) (Value, error)  { return pgtypes.NewText(s), nil }
func integer(n int) (Value, error)  { return pgtypes.NewInt(int64(n)), nil }
func boolean(b bool) (Value, error) { return pgtypes.NewBool(b), nil }
