package query

import (
	"seqd/protocol/pgtypes"
)

func init() {
	register(map[string]envFunc{
		"pg_current_xact_id": func(f *frame, _ *callExpr, _ []value) (value, error) { return xid8(f.s.TransactionID(true)), nil },
		"pg_current_xact_id_if_assigned": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return xid8(f.s.TransactionID(false)), nil
		},
		"pg_xact_status": func(f *frame, _ *callExpr, a []value) (value, error) {
			status, err := f.s.Host().TransactionStatus(uint64(a[0].Int()))
			return textOrNull(status), err
		},
		"pg_current_snapshot": func(f *frame, _ *callExpr, _ []value) (value, error) {
			return pgtypes.NewText(f.s.Host().Snapshot(f.s.TransactionID(false)).String()), nil
		},
		"pg_snapshot_xmin": func(_ *frame, _ *callExpr, a []value) (value, error) { return xid8(snapshotOf(a[0]).Min), nil },
		"pg_snapshot_xmax": func(_ *frame, _ *callExpr, a []value) (value, error) { return xid8(snapshotOf(a[0]).Max), nil },
		"pg_visible_in_snapshot": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewBool(snapshotOf(a[1]).Visible(uint64(a[0].Int()))), nil
		},
	})
	registerSets(map[string]setFunc{"pg_snapshot_xip": snapshotRunning})
}

// xid8 is an ID of a transaction, NULL for none.
func xid8(id uint64) value {
	if id == 0 {
		return value{}
	}
	return pgtypes.NewInt(int64(id))
}

func snapshotOf(v value) pgtypes.Snapshot {
	s, _ := pgtypes.ParseSnapshot("pg_snapshot", v.Text()) // was read when it came in
	return s
}

// snapshotRunning is pg_snapshot_xip.
func snapshotRunning(_ *frame, _ *callExpr, a []value) (setIterator, error) {
	list := snapshotOf(a[0]).Running
	return func() (value, bool, error) {
		if len(list) == 0 {
			return value{}, false, nil
		}
		id := list[0]
		list = list[1:]
		return xid8(id), true, nil
	}, nil
}
