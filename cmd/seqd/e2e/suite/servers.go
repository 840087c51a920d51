package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/nullserver"
	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/proc"
)

// The servers.
const (
	seqdDisk  = "seqd"
	ephemeral = "seqd ephemeral"
	postgres  = "PostgreSQL"
	redis     = "Redis"
	nullRaw   = "null"
	nullProto = "null pgproto3"
)

// server is one of them, running.
type server struct {
	name string
	addr string
	pids []int // with their children
	stop func()
	seqd *seqdserver.Server // or nil
}

func (v *server) dsn() string {
	return "postgres://postgres@" + v.addr + "/postgres?sslmode=disable"
}

// null: there is no SQL to be had.
func (v *server) null() bool { return v.name == nullRaw || v.name == nullProto }

// start returns servers, started if they are not yet; Redis only if there is one.
func (s *suite) start(names []string) ([]*server, error) {
	var list []*server
	for _, name := range names {
		v := s.running[name]
		if v == nil {
			var err error
			if v, err = s.launch(name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.running[name] = v // nil if it is not installed
		}
		if v != nil {
			list = append(list, v)
		}
	}
	return list, nil
}

func (s *suite) launch(name string) (*server, error) {
	var v *server
	var err error
	switch name {
	case seqdDisk:
		v, err = startSeqd(seqdserver.Options{DataDir: filepath.Join(s.folder, "seqd")})
	case ephemeral:
		v, err = startSeqd(seqdserver.Options{})
	case postgres:
		v, err = startPostgres()
	case redis:
		return s.startRedis()
	case nullRaw, nullProto:
		kind := nullserver.Raw
		if name == nullProto {
			kind = nullserver.Proto
		}
		var n *nullserver.Server
		if n, err = nullserver.Start(kind); err == nil {
			v = &server{addr: n.Addr(), pids: []int{n.PID()}, stop: n.Stop}
		}
	}
	if err != nil {
		return nil, err
	}
	v.name = name
	if !v.null() {
		err = execute(v.dsn(), "CREATE SEQUENCE s")
	}
	return v, err
}

func startSeqd(o seqdserver.Options) (*server, error) {
	x, err := seqdserver.Start(o)
	if err != nil {
		return nil, err
	}
	return &server{addr: x.Addr(), pids: []int{x.PID()}, stop: func() { _ = x.Close() }, seqd: x}, nil
}

// startPostgres has the settings that a user has: fsync on, and checkpoints by the clock.
func startPostgres() (*server, error) {
	pg, err := pgserver.Start(pgserver.Options{Fsync: true, Settings: map[string]string{
		"max_connections": "1100", "checkpoint_timeout": "5min", "wal_writer_delay": "200ms"}})
	if err != nil {
		return nil, err
	}
	return &server{addr: pg.Addr(), pids: []int{pg.PID()}, stop: func() { _ = pg.Stop() }}, nil
}

// startRedis returns nil if Redis is not installed.
func (s *suite) startRedis() (*server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.notes = append(s.notes, "Redis (redis-server) is not installed: no column of it.")
		return nil, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	dir := filepath.Join(s.folder, "redis")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	// As it comes: appendonly is off, so what it hands out is not durable.
	p, err := proc.Start(exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", ""), syscall.SIGKILL, nil)
	if err != nil {
		return nil, err
	}
	v := &server{name: redis, addr: addr, pids: []int{p.PID()}, stop: func() { _ = p.End(syscall.SIGKILL, 5*time.Second) }}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			return v, c.Close()
		}
	}
	v.stop()
	return nil, errors.New("it does not answer")
}

func (s *suite) stopAll() {
	for _, v := range s.running {
		if v != nil {
			v.stop()
		}
	}
	s.running = map[string]*server{}
}

// execute runs SQL of one message.
func execute(dsn, sql string) error {
	_, err := ask(dsn, sql)
	return err
}

// ask returns the first field of the last statement's first row.
func ask(dsn, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0]), nil
	}
	return "", nil
}

// cpu is the seconds of processor time that processes have used, with their children,
// living or ended. It counts in steps of 10 ms.
func cpu(pids []int) float64 {
	ticks := 0
	for _, pid := range pids {
		f := statOf(pid)
		if f == nil {
			continue
		}
		for _, field := range f[11:15] { // utime, stime, cutime, cstime
			n, _ := strconv.Atoi(field)
			ticks += n
		}
		for _, child := range children(pid) {
			if f := statOf(child); f != nil {
				u, _ := strconv.Atoi(f[11])
				k, _ := strconv.Atoi(f[12])
				ticks += u + k
			}
		}
	}
	return float64(ticks) / 100
}

// statOf is /proc/PID/stat from the state on.
func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// children are those of every thread of a process.
func children(pid int) (list []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range tasks {
		text, _ := os.ReadFile(t)
		for _, f := range strings.Fields(string(text)) {
			n, _ := strconv.Atoi(f)
			list = append(list, n)
		}
	}
	return list
}

// memory is the bytes that processes have in memory, what they share counted once.
func memory(pids []int) (sum float64) {
	for _, pid := range pids {
		for _, p := range append(children(pid), pid) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
			for line := range strings.Lines(string(text)) {
				if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
					kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
					sum += kb * 1024
				}
			}
		}
	}
	return sum
}
