package pgtypes

import (
	"math"
	"strconv"
	"strings"
)

// Snapshot is a pg_snapshot: transactions before Min have ended, those from Max on are
// to come, those in Running were running.
type Snapshot struct {
	Min, Max uint64
	Running  []uint64 // in order
}

// String is the text form.
func (s Snapshot) String() string {
	running := make([]string, len(s.Running))
	for i, id := range s.Running {
		running[i] = strconv.FormatUint(id, 10)
	}
	return strconv.FormatUint(s.Min, 10) + ":" + strconv.FormatUint(s.Max, 10) + ":" + strings.Join(running, ",")
}

// ParseSnapshot reads the text form (PostgreSQL's parse_snapshot): IDs are in order and
// between the edges, one that comes twice counts once. typ names the type in the error.
func ParseSnapshot(typ, text string) (Snapshot, error) {
	var s Snapshot
	bad := invalidSyntax(typ, text)
	edges := strings.SplitN(text, ":", 3)
	if len(edges) != 3 {
		return s, bad
	}
	var okMin, okMax bool
	s.Min, okMin = snapshotID(edges[0])
	s.Max, okMax = snapshotID(edges[1])
	if !okMin || !okMax || s.Min == 0 || s.Max < s.Min {
		return s, bad
	}
	list := strings.TrimSuffix(edges[2], ",")
	if edges[2] == "" {
		return s, nil
	}
	last := uint64(0)
	for _, one := range strings.Split(list, ",") {
		id, ok := snapshotID(one)
		if !ok || id < s.Min || id >= s.Max || id < last {
			return s, bad
		}
		if id != last {
			s.Running = append(s.Running, id)
		}
		last = id
	}
	return s, nil
}

// snapshotID reads a number as C's strtoull does, which takes spaces and a sign.
func snapshotID(s string) (uint64, bool) {
	id, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimLeft(s, spaces), "+"), 10, 64)
	return id, err == nil && id <= math.MaxInt64
}

// Visible tells whether a transaction had ended.
func (s Snapshot) Visible(id uint64) bool {
	if id < s.Min {
		return true
	}
	if id >= s.Max {
		return false
	}
	for _, r := range s.Running {
		if r == id {
			return false
		}
	}
	return true
}
