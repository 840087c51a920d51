// Package own starts servers for a benchmark: seqd processes of this very program, on
// loopback ports of their own, with data in a folder that is thrown away. They write
// to a disk like any other: without it, what is durable would be compared with what
// is not.
package own

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"seqd/cmd/seqd/proc"
)

// Options say what is started.
type Options struct {
	Program string  // seqd
	Folder  string  // in which a folder for the data is made; "": the system's for such
	Nodes   int     // of one cluster
	Prelog  *uint64 // --prelog-max; nil: its default
}

// Servers are the nodes of one cluster.
type Servers struct {
	options Options
	dir     string
	nodes   []*node
}

type node struct {
	name      string
	sql, peer string // addresses; sql is kept over a restart
	process   *proc.Process
}

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
)

// Start starts the servers and waits until they are ready.
func Start(ctx context.Context, o Options) (*Servers, error) {
	dir, err := os.MkdirTemp(o.Folder, "seqd-bench-")
	if err != nil {
		return nil, err
	}
	s := &Servers{options: o, dir: dir}
	for i := range o.Nodes {
		n := &node{name: fmt.Sprintf("node%d", i+1)}
		if n.sql, err = freePort(); err == nil && o.Nodes > 1 {
			n.peer, err = freePort()
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.nodes = append(s.nodes, n)
		if err := s.start(ctx, n); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.awaitVoters(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

var voterLine = regexp.MustCompile(`(?m)^node\d+ .* (voter|leader) `)

// awaitVoters waits until all nodes of a cluster have their votes: before, commits are
// cheaper.
func (s *Servers) awaitVoters(ctx context.Context) error {
	if len(s.nodes) == 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		cmd := exec.CommandContext(ctx, s.options.Program, "cluster", "status", "--node", s.nodes[0].peer)
		cmd.Env = proc.Environment()
		status, err := cmd.CombinedOutput()
		if err == nil && len(voterLine.FindAll(status, -1)) == len(s.nodes) {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("not all nodes have a vote: %w: %s", ctx.Err(), status)
		}
	}
}

// Ports of own servers. Those that the kernel hands out by itself lie above: a
// connection of anybody could have one of them when its server comes back.
const (
	portMin = 10000
	portMax = 32000
)

// freePort is one that nobody listens at now.
func freePort() (addr string, err error) {
	for range 100 {
		addr = fmt.Sprintf("127.0.0.1:%d", portMin+rand.IntN(portMax-portMin))
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", err
}

func (s *Servers) start(ctx context.Context, n *node) error {
	args := []string{"serve", "--listen", n.sql, "--data-dir", filepath.Join(s.dir, n.name), "--node-id", n.name, "--log-level", "warn"}
	if n.peer == "" {
		args = append(args, "--cluster-listen", "off")
	} else {
		args = append(args, "--cluster-listen", n.peer)
		if n != s.nodes[0] {
			args = append(args, "--join", s.nodes[0].peer)
		}
	}
	if s.options.Prelog != nil {
		args = append(args, "--prelog-max", strconv.FormatUint(*s.options.Prelog, 10))
	}
	cmd := exec.Command(s.options.Program, args...)
	// A group of its own: Ctrl-C at the terminal is ours to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var ready <-chan string
	var err error
	n.process, ready, err = proc.StartSeqd(cmd)
	if err != nil {
		return err
	}
	select {
	case n.sql = <-ready:
		return nil
	case <-n.process.Done():
		return fmt.Errorf("%s ended at its start: %s", n.name, n.process.Tail())
	case <-time.After(startTimeout):
		return fmt.Errorf("%s is not ready after %v: %s", n.name, startTimeout, n.process.Tail())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DSNs are how to log in at each node.
func (s *Servers) DSNs() []string {
	list := make([]string, len(s.nodes))
	for i, n := range s.nodes {
		list[i] = "postgres://postgres@" + n.sql + "/postgres?sslmode=disable"
	}
	return list
}

// PIDs are the processes.
func (s *Servers) PIDs() []int {
	list := make([]int, len(s.nodes))
	for i, n := range s.nodes {
		list[i] = n.process.PID()
	}
	return list
}

// Ended tells of a process that is not there any more, "" if all are.
func (s *Servers) Ended() string {
	for _, n := range s.nodes {
		select {
		case <-n.process.Done():
			lines := strings.Split(strings.TrimSpace(n.process.Tail()), "\n")
			return fmt.Sprintf("%s has ended: %s", n.name, lines[len(lines)-1])
		default:
		}
	}
	return ""
}

// Kill ends all nodes at once, as a power cut would (kill -9).
func (s *Servers) Kill() error {
	return s.each(func(n *node) error {
		if n.process == nil {
			return nil
		}
		return n.process.End(syscall.SIGKILL, stopTimeout)
	})
}

// Restart starts all nodes again, at the same addresses, and waits as Start does.
func (s *Servers) Restart(ctx context.Context) error {
	if err := s.each(func(n *node) error { return s.start(ctx, n) }); err != nil {
		return err
	}
	return s.awaitVoters(ctx)
}

// each calls f for all nodes at the same time.
func (s *Servers) each(f func(*node) error) error {
	errs := make([]error, len(s.nodes))
	var wg sync.WaitGroup
	for i, n := range s.nodes {
		wg.Go(func() { errs[i] = f(n) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Close stops all of them and removes their data.
func (s *Servers) Close() error {
	_ = s.Kill() // what a clean stop would still write is thrown away
	return os.RemoveAll(s.dir)
}
