package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
)

// everybody is compared where everybody can do the same.
var everybody = []string{seqdDisk, postgres, redis, nullRaw, nullProto}

func (s *suite) prepared() error {
	const clients = 32
	m, err := s.inTurn("Prepared32", everybody, func(v *server) (map[string]float64, error) {
		if v.name == redis {
			f, _, err := s.incr(v, clients, 1)
			return f, err
		}
		return s.pgbench(v, clients, 1)
	})
	if err != nil {
		return err
	}
	s.compare(m, "server CPU s per million values, prepared, 32 clients", cpuUnit, atMost(1.1, nullRaw))
	s.compare(m, "values/s, prepared, 32 clients", rateUnit, atLeast(0.9, nullRaw))
	return nil
}

func (s *suite) pipelined() error {
	const clients, depth = 8, 100
	m, err := s.inTurn("Pipelined100", everybody, func(v *server) (map[string]float64, error) {
		if v.name == redis {
			f, _, err := s.incr(v, clients, depth)
			return f, err
		}
		return s.pgbench(v, clients, depth)
	})
	if err != nil {
		return err
	}
	s.compare(m, "server CPU s per million values, pipelined ×100, 8 clients (pgbench)", cpuUnit, atMost(1.6, nullRaw))
	return nil
}

func (s *suite) lean() error {
	const clients, depth = 8, 100
	m, err := s.inTurn("Lean100", everybody, func(v *server) (map[string]float64, error) {
		if v.name == redis {
			f, _, err := s.incr(v, clients, depth)
			return f, err
		}
		_, f, err := s.drive(v, drive.Load{Clients: clients, Protocol: result.Pipelined, Depth: depth, Batch: 1})
		return f, err
	})
	if err != nil {
		return err
	}
	s.compare(m, "values/s, pipelined ×100 by a lean client, 8 connections", rateUnit, atLeast(0.5, nullRaw), atLeast(12, postgres))
	return nil
}

func (s *suite) series() error {
	m, err := s.inTurn("Series1000", []string{seqdDisk, postgres, nullRaw, nullProto}, func(v *server) (map[string]float64, error) {
		_, f, err := s.drive(v, drive.Load{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1000})
		return f, err
	})
	if err != nil {
		return err
	}
	s.compare(m, "values/s, generate_series(1,1000), 8 clients", rateUnit, atLeast(0.7, nullRaw))
	return nil
}

// latency has client and server on one core: else the time that an idle core takes to
// wake up is most of what is measured.
func (s *suite) latency() error {
	m, err := s.inTurn("Latency1", everybody, func(v *server) (map[string]float64, error) {
		unpin, err := pin(append([]int{os.Getpid()}, v.pids...))
		defer unpin()
		if err != nil {
			return nil, err
		}
		if v.name == redis {
			_, l, err := s.incr(v, 1, 1)
			return percentiles(l), err
		}
		t, _, err := s.drive(v, drive.Load{Clients: 1, Protocol: result.Prepared, Depth: 1, Batch: 1})
		if err != nil {
			return nil, err
		}
		return percentiles(t.Latency), nil
	})
	if err != nil {
		return err
	}
	s.compare(m, "p50 µs, one connection, durable, one core", p50Unit, atMost(1.1, nullRaw))
	s.compare(m, "p99 µs, one connection, durable, one core", p99Unit, atMost(1.3, nullRaw))
	return nil
}

func percentiles(l *result.Latency) map[string]float64 {
	if l == nil {
		return nil
	}
	us := func(q float64) float64 { return float64(l.Quantile(q)) / float64(time.Microsecond) }
	return map[string]float64{p50Unit: us(0.5), p99Unit: us(0.99)}
}

// pin ties processes to one core, until unpin.
func pin(pids []int) (unpin func(), err error) {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return func() {}, err
	}
	for i := range len(all) * 64 {
		if all.IsSet(i) {
			one.Set(i)
			break
		}
	}
	set := func(mask *unix.CPUSet) error {
		for _, pid := range pids {
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
			for _, t := range tasks {
				id, _ := strconv.Atoi(filepath.Base(t))
				// A thread that has just ended needs no pinning.
				if err := unix.SchedSetaffinity(id, mask); err != nil && err != unix.ESRCH {
					return fmt.Errorf("one core: %w", err)
				}
			}
		}
		return nil
	}
	return func() { _ = set(&all) }, set(&one)
}

// idleConns is how many connections are opened, enough for what a server needs once to be
// little of it; PostgreSQL's processes need too much memory for so many.
const idleConns, idleConnsPostgres = 4000, 200

// idleSettled is when seqd has parked the connections and given back what they needed.
const idleSettled = 12 * time.Second

// idle opens connections each of which draws one value and then stays.
func (s *suite) idle() error {
	names := []string{seqdDisk, postgres, nullRaw, nullProto}
	s.restart(names) // what they did before has left its mark
	rounds := s.rounds
	s.rounds = 1
	defer func() { s.rounds = rounds }()
	m, err := s.inTurn("Idle", names, func(v *server) (map[string]float64, error) {
		n := idleConns
		if v.name == postgres {
			n = idleConnsPostgres
		}
		first, err := openIdle(v.addr, 1) // what the server needs for any at all
		defer closeAll(first)
		if err != nil {
			return nil, err
		}
		time.Sleep(time.Second)
		before := memory(v.pids)
		conns, err := openIdle(v.addr, n)
		defer closeAll(conns)
		if err != nil {
			return nil, err
		}
		time.Sleep(idleSettled)
		return map[string]float64{bytesUnit: (memory(v.pids) - before) / (1 << 20) / float64(n) * 1000}, nil
	})
	if err != nil {
		return err
	}
	s.compare(m, "MiB per 1,000 idle connections (of 4,000; PostgreSQL of 200)", bytesUnit, target{value: 6, less: true})
	return nil
}

// restart has servers begin anew at their next use.
func (s *suite) restart(names []string) {
	for _, name := range names {
		if v := s.running[name]; v != nil {
			v.stop()
			delete(s.running, name)
			if name == seqdDisk {
				_ = os.RemoveAll(filepath.Join(s.folder, "seqd"))
			}
		}
	}
}

func (s *suite) connect() error {
	m, err := s.inTurn("Connect", []string{seqdDisk, postgres, nullRaw, nullProto}, func(v *server) (map[string]float64, error) {
		_, f, err := s.drive(v, drive.Load{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Reconnect, Every: 1})
		return f, err
	})
	if err != nil {
		return err
	}
	s.compare(m, "connect + one value, per second (trust), 8 clients", rateUnit, atLeast(0.9, nullRaw))
	return nil
}
