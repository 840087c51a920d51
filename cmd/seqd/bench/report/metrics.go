package report

import "seqd/cmd/seqd/bench/result"

// metric is a number of one sample, as statistics over rounds need it.
type metric struct {
	unit   string // as Go's benchmarks write units; seconds, not their parts
	name   string // for people
	better string // higher, lower
	show   func(float64) string
	of     func(*result.Sample) (value float64, measured bool)
}

var metrics = []metric{
	{"values/s", "values/s", "higher", whole, func(s *result.Sample) (float64, bool) { return s.ValuesPerSecond(), s.Seconds > 0 }},
	{"p50-sec", "p50", "lower", secondsShown, latencyOf(0.5)},
	{"p99-sec", "p99", "lower", secondsShown, latencyOf(0.99)},
	{"p99.9-sec", "p99.9", "lower", secondsShown, latencyOf(0.999)},
	{"CPU-sec/Mvalues", "CPU s per million values", "lower", digits,
		func(s *result.Sample) (float64, bool) { return per(s.Values, 1e6, s.ServerCPUSeconds) }},
	{"records/kvalues", "log records per 1000 values", "lower", digits,
		func(s *result.Sample) (float64, bool) { return per(s.Drawn, 1e3, s.LogRecords) }},
	{"syncs/kvalues", "syncs per 1000 values", "lower", digits,
		func(s *result.Sample) (float64, bool) { return per(s.Drawn, 1e3, s.LogSyncs) }},
	{"lost/kvalues", "lost per 1000 values", "lower", digits, func(s *result.Sample) (float64, bool) {
		n, ok := lostBySessions(s)
		of, some := per(s.Drawn, 1e3, &n)
		return of, ok && some
	}},
	{"killed/kill", "lost per kill", "lower", digits, func(s *result.Sample) (float64, bool) { return deref(s.Lost.Kill) }},
}

func latencyOf(q float64) func(*result.Sample) (float64, bool) {
	return func(s *result.Sample) (float64, bool) {
		return s.Latency.Quantile(q).Seconds(), s.Latency.TotalCount() > 0
	}
}

// per is what there was of something per so many of the values that it belongs to.
func per[T int64 | float64](values int64, scale float64, p *T) (float64, bool) {
	n, ok := deref(p)
	return scale * n / float64(max(values, 1)), ok && values > 0
}
