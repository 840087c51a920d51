package query

import (
	"strconv"
	"strings"

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
	})
}

// xid8 is an ID of a transaction, NULL for none.
func xid8(id uint64) value {
	if id == 0 {
		return value{}
	}
	return pgtypes.NewInt(int64(id))
}

// String is the text form of pg_snapshot.
func (s Snapshot) String() string {
	running := make([]string, len(s.Running))
	for i, id := range s.Running {
		running[i] = strconv.FormatUint(id, 10)
	}
	return strconv.FormatUint(s.Min, 10) + ":" + strconv.FormatUint(s.Max, 10) + ":" + strings.Join(running, ",")
}
