package engine

import (
	"math"
	"testing"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

func as(t sequence.Type) Option {
	return Option{Kind: OptionAs, Type: func() (sequence.Type, error) { return t, nil }}
}

func num(kind OptionKind, value string) Option { return Option{Kind: kind, Value: value} }

// Messages and codes as observed on PostgreSQL 15.
func TestCreateOptionErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []Option
		code    sqlstate.Code
		message string
	}{
		{"C1", []Option{num(OptionIncrement, "0")}, "22023", "INCREMENT must not be zero"},
		{"C1", []Option{num(OptionCache, "0")}, "22023", "CACHE (0) must be greater than zero"},
		{"C1", []Option{num(OptionCache, "-5")}, "22023", "CACHE (-5) must be greater than zero"},
		{"C2", []Option{num(OptionMinValue, "10"), num(OptionMaxValue, "10")}, "22023", "MINVALUE (10) must be less than MAXVALUE (10)"},
		{"C2", []Option{num(OptionIncrement, "-1"), num(OptionMinValue, "5")}, "22023", "MINVALUE (5) must be less than MAXVALUE (-1)"},
		{"C3", []Option{num(OptionStart, "0")}, "22023", "START value (0) cannot be less than MINVALUE (1)"},
		{"C3", []Option{num(OptionMaxValue, "5"), num(OptionStart, "6")}, "22023", "START value (6) cannot be greater than MAXVALUE (5)"},
		{"C5", []Option{as(sequence.SmallInt), num(OptionMaxValue, "40000")}, "22023", "MAXVALUE (40000) is out of range for sequence data type smallint"},
		{"C5", []Option{as(sequence.SmallInt), num(OptionMinValue, "-40000")}, "22023", "MINVALUE (-40000) is out of range for sequence data type smallint"},
		{"C6", []Option{num(OptionMinValue, "1"), {Kind: OptionMinValue}}, "42601", "conflicting or redundant options"},
		{"C7", []Option{num(OptionStart, "9223372036854775808")}, "22003", "value \"9223372036854775808\" is out of range for type bigint"},
		{"C7", []Option{num(OptionStart, "1.5")}, "22P02", "invalid input syntax for type bigint: \"1.5\""},
		{"C7", []Option{num(OptionStart, "1e2")}, "22P02", "invalid input syntax for type bigint: \"1e2\""},
		{"C8", []Option{num(OptionRestart, "0")}, "22023", "RESTART value (0) cannot be less than MINVALUE (1)"},
		{"C10", []Option{{Kind: OptionSequenceName}}, "42601", "invalid sequence option SEQUENCE NAME"},
		{"C10", []Option{{Kind: OptionLogged}}, "XX000", "option \"logged\" not recognized"},
		{"O1", []Option{{Kind: OptionOwnedBy, OwnedBy: []string{"x"}}}, "42601", "invalid OWNED BY option"},
		{"order: duplicates before types", []Option{{Kind: OptionAs, Type: func() (sequence.Type, error) { panic("resolved") }}, {Kind: OptionAs}}, "42601", "conflicting or redundant options"},
	} {
		_, err := CreateOptions(c.options)
		if e := sqlstate.From(err); err == nil || e.Code != c.code || e.Message != c.message {
			t.Errorf("%s: %v, want %s %s", c.name, err, c.code, c.message)
		}
	}
}

func TestCreateDefaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []Option
		want    sequence.Params
		state   sequence.State
	}{
		{"ascending", nil, sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: math.MaxInt64, Cache: 1}, sequence.State{LastValue: 1}},
		{"C15 descending", []Option{num(OptionIncrement, "-1")}, sequence.Params{Type: sequence.BigInt, Start: -1, Increment: -1, Min: math.MinInt64, Max: -1, Cache: 1}, sequence.State{LastValue: -1}},
		{"C15 MINVALUE alone", []Option{num(OptionMinValue, "-10")}, sequence.Params{Type: sequence.BigInt, Start: -10, Increment: 1, Min: -10, Max: math.MaxInt64, Cache: 1}, sequence.State{LastValue: -10}},
		{"smallint", []Option{as(sequence.SmallInt)}, sequence.Params{Type: sequence.SmallInt, Start: 1, Increment: 1, Min: 1, Max: math.MaxInt16, Cache: 1}, sequence.State{LastValue: 1}},
		{"C8 RESTART at CREATE", []Option{num(OptionRestart, "9")}, sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: math.MaxInt64, Cache: 1}, sequence.State{LastValue: 9}},
		{"C9", []Option{num(OptionIncrement, "-9223372036854775808"), num(OptionCache, "9223372036854775807")}, sequence.Params{Type: sequence.BigInt, Start: -1, Increment: math.MinInt64, Min: math.MinInt64, Max: -1, Cache: math.MaxInt64}, sequence.State{LastValue: -1}},
	} {
		d, err := CreateOptions(c.options)
		if err != nil || d.Params != c.want || d.State != c.state {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}

func TestAlterOptions(t *testing.T) {
	def, err := CreateOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(last, log int64) Definition {
		return Definition{def.Params, sequence.State{LastValue: last, LogCount: log, IsCalled: true}}
	}
	for _, c := range []struct {
		name    string
		old     Definition
		options []Option
		check   func(Definition) bool
		message string
	}{
		{"A1", at(10, 0), []Option{num(OptionMaxValue, "5")}, nil, "RESTART value (10) cannot be greater than MAXVALUE (5)"},
		{"A1", at(10, 0), []Option{num(OptionMinValue, "5")}, nil, "START value (1) cannot be less than MINVALUE (5)"},
		{"A2 bounds stay", at(5, 9), []Option{num(OptionIncrement, "-1")}, func(d Definition) bool {
			return d.Params.Min == 1 && d.Params.Max == math.MaxInt64 && d.State == (sequence.State{LastValue: 5, IsCalled: true})
		}, ""},
		{"A4 bounds follow the type", at(5, 9), []Option{as(sequence.SmallInt)}, func(d Definition) bool {
			return d.Params.Max == math.MaxInt16 && d.Params.Min == 1 && d.State.LogCount == 0
		}, ""},
		{"A5", at(40000, 0), []Option{as(sequence.SmallInt)}, nil, "RESTART value (40000) cannot be greater than MAXVALUE (32767)"},
		{"A5 with RESTART", at(40000, 0), []Option{as(sequence.SmallInt), {Kind: OptionRestart}}, func(d Definition) bool {
			return d.State == sequence.State{LastValue: 1}
		}, ""},
		{"L6 START keeps log_cnt", at(5, 9), []Option{num(OptionStart, "3")}, func(d Definition) bool {
			return d.Params.Start == 3 && d.State == sequence.State{LastValue: 5, LogCount: 9, IsCalled: true}
		}, ""},
		{"L5 CYCLE resets log_cnt", at(5, 9), []Option{{Kind: OptionCycle, Cycle: true}}, func(d Definition) bool {
			return d.Params.Cycle && d.State.LogCount == 0
		}, ""},
		{"L5 CACHE resets log_cnt", at(5, 9), []Option{num(OptionCache, "1")}, func(d Definition) bool { return d.State.LogCount == 0 }, ""},
	} {
		d, err := AlterOptions(c.old, c.options)
		switch {
		case c.message != "":
			if err == nil || sqlstate.From(err).Message != c.message {
				t.Errorf("%s: %v, want %s", c.name, err, c.message)
			}
		case err != nil || !c.check(d):
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}
