package engine

import (
	"strconv"
	"strings"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// OptionKind is a sequence option of CREATE and ALTER SEQUENCE.
type OptionKind byte

// Options.
const (
	OptionAs OptionKind = iota
	OptionCache
	OptionCycle
	OptionIncrement
	OptionMaxValue
	OptionMinValue
	OptionOwnedBy
	OptionSequenceName
	OptionStart
	OptionRestart
	OptionLogged
	OptionUnlogged
	optionKinds
)

// Option is one option as it was written.
type Option struct {
	Kind  OptionKind
	Value string // the number as written, "" if there is none (RESTART, NO MAXVALUE)
	Cycle bool   // OptionCycle: CYCLE or NO CYCLE
	// Type resolves AS; it is called only once the option list is known to be
	// free of duplicates, so that errors come in PostgreSQL's order.
	Type     func() (sequence.Type, error)
	OwnedBy  []string // OWNED BY; {"none"} for NONE
	Position int      // of the option in the statement, for errors
}

// options is the list sorted by kind; nil where not given.
type options [optionKinds]*Option

// collect refuses duplicates (C6) and what only the grammar knows (C10).
func collect(list []Option) (options, error) {
	var o options
	for i := range list {
		opt := &list[i]
		switch opt.Kind {
		case OptionSequenceName:
			return o, sqlstate.New(sqlstate.SyntaxError, "invalid sequence option SEQUENCE NAME").At(opt.Position)
		case OptionLogged:
			return o, sqlstate.New(sqlstate.InternalError, "option \"logged\" not recognized")
		case OptionUnlogged:
			return o, sqlstate.New(sqlstate.InternalError, "option \"unlogged\" not recognized")
		}
		if o[opt.Kind] != nil {
			return o, sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(opt.Position)
		}
		o[opt.Kind] = opt
	}
	return o, nil
}

// Definition is a sequence's definition and position while options are applied.
type Definition struct {
	Params sequence.Params
	State  sequence.State
}

// CreateOptions resolves the options of CREATE SEQUENCE: defaults, checks and
// messages of PostgreSQL's init_params, in its order.
func CreateOptions(list []Option) (Definition, error) {
	return resolve(Definition{}, list, true)
}

// AlterOptions resolves the options of ALTER SEQUENCE against the definition and
// the exact position. A restart shows in State.
func AlterOptions(old Definition, list []Option) (Definition, error) {
	return resolve(old, list, false)
}

func resolve(d Definition, list []Option, create bool) (Definition, error) {
	o, err := collect(list)
	if err != nil {
		return d, err
	}
	if create {
		d.Params.Type = sequence.BigInt
	}
	var resetMax, resetMin bool
	if o[OptionAs] != nil {
		typ, err := o[OptionAs].Type()
		if err != nil {
			return d, err
		}
		// Bounds that were the old type's follow the type (A4).
		resetMax = !create && d.Params.Max == d.Params.Type.Max()
		resetMin = !create && d.Params.Min == d.Params.Type.Min()
		d.Params.Type = typ
	}
	for _, step := range []func() error{
		func() error { return d.increment(o[OptionIncrement], create) },
		func() error { return d.cycle(o[OptionCycle]) },
		func() error { return d.maxValue(o[OptionMaxValue], create, resetMax) },
		func() error { return d.minValue(o[OptionMinValue], create, resetMin) },
		func() error { return d.start(o[OptionStart], create) },
		func() error { return d.restart(o[OptionRestart], create) },
		func() error { return d.cache(o[OptionCache], create) },
		func() error { return ownedBy(o[OptionOwnedBy]) },
	} {
		if err := step(); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (d *Definition) increment(o *Option, create bool) error {
	if o != nil {
		v, err := o.int64()
		if err != nil {
			return err
		}
		if v == 0 {
			return invalid("INCREMENT must not be zero")
		}
		d.Params.Increment, d.State.LogCount = v, 0
	} else if create {
		d.Params.Increment = 1
	}
	return nil
}

func (d *Definition) cycle(o *Option) error {
	if o != nil {
		d.Params.Cycle, d.State.LogCount = o.Cycle, 0
	}
	return nil
}

func (d *Definition) maxValue(o *Option, create, reset bool) error {
	p := &d.Params
	if o != nil && o.Value != "" {
		v, err := o.int64()
		if err != nil {
			return err
		}
		p.Max, d.State.LogCount = v, 0
	} else if create || o != nil || reset {
		p.Max = -1
		if p.Increment > 0 || reset {
			p.Max = p.Type.Max()
		}
		d.State.LogCount = 0
	}
	if p.Max < p.Type.Min() || p.Max > p.Type.Max() {
		return invalid("MAXVALUE (%d) is out of range for sequence data type %s", p.Max, p.Type)
	}
	return nil
}

func (d *Definition) minValue(o *Option, create, reset bool) error {
	p := &d.Params
	if o != nil && o.Value != "" {
		v, err := o.int64()
		if err != nil {
			return err
		}
		p.Min, d.State.LogCount = v, 0
	} else if create || o != nil || reset {
		p.Min = 1
		if p.Increment < 0 || reset {
			p.Min = p.Type.Min()
		}
		d.State.LogCount = 0
	}
	if p.Min < p.Type.Min() || p.Min > p.Type.Max() {
		return invalid("MINVALUE (%d) is out of range for sequence data type %s", p.Min, p.Type)
	}
	if p.Min >= p.Max {
		return invalid("MINVALUE (%d) must be less than MAXVALUE (%d)", p.Min, p.Max)
	}
	return nil
}

func (d *Definition) start(o *Option, create bool) error {
	p := &d.Params
	if o != nil {
		v, err := o.int64()
		if err != nil {
			return err
		}
		p.Start = v
	} else if create {
		p.Start = p.Min
		if p.Increment < 0 {
			p.Start = p.Max
		}
	}
	return inBounds("START", p.Start, *p)
}

// restart sets the position; without RESTART the current one must still be in
// bounds, and the message says RESTART all the same (A1).
func (d *Definition) restart(o *Option, create bool) error {
	switch {
	case o != nil && o.Value != "":
		v, err := o.int64()
		if err != nil {
			return err
		}
		d.State = sequence.State{LastValue: v}
	case o != nil || create:
		d.State = sequence.State{LastValue: d.Params.Start}
	}
	return inBounds("RESTART", d.State.LastValue, d.Params)
}

func (d *Definition) cache(o *Option, create bool) error {
	if o != nil {
		v, err := o.int64()
		if err != nil {
			return err
		}
		if v <= 0 {
			return invalid("CACHE (%d) must be greater than zero", v)
		}
		d.Params.Cache, d.State.LogCount = v, 0
	} else if create {
		d.Params.Cache = 1
	}
	return nil
}

// ownedBy refuses what is neither NONE nor a table with a column; which that is, is
// for the caller to find out.
func ownedBy(o *Option) error {
	if o == nil || len(o.OwnedBy) > 1 || o.OwnedBy[0] == "none" {
		return nil
	}
	return sqlstate.New(sqlstate.SyntaxError, "invalid OWNED BY option").
		WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
}

func inBounds(what string, v int64, p sequence.Params) error {
	switch {
	case v < p.Min:
		return invalid("%s value (%d) cannot be less than MINVALUE (%d)", what, v, p.Min)
	case v > p.Max:
		return invalid("%s value (%d) cannot be greater than MAXVALUE (%d)", what, v, p.Max)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, format, args...)
}

// int64 reads the number as int8in does (C7).
func (o *Option) int64() (int64, error) {
	v, err := strconv.ParseInt(o.Value, 10, 64)
	if err == nil {
		return v, nil
	}
	if strings.Trim(o.Value, "+-0123456789") == "" {
		return 0, sqlstate.Errorf(sqlstate.NumericValueOutOfRange, "value \"%s\" is out of range for type bigint", o.Value)
	}
	return 0, sqlstate.Errorf(sqlstate.InvalidTextRepresentation, "invalid input syntax for type bigint: \"%s\"", o.Value)
}
