package admin

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// metric is one figure of a State.
type metric struct {
	desc    *prometheus.Desc
	counter bool
	of      func(*State) float64
}

func gauge(name, help string, of func(*State) float64) metric {
	return metric{prometheus.NewDesc("seqd_"+name, help, nil, nil), false, of}
}

func counter(name, help string, of func(*State) float64) metric {
	return metric{prometheus.NewDesc("seqd_"+name+"_total", help, nil, nil), true, of}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var metrics = []metric{
	gauge("sessions", "Sessions that are logged in.", func(s *State) float64 { return float64(s.Sessions) }),
	gauge("connections_pending", "Connections that are not logged in yet.", func(s *State) float64 { return float64(s.Pending) }),
	counter("connections", "Connections accepted.", func(s *State) float64 { return float64(s.Accepted) }),
	counter("statements", "Statements begun.", func(s *State) float64 { return float64(s.Statements) }),
	counter("values", "Sequence values given to sessions of this node.", func(s *State) float64 { return float64(s.Values) }),
	gauge("raft_term", "Term of the newest leadership that the node knows of.", func(s *State) float64 { return float64(s.Term) }),
	gauge("raft_leader", "1 if this node leads and serves.", func(s *State) float64 { return truth(s.Leads) }),
	gauge("raft_leader_silence_seconds", "Time since the node heard from a leader; 0 if it leads.", func(s *State) float64 {
		if s.Silence == math.MaxInt64 {
			return math.Inf(1)
		}
		return s.Silence.Seconds()
	}),
	gauge("raft_last_index", "Last entry of the node's log.", func(s *State) float64 { return float64(s.LastIndex) }),
	gauge("raft_commit_index", "Last entry that is known to be committed.", func(s *State) float64 { return float64(s.Commit) }),
	gauge("raft_applied_index", "Last entry that the state machine has applied.", func(s *State) float64 { return float64(s.Applied) }),
	gauge("raft_apply_lag", "Entries that are committed and not applied yet.", func(s *State) float64 {
		return float64(s.Commit - min(s.Commit, s.Applied))
	}),
	gauge("raft_snapshot_index", "Last entry in the newest snapshot.", func(s *State) float64 { return float64(s.Snapshot) }),
	gauge("lease_held", "1 if the node may hand out values from memory at the moment; an idle leader lets its lease run out.", func(s *State) float64 { return truth(s.Lease) }),
	gauge("log_stalled", "1 if the log waits for disk space.", func(s *State) float64 { return truth(s.Stalled) }),
	counter("log_entries", "Entries written to the log of this node.", func(s *State) float64 { return float64(s.LogEntries) }),
	counter("log_bytes", "Bytes of these entries.", func(s *State) float64 { return float64(s.LogBytes) }),
	counter("log_syncs", "Times that the log was made durable (fsync).", func(s *State) float64 { return float64(s.LogSyncs) }),
	counter("refills", "Reservations of values made while this node led.", func(s *State) float64 { return float64(s.Refills) }),
	counter("reserved_values", "Values in these reservations.", func(s *State) float64 { return float64(s.Reserved) }),
}

var (
	errorsDesc = prometheus.NewDesc("seqd_errors_total", "Errors that clients were told, by class of SQLSTATE.", []string{"class"}, nil)
	infoDesc   = prometheus.NewDesc("seqd_info", "Version of seqd, and who leads as far as this node knows.", []string{"version", "leader"}, nil)
)

// collector asks for a State at each scrape.
type collector struct{ Config }

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range metrics {
		to <- m.desc
	}
	to <- errorsDesc
	to <- infoDesc
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	s := c.State()
	for _, m := range metrics {
		kind := prometheus.GaugeValue
		if m.counter {
			kind = prometheus.CounterValue
		}
		to <- prometheus.MustNewConstMetric(m.desc, kind, m.of(&s))
	}
	for class, n := range s.Errors {
		to <- prometheus.MustNewConstMetric(errorsDesc, prometheus.CounterValue, float64(n), class)
	}
	to <- prometheus.MustNewConstMetric(infoDesc, prometheus.GaugeValue, 1, c.Version, s.Leader)
}
