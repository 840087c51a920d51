package bench

import (
	"context"
	"syscall"
	"time"

	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// serverUse is the processor time of a server so far.
type serverUse struct {
	used  time.Duration
	known bool
}

func readServer(t *target.Target) (u serverUse) {
	u.used, u.known = t.CPU()
	return u
}

// since puts into a sample what was used since before.
func (u serverUse) since(before serverUse, s *result.Sample) {
	if u.known && before.known && u.used >= before.used {
		used := (u.used - before.used).Seconds()
		s.ServerCPUSeconds = &used
	}
}

// driverUse is the processor time of this process so far.
func driverUse() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano()) + time.Duration(r.Stime.Nano())
}

// logged is what a server has written to its log so far. PostgreSQL's processes tell
// of theirs when they end, or once a second: it is asked for while none draws.
type logged struct {
	records, syncs int64
	known          bool
}

func readLog(ctx context.Context, t *target.Target) (l logged) {
	if t.Info.LogUnknown == "" {
		var err error
		l.records, l.syncs, err = t.Log(ctx)
		l.known = err == nil
	}
	return l
}

func (l logged) since(before logged, s *result.Sample) {
	if records, syncs := l.records-before.records, l.syncs-before.syncs; l.known && before.known && records >= 0 && syncs >= 0 {
		s.LogRecords, s.LogSyncs = &records, &syncs
	}
}
