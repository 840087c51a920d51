package query

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

type envFunc = func(f *frame, c *callExpr, args []value) (value, error)

func init() {
	register(map[string]envFunc{
		"nextval_oid": func(f *frame, _ *callExpr, a []value) (value, error) {
			return integerOr(f.s.NextVal(engine.OID(a[0].OID())))
		},
		"currval_oid": func(f *frame, _ *callExpr, a []value) (value, error) {
			return integerOr(f.s.CurrVal(engine.OID(a[0].OID())))
		},
		"lastval": func(f *frame, _ *callExpr, _ []value) (value, error) { return integerOr(f.s.LastVal()) },
		"setval_oid": func(f *frame, _ *callExpr, a []value) (value, error) {
			return integerOr(f.s.SetVal(engine.OID(a[0].OID()), a[1].Int(), true))
		},
		"setval3_oid": func(f *frame, _ *callExpr, a []value) (value, error) {
			return integerOr(f.s.SetVal(engine.OID(a[0].OID()), a[1].Int(), a[2].Bool()))
		},
		"pg_sequence_last_value": sequenceLastValue,
		"pg_sequence_parameters": sequenceParameters,
	})
}

func integerOr(n int64, err error) (value, error) {
	if err != nil {
		return value{}, err
	}
	return pgtypes.NewInt(n), nil
}

func sequenceLastValue(f *frame, _ *callExpr, a []value) (value, error) {
	if err := f.s.Allow(engine.OID(a[0].OID()), acl.Usage|acl.Select); err != nil {
		return value{}, err
	}
	st, err := f.s.SequenceState(engine.OID(a[0].OID()))
	if err != nil || !st.IsCalled {
		return value{}, err
	}
	return pgtypes.NewInt(st.LastValue), nil
}

func sequenceParameters(f *frame, c *callExpr, a []value) (value, error) {
	seq, ok := f.s.Database().SequenceByOID(engine.OID(a[0].OID()))
	if !ok {
		return value{}, sqlstate.Errorf(sqlstate.InternalError, "cache lookup failed for sequence %d", a[0].OID())
	}
	if err := f.s.Allow(seq.OID, acl.Usage|acl.Select|acl.Update); err != nil {
		return value{}, err
	}
	p := seq.Params
	typ := map[sequence.Type]pgtypes.OID{sequence.SmallInt: pgtypes.Int2, sequence.Integer: pgtypes.Int4, sequence.BigInt: pgtypes.Int8}[p.Type]
	r := &pgtypes.RecordValue{Fields: []value{
		pgtypes.NewInt(p.Start), pgtypes.NewInt(p.Min), pgtypes.NewInt(p.Max), pgtypes.NewInt(p.Increment),
		pgtypes.NewBool(p.Cycle), pgtypes.NewInt(p.Cache), pgtypes.NewInt(int64(typ)),
	}}
	for _, o := range c.fn.Out {
		r.Types = append(r.Types, o.Type)
	}
	return pgtypes.NewRecord(r), nil
}
