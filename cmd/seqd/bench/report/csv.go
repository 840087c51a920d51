package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"seqd/cmd/seqd/bench/result"
)

// csvColumns: one row a sample, so that any program can group and sum as it likes.
// Times are in seconds. What was not measured is empty.
var csvColumns = []struct {
	name string
	of   func(*result.Run, *result.Sample) string
}{
	{"target", func(r *result.Run, s *result.Sample) string { return r.Targets[s.Target].Name }},
	{"kind", func(r *result.Run, s *result.Sample) string { return r.Targets[s.Target].Kind }},
	{"version", func(r *result.Run, s *result.Sample) string { return r.Targets[s.Target].Version }},
	{"nodes", func(r *result.Run, s *result.Sample) string {
		if n := r.Targets[s.Target].Nodes; n > 0 {
			return strconv.Itoa(n)
		}
		return ""
	}},
	{"prelog_max", func(r *result.Run, s *result.Sample) string {
		if p := r.Targets[s.Target].PrelogMax; p != nil {
			return strconv.FormatUint(*p, 10)
		}
		return ""
	}},
	{"cache", func(r *result.Run, s *result.Sample) string { return integer(r.Points[s.Point].Cache) }},
	{"clients", func(r *result.Run, s *result.Sample) string { return strconv.Itoa(r.Points[s.Point].Clients) }},
	{"protocol", func(r *result.Run, s *result.Sample) string { return r.Points[s.Point].Protocol }},
	{"depth", func(r *result.Run, s *result.Sample) string { return strconv.Itoa(r.Points[s.Point].Depth) }},
	{"batch", func(r *result.Run, s *result.Sample) string { return strconv.Itoa(r.Points[s.Point].Batch) }},
	{"session", func(r *result.Run, s *result.Sample) string { return r.Points[s.Point].Session }},
	{"every", func(r *result.Run, s *result.Sample) string { return strconv.Itoa(r.Points[s.Point].Every) }},
	{"round", func(_ *result.Run, s *result.Sample) string { return strconv.Itoa(s.Round) }},
	{"values", func(_ *result.Run, s *result.Sample) string { return integer(s.Values) }},
	{"drawn", func(_ *result.Run, s *result.Sample) string { return integer(s.Drawn) }},
	{"statements", func(_ *result.Run, s *result.Sample) string { return integer(s.Statements) }},
	{"seconds", func(_ *result.Run, s *result.Sample) string { return float(s.Seconds) }},
	{"values_per_second", func(_ *result.Run, s *result.Sample) string { return float(s.ValuesPerSecond()) }},
	{"latency_p50", csvLatency(0.5)},
	{"latency_p90", csvLatency(0.9)},
	{"latency_p99", csvLatency(0.99)},
	{"latency_p99_9", csvLatency(0.999)},
	{"latency_max", csvLatency(1)},
	{"server_cpu_seconds", func(_ *result.Run, s *result.Sample) string {
		if s.ServerCPUSeconds == nil {
			return ""
		}
		return float(*s.ServerCPUSeconds)
	}},
	{"driver_cpu_seconds", func(_ *result.Run, s *result.Sample) string { return float(s.DriverCPUSeconds) }},
	{"log_records", func(_ *result.Run, s *result.Sample) string { return optional(s.LogRecords) }},
	{"log_syncs", func(_ *result.Run, s *result.Sample) string { return optional(s.LogSyncs) }},
	{"session_ends", func(_ *result.Run, s *result.Sample) string { return integer(s.SessionEnds) }},
	{"discards", func(_ *result.Run, s *result.Sample) string { return integer(s.Discards) }},
	{"lost_session_end", func(_ *result.Run, s *result.Sample) string { return optional(s.Lost.SessionEnd) }},
	{"lost_discard", func(_ *result.Run, s *result.Sample) string { return optional(s.Lost.Discard) }},
	{"lost_kill", func(_ *result.Run, s *result.Sample) string { return optional(s.Lost.Kill) }},
	{"out_of_order", func(_ *result.Run, s *result.Sample) string { return integer(s.OutOfOrder) }},
	{"errors", func(_ *result.Run, s *result.Sample) string {
		var n int64
		for _, e := range s.Errors {
			n += e.Count
		}
		return integer(n)
	}},
}

// CSV writes the samples of a run, in the order in which they were taken.
func CSV(w io.Writer, r *result.Run) error {
	out := csv.NewWriter(w)
	row := make([]string, len(csvColumns))
	for i, c := range csvColumns {
		row[i] = c.name
	}
	_ = out.Write(row) // what fails here is said by Error
	for i := range r.Samples {
		for j, c := range csvColumns {
			row[j] = c.of(r, &r.Samples[i])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func csvLatency(q float64) func(*result.Run, *result.Sample) string {
	return func(_ *result.Run, s *result.Sample) string {
		switch {
		case s.Latency.TotalCount() == 0:
			return ""
		case q == 1:
			return float(s.Latency.Slowest().Seconds())
		}
		return float(s.Latency.Quantile(q).Seconds())
	}
}

func integer(n int64) string { return strconv.FormatInt(n, 10) }

func optional(n *int64) string {
	if n == nil {
		return ""
	}
	return integer(*n)
}

func float(f float64) string { return strconv.FormatFloat(f, 'g', 7, 64) }
