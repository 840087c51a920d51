package bench

import (
	"context"
	"syscall"
	"time"

	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// use is the processor time of a server and of this process so far.
type use struct {
	server      float64
	serverKnown bool
	driver      float64
}

func readUse(t *target.Target) (u use) {
	u.server, u.serverKnown = t.CPU()
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) == nil {
		u.driver = (time.Duration(r.Utime.Nano()) + time.Duration(r.Stime.Nano())).Seconds()
	}
	return u
}

// since puts into a sample what was used since before.
func (u use) since(before use, s *result.Sample) {
	s.DriverCPUSeconds = u.driver - before.driver
	if u.serverKnown && before.serverKnown && u.server >= before.server {
		used := u.server - before.server
		s.ServerCPUSeconds = &used
	}
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
