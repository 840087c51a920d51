package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// cluster measures three nodes on this machine's disk.
func (s *suite) cluster() error {
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 3, DataDir: filepath.Join(s.folder, "cluster")})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.AwaitVoters(); err != nil {
		return err
	}
	at, err := c.Leader()
	if err != nil {
		return err
	}
	if err := execute(c.DSN(at), "CREATE SEQUENCE s"); err != nil {
		return err
	}
	if err := c.AwaitApplied(); err != nil {
		return err
	}
	leader := &server{name: "leader", addr: c.Nodes[at].Addr(), pids: []int{c.Nodes[at].PID()}}
	other := c.Nodes[(at+1)%3]
	// Whoever asks the follower, it is the leader's processor time that counts.
	follower := &server{name: "follower", addr: other.Addr(), pids: leader.pids}
	alone, err := s.start([]string{ephemeral})
	if err != nil {
		return err
	}
	if err := s.hot(c, at, leader, alone[0]); err != nil {
		return err
	}
	return s.follower(leader, follower)
}

// hot compares one hot sequence on three nodes with one in the memory of a single node.
func (s *suite) hot(c *seqdserver.Cluster, at int, leader, alone *server) error {
	m := samples{}
	for range s.rounds {
		for _, v := range []*server{leader, alone} {
			if s.stopped.Load() {
				return errStopped
			}
			f, err := s.pgbench(v, 32, 1)
			if err != nil {
				return err
			}
			s.record(m, "Hot32", v.name, f)
		}
		// The log is written by the time, not by the value: at the highest rate there is.
		before, err := committed(c, at)
		if err != nil {
			return err
		}
		began := time.Now()
		_, f, err := s.drive(leader, drive.Load{Clients: 8, Protocol: result.Pipelined, Depth: 100, Batch: 1})
		if err != nil {
			return err
		}
		after, err := committed(c, at)
		if err != nil {
			return err
		}
		f["entries/s"] = float64(after-before) / time.Since(began).Seconds()
		s.record(m, "HotLean", "leader lean", f)
	}
	mem, usedMem := m.of(alone.name, rateUnit), m.of(alone.name, cpuUnit)
	s.rows = append(s.rows,
		row{name: "values/s, one hot sequence on three nodes with fsync, 32 clients", figure: m.of(leader.name, rateUnit),
			targets: []target{{value: 0.95 * mem, text: fmt.Sprintf("≥ 0.95 × ephemeral single node (%s)", short(mem))}}},
		row{name: "leader CPU s per million values of it", figure: m.of(leader.name, cpuUnit),
			targets: []target{{value: usedMem / 0.95, less: true, text: fmt.Sprintf("≤ ephemeral single node (%s) / 0.95", short(usedMem))}}},
		row{name: fmt.Sprintf("raft entries/s for one hot sequence, at %s values/s", short(m.of("leader lean", rateUnit))), figure: m.of("leader lean", "entries/s"),
			targets: []target{{value: 20, less: true}}})
	return nil
}

// follower compares what the leader pays for values that are drawn by way of a follower.
func (s *suite) follower(leader, follower *server) error {
	m := samples{}
	for range s.rounds {
		for _, v := range []*server{leader, follower} {
			if s.stopped.Load() {
				return errStopped
			}
			f, err := s.pgbench(v, 32, 1)
			if err != nil {
				return err
			}
			s.record(m, "By32", v.name, f)
			if f, err = s.pgbench(v, 8, 100); err != nil {
				return err
			}
			s.record(m, "ByPipeline", v.name+" pipelined", f)
		}
	}
	direct := m.of("leader", cpuUnit)
	s.rows = append(s.rows,
		row{name: "leader CPU s per million values drawn through a follower, 32 clients", figure: m.of("follower", cpuUnit),
			targets: []target{{value: 0.25 * direct, less: true, text: fmt.Sprintf("≤ 0.25 × directly (%s)", short(direct))}}},
		row{name: "values/s through a follower, 32 clients", figure: m.of("follower", rateUnit),
			note: fmt.Sprintf("directly %s", short(m.of("leader", rateUnit)))},
		row{name: "values/s through a follower, pipelined ×100, 8 clients", figure: m.of("follower pipelined", rateUnit),
			note: fmt.Sprintf("directly %s; leader CPU %s s per million, directly %s", short(m.of("leader pipelined", rateUnit)),
				short(m.of("follower pipelined", cpuUnit)), short(m.of("leader pipelined", cpuUnit)))})
	return nil
}

var committedLine = regexp.MustCompile(`(?m)^committed: +([0-9]+)`)

// committed is how many entries the log has.
func committed(c *seqdserver.Cluster, node int) (int64, error) {
	out, err := c.Command(node, "status")
	m := committedLine.FindStringSubmatch(out)
	if err != nil || m == nil {
		return 0, errors.Join(err, fmt.Errorf("no number of entries in %q", out))
	}
	return strconv.ParseInt(m[1], 10, 64)
}
