package session

import (
	"testing"
	"time"

	"seqd/protocol/sqlstate"
)

// What is told of a transaction, from its start until it is forgotten.
func TestTransactionStatus(t *testing.T) {
	d := NewDirectory()
	start := time.UnixMicro(1000)
	d.xids.begin(start)
	status := func(id uint64, want string) {
		t.Helper()
		if got, err := d.TransactionStatus(id); got != want || err != nil {
			t.Errorf("status of %d: %q, %v; want %q", id, got, err, want)
		}
	}
	first, second, third := d.xids.assign(), d.xids.assign(), d.xids.assign()
	if first != 1000 || second != 1001 || third != 1002 {
		t.Fatal(first, second, third)
	}
	status(second, "in progress")
	d.xids.end(second, false)
	d.xids.end(second, true) // too late
	d.xids.end(third, true)
	status(first, "in progress")
	status(second, "aborted")
	status(third, "committed")
	status(999, "") // of an earlier run
	status(0, "")
	status(1, "committed")
	if _, err := d.TransactionStatus(1003); sqlstate.CodeOf(err) != sqlstate.InvalidParameterValue {
		t.Errorf("the future: %v", err)
	}
	if s := d.Snapshot(0).String(); s != "1000:1003:1000" {
		t.Errorf("snapshot of another: %s", s)
	}
	if s := d.Snapshot(first).String(); s != "1000:1003:" {
		t.Errorf("own snapshot: %s", s)
	}
	for range maxAborted {
		d.xids.end(d.xids.assign(), false)
	}
	status(second, "") // forgotten, and not taken for committed
	if n := len(d.xids.aborted); n != maxAborted || len(d.xids.order) != n {
		t.Errorf("%d and %d are remembered", n, len(d.xids.order))
	}
	status(first, "in progress")
}
