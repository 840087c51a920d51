// Package result is what one run of `seqd bench` has measured, and its file: JSON
// with a format number. It measures nothing and prints nothing; the package that
// measures fills a Run, those that report read one.
package result

import (
	"fmt"
	"time"
)

// Format is the newest format of the file. It grows whenever an older seqd would
// misunderstand, or not know, what a newer one has written.
const Format = 1

// Run is one run: several targets, each measured at the same points in several rounds.
type Run struct {
	Format      int       `json:"format"`
	Seqd        string    `json:"seqd"` // version of the seqd that measured
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
	Command     []string  `json:"command"` // the arguments after seqd bench, without passwords
	Settings    Settings  `json:"settings"`
	Machine     Machine   `json:"machine"`
	Interrupted bool      `json:"interrupted,omitempty"` // the user stopped it: rounds or points are missing
	Targets     []Target  `json:"targets"`               // the first is the one that others are compared with
	Points      []Point   `json:"points"`                // in the order in which they are to be shown
	Samples     []Sample  `json:"samples"`               // in the order in which they were taken
}

// Settings say how it was measured.
type Settings struct {
	Preset         string  `json:"preset,omitempty"`
	Rounds         int     `json:"rounds"`
	SecondsPerCell float64 `json:"seconds_per_cell"` // of one sample, without its warm-up
	WarmupSeconds  float64 `json:"warmup_seconds"`   // before each sample, not counted
	Kill           bool    `json:"kill,omitempty"`   // own servers were killed after each sample
}

// Machine is where the driver ran, and so every target that is Local.
type Machine struct {
	CPUs        int    `json:"cpus"`
	Model       string `json:"model,omitempty"` // of the processor
	MemoryBytes int64  `json:"memory_bytes,omitempty"`
	Kernel      string `json:"kernel,omitempty"`
	OS          string `json:"os"` // GOOS/GOARCH, and the distribution where known
	Go          string `json:"go"` // that the driver was built with
}

// Target is a server. Own servers that differ in their pre-log bound or their number
// of nodes are targets of their own.
type Target struct {
	Name    string `json:"name"` // given by the user, or made from the DSN; no two are equal
	DSN     string `json:"dsn"`  // without password
	Kind    string `json:"kind"` // seqd, PostgreSQL, CockroachDB, YugabyteDB; "" if it was never reached
	Version string `json:"version,omitempty"`
	Local   bool   `json:"local"`           // it runs on this machine
	Own     bool   `json:"own,omitempty"`   // started for the run, data in a folder thrown away
	Nodes   int    `json:"nodes,omitempty"` // of an own one; 0: unknown
	// PrelogMax is the most values that an own seqd reserves ahead under load; nil:
	// its default, or not an own one.
	PrelogMax *uint64 `json:"prelog_max,omitempty"`
	// CPUUnknown says why samples have no ServerCPUSeconds; "" if they have.
	CPUUnknown string `json:"cpu_unknown,omitempty"`
	// LogUnknown says why samples have no LogRecords and LogSyncs; "" if they have.
	LogUnknown string `json:"log_unknown,omitempty"`
	// Problem is what ended this target's part of the run too early, or kept it from
	// beginning: "" if nothing did. What was measured before is kept.
	Problem string `json:"problem,omitempty"`
}

// Protocols, as Point.Protocol has them.
const (
	Simple    = "simple"    // Query
	Extended  = "extended"  // Parse, Bind, Execute, Sync for every statement
	Prepared  = "prepared"  // Parse once; Bind, Execute, Sync for every statement
	Pipelined = "pipelined" // prepared, Depth statements sent before the first answer is read
)

// Session styles, as Point.Session has them.
const (
	Long      = "long"      // each client has one session for the whole sample
	Reconnect = "reconnect" // a new session every Every statements on average
	Discard   = "discard"   // DISCARD ALL every Every statements on average, as poolers do between clients
)

