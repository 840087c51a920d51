package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/seqdserver"
)

const (
	manySequences = 1_000_000
	perCommit     = 10_000
	coldSequences = 10_000
	hotSequences  = 1000
)

// many measures a node with a million sequences.
func (s *suite) many() error {
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: 1, DataDir: filepath.Join(s.folder, "many")})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	v := &server{name: "many", addr: c.Nodes[0].Addr(), pids: []int{c.Nodes[0].PID()}}
	began := time.Now()
	if err := s.createMany(v); err != nil {
		return err
	}
	s.progress("%d sequences made in %s", manySequences, time.Since(began).Round(time.Second))
	m := samples{}
	if err := s.coldAndHot(c, v, m); err != nil {
		return err
	}
	calm, pause, took, err := s.pauseOfSnapshot(v)
	if err != nil {
		return err
	}
	time.Sleep(5 * time.Second) // what the snapshot needed is given back
	bytes := memory(v.pids)
	// The slower of a start after a clean stop and one after a kill.
	if err := c.Nodes[0].Kill9(); err != nil {
		return err
	}
	var starts []float64
	for range 2 {
		if err := c.Nodes[0].Restart(); err != nil {
			return err
		}
		starts = append(starts, c.Nodes[0].StartTime.Seconds())
		if err := c.Nodes[0].Stop(); err != nil {
			return err
		}
	}
	start := max(starts[0], starts[1])
	s.record(m, "Many", "many", map[string]float64{"MiB": bytes / (1 << 20), "start-s": start, "pause-ms": pause, "calm-ms": calm, "snapshot-s": took})
	s.rows = append(s.rows,
		row{name: "1,000,000 sequences: memory, MB", figure: bytes / 1e6, targets: []target{{value: 400, less: true}}},
		row{name: "1,000,000 sequences: start, s", figure: start, targets: []target{{value: 5, less: true}}},
		row{name: fmt.Sprintf("1,000,000 sequences: longest pause while snapshotting (%.1f s), ms", took), figure: pause,
			targets: []target{{value: 10, less: true, text: fmt.Sprintf("≤ 10 (as long without a snapshot: %s)", short(calm))}}})
	s.manyRows(m)
	return nil
}

func (s *suite) manyRows(m samples) {
	s.rows = append(s.rows,
		row{name: "values/s from 10,000 cold sequences, 32 clients", figure: m.of("cold", rateUnit),
			note: short(m.of("cold", "entries/kvalue")) + " raft entries per 1,000 values"},
		row{name: "values/s from 1,000 hot sequences, 32 clients", figure: m.of("hot", rateUnit),
			note: short(m.of("hot", "entries/s")) + " raft entries/s"})
}

// createMany makes the sequences q1, q2, …
func (s *suite) createMany(v *server) error {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, v.dsn())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE SEQUENCE s").ReadAll(); err != nil {
		return err
	}
	told := time.Now()
	for n := 0; n < manySequences; {
		var b strings.Builder
		for range perCommit {
			n++
			fmt.Fprintf(&b, "CREATE SEQUENCE q%d;", n)
		}
		if _, err := conn.Exec(ctx, b.String()).ReadAll(); err != nil {
			return err
		}
		if s.stopped.Load() {
			return errStopped
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			s.progress("%d of %d sequences made", n, manySequences)
		}
	}
	return nil
}

// coldAndHot draws from many sequences at random: at first each draw needs the log.
func (s *suite) coldAndHot(c *seqdserver.Cluster, v *server, m samples) error {
	for _, load := range []struct {
		name string
		of   int
	}{{"cold", coldSequences}, {"hot", hotSequences}, {"hot", hotSequences}} {
		before, err := committed(c, 0)
		if err != nil {
			return err
		}
		began := time.Now()
		f, err := s.script(v, 32, "simple", fmt.Sprintf("\\set i random(1, %d)\nSELECT nextval('q:i');\n", load.of), 1)
		if err != nil {
			return err
		}
		after, err := committed(c, 0)
		if err != nil {
			return err
		}
		seconds := time.Since(began).Seconds()
		f["entries/s"] = float64(after-before) / seconds
		f["entries/kvalue"] = float64(after-before) / (f[rateUnit] * s.span.Seconds()) * 1000
		s.record(m, "Random", load.name, f)
	}
	return nil
}

// pauseOfSnapshot is the longest time in ms that a value took for one client that draws
// all the time, without a snapshot and while one is taken, and how many seconds that took.
func (s *suite) pauseOfSnapshot(v *server) (calm, pause, took float64, err error) {
	draw := func(until func() error) (float64, error) {
		c, err := pgconn.ParseConfig(v.dsn())
		if err != nil {
			return 0, err
		}
		f, err := drive.Open(context.Background(), drive.Load{Servers: []*pgconn.Config{c}, Sequence: "s", Clients: 1, Protocol: result.Prepared, Depth: 1, Batch: 1, Session: result.Long})
		if err != nil {
			return 0, err
		}
		defer f.Close()
		f.Run(context.Background(), time.Second) // it has found its pace
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- until()
			cancel()
		}()
		t := f.Run(ctx, 5*time.Minute)
		return float64(t.Latency.Slowest()) / float64(time.Millisecond), <-done
	}
	span := 2 * time.Second
	if pause, err = draw(func() error {
		began := time.Now()
		err := execute(v.dsn(), "CHECKPOINT")
		took = time.Since(began).Seconds()
		span = max(span, time.Since(began))
		return err
	}); err != nil {
		return 0, 0, 0, err
	}
	calm, err = draw(func() error { time.Sleep(span); return nil })
	return calm, pause, took, err
}
