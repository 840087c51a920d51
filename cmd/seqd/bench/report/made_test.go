package report

import (
	"math"
	"time"

	"seqd/cmd/seqd/bench/result"
)

func pointer[T any](v T) *T { return &v }

// made is a run that nobody measured, with the shapes that real ones have: rates that
// grow with CACHE up to a knee, losses that grow with it, a target that dies in the
// middle and one that was never reached. Equal calls give equal runs.
func made() *result.Run {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r := &result.Run{
		Format: result.Format, Seqd: "0.1.0", Started: at, Finished: at.Add(100 * time.Second),
		Command:  []string{"--html", "report.html", "postgres=host=127.0.0.1 port=5432"},
		Settings: result.Settings{Preset: "cache", Rounds: 5, SecondsPerCell: 1, WarmupSeconds: 0.2, Kill: true},
		Machine: result.Machine{CPUs: 2, Model: "Example 3000 at 2.5 GHz", MemoryBytes: 24 << 30, Kernel: "6.1.0",
			OS: "linux/amd64, Debian 12", Go: "go1.26"},
		Targets: []result.Target{
			{Name: "seqd", DSN: "host=127.0.0.1 port=40001", Kind: "seqd", Version: "PostgreSQL 15.18 (seqd)", Local: true, Own: true, Nodes: 1},
			{Name: "postgres", DSN: "host=127.0.0.1 port=5432", Kind: "PostgreSQL", Version: "15.18", Local: true,
				LogUnknown: "the role may not read pg_stat_wal"},
			{Name: "pgbouncer", DSN: "host=127.0.0.1 port=6432", Kind: "PostgreSQL", Version: "15.18", Local: true,
				CPUUnknown: "its process is not known", LogUnknown: "behind a pooler", Problem: "the server closed the connection"},
			{Name: "far", DSN: "host=127.0.0.9 port=1", Problem: "connect to 127.0.0.9:1: connection refused"},
		},
	}
	for _, clients := range []int{1, 8} {
		for _, cache := range []int64{1, 4, 16, 64, 256, 1024} {
			r.Points = append(r.Points, result.Point{Cache: cache, Clients: clients, Protocol: result.Prepared, Depth: 1, Batch: 1,
				Session: result.Discard, Every: 100})
		}
	}
	for round := 1; round <= r.Settings.Rounds; round++ {
		for p := range r.Points {
			for t := range r.Targets[:3] {
				if t == 2 && (p > 8 || round > 3) {
					continue // dead
				}
				r.Samples = append(r.Samples, madeSample(r.Points[p], t, p, round))
			}
		}
	}
	return r
}

func madeSample(at result.Point, target, point, round int) result.Sample {
	// A rate that a fixed cost per fetch limits: v/(own + fetch/CACHE).
	own, fetch := 22.0, 3.0 // µs
	switch target {
	case 1:
		own, fetch = 28, 45
	case 2:
		own, fetch = 60, 45
	}
	noise := 1 + 0.03*math.Sin(float64(7*round+3*point+target))
	each := (own + fetch/float64(at.Cache)) * noise
	rate := 1e6 / each * math.Pow(float64(at.Clients), 0.5)
	s := result.Sample{Target: target, Point: point, Round: round, Seconds: 1, Values: int64(rate), Drawn: int64(rate * 1.2), Statements: int64(rate),
		Latency: result.NewLatency(), DriverCPUSeconds: 0.9, SessionEnds: int64(at.Clients), Discards: int64(rate) / int64(at.Every)}
	middle := each * math.Sqrt(float64(at.Clients))
	for i := range 2000 {
		// A long tail: log-normal by its quantiles.
		z := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/2000-1)
		s.Latency.Record(time.Duration(middle*math.Exp(0.4*z+0.05*max(z, 0)*z*z)*1e3), 1)
	}
	if target != 2 {
		s.ServerCPUSeconds = pointer(rate * each * 0.6e-6)
	}
	if target == 0 {
		s.LogRecords, s.LogSyncs = pointer(int64(12)), pointer(int64(9))
		s.Lost.Kill = pointer(int64(rate / 4))
	}
	left := max(at.Cache-int64(at.Every)%max(at.Cache, 2), 0) % max(at.Cache, 1)
	s.Lost.SessionEnd = pointer(left * s.SessionEnds / 2)
	s.Lost.Discard = pointer(left * s.Discards)
	s.OutOfOrder = int64(float64(s.Values) * min(float64(at.Clients-1)*float64(at.Cache-1)/4e4, 0.5))
	if target == 2 && round == 3 && point == 8 {
		s.Errors = []result.Error{{SQLState: "57P01", Message: "terminating connection due to administrator command", Count: 7},
			{Message: "unexpected EOF", Count: 1}}
	}
	return s
}
