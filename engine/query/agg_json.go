package query

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	for name, make := range map[string]aggregate{
		"json_agg": func(a *aggExpr, f *frame) accumulator { return &jsonAcc{w: writerOf(f), typ: a.args[0].typ()} },
		"jsonb_agg": func(a *aggExpr, f *frame) accumulator {
			return &jsonAcc{w: writerOf(f), typ: a.args[0].typ(), jsonb: true}
		},
		"json_object_agg":  func(a *aggExpr, f *frame) accumulator { return &jsonObjectAcc{w: writerOf(f), agg: a} },
		"jsonb_object_agg": func(a *aggExpr, f *frame) accumulator { return &jsonObjectAcc{w: writerOf(f), agg: a, jsonb: true} },
	} {
		aggregates[name] = make
	}
}

// jsonAcc is json_agg.
type jsonAcc struct {
	w     *jsonWriter
	typ   pgtypes.OID
	jsonb bool
}

func (j *jsonAcc) add(args []value) error {
	if j.w.dst == nil {
		j.w.dst = append(j.w.dst, '[')
	} else {
		j.w.dst = append(j.w.dst, ", "...)
		if v := args[0]; v.Array() != nil || v.Record() != nil {
			j.w.dst = append(j.w.dst, "\n "...)
		}
	}
	j.w.value(j.typ, args[0], false)
	return nil
}

func (j *jsonAcc) result() (value, error) {
	if j.w.dst == nil {
		return value{}, nil
	}
	w := jsonWriter{st: j.w.st, dst: append(append([]byte(nil), j.w.dst...), ']')} // more may follow, in a window
	return w.result(j.jsonb)
}

// jsonObjectAcc is json_object_agg.
type jsonObjectAcc struct {
	w     *jsonWriter
	agg   *aggExpr
	jsonb bool
}

func (j *jsonObjectAcc) add(args []value) error {
	if args[0].IsNull() {
		return sqlstate.New(sqlstate.InvalidParameterValue, "field name must not be null")
	}
	if j.w.dst == nil {
		j.w.dst = append(j.w.dst, "{ "...)
	} else {
		j.w.dst = append(j.w.dst, ", "...)
	}
	if err := j.w.key(j.agg.args[0].typ(), args[0]); err != nil {
		return err
	}
	j.w.dst = append(j.w.dst, " : "...)
	j.w.value(j.agg.args[1].typ(), args[1], false)
	return nil
}

func (j *jsonObjectAcc) result() (value, error) {
	if j.w.dst == nil {
		return value{}, nil
	}
	w := jsonWriter{st: j.w.st, dst: append(append([]byte(nil), j.w.dst...), " }"...)}
	return w.result(j.jsonb)
}