// Point is one cell of the grid.
type Point struct {
	Cache    int64  `json:"cache"` // CACHE of the sequence
	Clients  int    `json:"clients"`
	Protocol string `json:"protocol"`
	Depth    int    `json:"depth"` // statements under way per client; 1 unless pipelined
	Batch    int    `json:"batch"` // values a statement
	Session  string `json:"session"`
	Every    int    `json:"every,omitempty"` // statements, evenly from 1 to 2·Every-1; 0 for long sessions
}

// Sample is one target at one point in one round. What is nil was not measured.
type Sample struct {
	Target int `json:"target"` // index in Run.Targets
	Point  int `json:"point"`  // index in Run.Points
	Round  int `json:"round"`  // from 1

	Values int64 `json:"values"` // received in Seconds
	// Drawn is what was received in all, with the warm-up: what SessionEnds, Discards,
	// Lost, LogRecords and LogSyncs belong to.
	Drawn      int64   `json:"drawn"`
	Statements int64   `json:"statements"` // answered without an error
	Seconds    float64 `json:"seconds"`    // by the clock, from the first statement sent to the last answer
	// Latency of statements, each from being sent to its last answer. Those of one
	// pipeline are sent together.
	Latency *Latency `json:"latency"`

	ServerCPUSeconds *float64 `json:"server_cpu_seconds,omitempty"` // user and system, all of the server's processes
	DriverCPUSeconds float64  `json:"driver_cpu_seconds"`           // of this process, which has the clients
	// LogRecords is how many records the server wrote to its log (raft entries of
	// seqd; WAL records of PostgreSQL), LogSyncs how often it made a log durable (fsync).
	// Of a cluster they are those of the node that a DSN leads to first.
	LogRecords *int64 `json:"log_records,omitempty"`
	LogSyncs   *int64 `json:"log_syncs,omitempty"`

	SessionEnds int64 `json:"session_ends"` // of sessions that had drawn, the last ones included
	Discards    int64 `json:"discards"`     // DISCARD ALL of sessions that had drawn
	Lost        Lost  `json:"lost"`
	// OutOfOrder values are smaller than one that somebody had received before their
	// statement was sent.
	OutOfOrder int64   `json:"out_of_order"`
	Errors     []Error `json:"errors,omitempty"` // most frequent first
}

// Lost is how many values of the sequence nobody has received, and never will, by
// cause.
type Lost struct {
	SessionEnd *int64 `json:"session_end,omitempty"`
	Discard    *int64 `json:"discard,omitempty"`
	Kill       *int64 `json:"kill,omitempty"` // the server was killed (-9) under this load, afterwards
}

// Error counts the failures of one kind.
type Error struct {
	SQLState string `json:"sqlstate,omitempty"` // "": not of the server: the connection failed
	Message  string `json:"message"`
	Count    int64  `json:"count"`
}

// ValuesPerSecond is the rate.
func (s *Sample) ValuesPerSecond() float64 {
	if s.Seconds <= 0 {
		return 0
	}
	return float64(s.Values) / s.Seconds
}

// Total is the sum of the losses that were measured; false if none was.
func (l Lost) Total() (sum int64, measured bool) {
	for _, n := range []*int64{l.SessionEnd, l.Discard, l.Kill} {
		if n != nil {
			sum, measured = sum+*n, true
		}
	}
	return sum, measured
}

// String describes a point in words.
func (p Point) String() string {
	text := fmt.Sprintf("cache %d, %d clients, %s", p.Cache, p.Clients, p.Protocol)
	if p.Clients == 1 {
		text = fmt.Sprintf("cache %d, 1 client, %s", p.Cache, p.Protocol)
	}
	if p.Depth > 1 {
		text += fmt.Sprintf(" %d deep", p.Depth)
	}
	if p.Batch > 1 {
		text += fmt.Sprintf(", %d values a statement", p.Batch)
	}
	if p.Every > 0 {
		text += fmt.Sprintf(", %s every %d", p.Session, p.Every)
	}
	return text
}

// At returns the samples of a target at a point, by round.
func (r *Run) At(target, point int) []*Sample {
	var list []*Sample
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Target == target && s.Point == point {
			list = append(list, s)
		}
	}
	return list
}
