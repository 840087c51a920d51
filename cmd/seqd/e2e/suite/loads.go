package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/pgserver"
)

// Units of what is measured.
const (
	rateUnit  = "values/s"
	cpuUnit   = "cpu-s/Mvalues"
	p50Unit   = "p50-µs"
	p99Unit   = "p99-µs"
	bytesUnit = "MiB/1000conns"
)

// costs adds what a load of values cost the server.
func costs(values, seconds, cpuSeconds float64) map[string]float64 {
	return map[string]float64{rateUnit: values / seconds, cpuUnit: cpuSeconds / values * 1e6}
}

var (
	transactions = regexp.MustCompile(`(?m)^number of transactions actually processed: ([0-9]+)`)
	tps          = regexp.MustCompile(`(?m)^tps = ([0-9.]+) `)
)

// pgbench draws with prepared statements; a pipeline has more than one value.
func (s *suite) pgbench(v *server, clients, pipeline int) (map[string]float64, error) {
	text := strings.Repeat("SELECT nextval('s');\n", pipeline)
	if pipeline > 1 {
		text = "\\startpipeline\n" + text + "\\endpipeline\n"
	}
	return s.script(v, clients, "prepared", text, pipeline)
}

// script has pgbench run a script that draws so many values.
func (s *suite) script(v *server, clients int, protocol, text string, values int) (map[string]float64, error) {
	script := filepath.Join(s.folder, "script.sql")
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		return nil, err
	}
	program, err := pgbenchProgram()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(v.addr)
	before := cpu(v.pids)
	out, err := exec.Command(program, "-n", "-h", host, "-p", port, "-U", "postgres", "-M", protocol,
		"-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(max(1, int(s.span.Seconds()))), "-f", script, "postgres").CombinedOutput()
	used := cpu(v.pids) - before
	n, rate := transactions.FindSubmatch(out), tps.FindSubmatch(out)
	if err != nil || n == nil || rate == nil || bytes.Contains(out, []byte("aborted")) {
		return nil, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	count, _ := strconv.ParseFloat(string(n[1]), 64)
	perSecond, _ := strconv.ParseFloat(string(rate[1]), 64)
	return map[string]float64{rateUnit: perSecond * float64(values), cpuUnit: used / (count * float64(values)) * 1e6}, nil
}

func pgbenchProgram() (string, error) {
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p, nil
	}
	bin, _, err := pgserver.Find()
	return filepath.Join(bin, "pgbench"), err
}

// drive draws with the lean client of `seqd bench`.
func (s *suite) drive(v *server, load drive.Load) (*drive.Tally, map[string]float64, error) {
	c, err := pgconn.ParseConfig(v.dsn())
	if err != nil {
		return nil, nil, err
	}
	load.Servers = []*pgconn.Config{c}
	if load.Sequence == "" {
		load.Sequence = "s"
	}
	if load.Session == "" {
		load.Session = result.Long
	}
	f, err := drive.Open(context.Background(), load)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if t := f.Run(context.Background(), s.span/10); t.Failure != nil { // warm
		return nil, nil, t.Failure
	}
	before := cpu(v.pids)
	t := f.Run(context.Background(), s.span)
	used := cpu(v.pids) - before
	switch {
	case t.Failure != nil:
		return nil, nil, t.Failure
	case len(t.Errors) > 0:
		return nil, nil, fmt.Errorf("%s %s", t.Errors[0].SQLState, t.Errors[0].Message)
	case t.OutOfOrder > 0 && !v.null():
		return nil, nil, fmt.Errorf("%d values out of order", t.OutOfOrder)
	}
	return t, costs(float64(t.Values), t.Elapsed.Seconds(), used), nil
}

// incr draws from Redis: INCR, several at a time.
func (s *suite) incr(v *server, clients, depth int) (map[string]float64, *result.Latency, error) {
	message := bytes.Repeat([]byte("*2\r\n$4\r\nINCR\r\n$1\r\ns\r\n"), depth)
	var values atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, clients)
	latencies := result.NewLatency()
	before, began := cpu(v.pids), time.Now()
	for i := range clients {
		wg.Go(func() {
			l := result.NewLatency()
			errs[i] = incrClient(v.addr, message, depth, began.Add(s.span), &values, l)
			if i == 0 {
				latencies = l
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, nil, err
		}
	}
	return costs(float64(values.Load()), time.Since(began).Seconds(), cpu(v.pids)-before), latencies, nil
}

func incrClient(addr string, message []byte, depth int, until time.Time, values *atomic.Int64, l *result.Latency) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := make([]byte, 64<<10)
	for sent := time.Now(); sent.Before(until); {
		if _, err := conn.Write(message); err != nil {
			return err
		}
		for got := 0; got < depth; {
			n, err := conn.Read(in)
			if err != nil {
				return err
			}
			if in[0] == '-' {
				return fmt.Errorf("redis says %s", in[:n])
			}
			got += bytes.Count(in[:n], []byte{'\n'})
		}
		now := time.Now()
		l.Record(now.Sub(sent), 1)
		sent = now
		values.Add(int64(depth))
	}
	return nil
}
