package query

import (
	"slices"

	"seqd/protocol/pgtypes"
)

// locks is pg_lock_status, in the order of its columns.
func locks(f *frame, c *callExpr, _ []value) (setIterator, error) {
	var rows [][]value
	n := value{}
	for _, l := range f.s.Host().Locks() {
		row := []value{pgtypes.NewText(l.Type), oidOrNull(l.Database), oidOrNull(l.Relation), n, n, textOrNull(l.VirtualID),
			xidOrNull(l.TransactionID), n, n, n, pgtypes.NewText(l.Owner), pgtypes.NewInt(int64(l.PID)), pgtypes.NewText(l.Mode),
			pgtypes.NewBool(l.Granted), pgtypes.NewBool(l.Type == "virtualxid"), timeOf(l.WaitStart)}
		if l.Type == "advisory" {
			row[1] = pgtypes.NewInt(int64(l.Database))
			row[7], row[8], row[9] = pgtypes.NewInt(int64(l.Class)), pgtypes.NewInt(int64(l.Object)), pgtypes.NewInt(int64(l.Sub))
		}
		rows = append(rows, row)
	}
	return table(c, rows)
}

// xidOrNull is the xid of a transaction ID: its lower half.
func xidOrNull(id uint64) value {
	if id == 0 {
		return value{}
	}
	return pgtypes.NewInt(int64(uint32(id)))
}

// blockingPIDs is pg_blocking_pids: who holds what the process waits for in a mode that
// conflicts, and who waited for it before.
func blockingPIDs(f *frame, _ *callExpr, a []value) (value, error) {
	pid := int32(a[0].Int())
	list := f.s.Host().Locks()
	var pids []value
	seen := map[int32]bool{pid: true}
	for _, w := range list {
		if w.PID != pid || w.Granted {
			continue
		}
		for _, l := range list {
			if !seen[l.PID] && l.Stops(w) {
				seen[l.PID] = true
				pids = append(pids, pgtypes.NewInt(int64(l.PID)))
			}
		}
	}
	return pgtypes.List(pgtypes.Int4, pids), nil
}

// Stops tells whether a lock keeps w waiting.
func (l Lock) Stops(w Lock) bool {
	same := l.Type == w.Type && l.Database == w.Database && l.Relation == w.Relation && l.TransactionID == w.TransactionID &&
		l.Class == w.Class && l.Object == w.Object && l.Sub == w.Sub
	return same && (l.Granted || l.WaitStart < w.WaitStart) && slices.Contains(conflicts[w.Mode], l.Mode)
}

// conflicts are PostgreSQL's LockConflicts.
var conflicts = func() map[string][]string {
	modes := []string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
		"ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
	table := map[string][]string{}
	for i, m := range modes {
		table[m] = modes[7-i:]
	}
	// Three do not follow the triangle.
	table["ShareUpdateExclusiveLock"] = modes[3:]
	table["ShareLock"] = append([]string{modes[2], modes[3]}, modes[5:]...)
	table["ShareRowExclusiveLock"] = modes[2:]
	return table
}()
