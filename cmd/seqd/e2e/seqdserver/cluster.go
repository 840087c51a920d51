package seqdserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ClusterOptions says how a cluster is started.
type ClusterOptions struct {
	Nodes   int
	DataDir string   // of all, with a folder for each; "" is --ephemeral
	Args    []string // further flags of each
	Binary  string   // see Options
	// Hosts are where the nodes run; nil: all on this machine's loopback.
	Hosts []Host
	// CommandArgs are further flags of Command.
	CommandArgs []string
}

// Host is where a node runs.
type Host struct {
	Addr   string   // IP address
	Prefix []string // of the command, if it has to be run otherwise than by itself
	Args   []string // further flags
}

// Cluster is several seqd processes of one cluster, each with ports that it keeps
// over its restarts. Node i is named node<i+1>. Its methods may be used by several
// goroutines, on different nodes.
type Cluster struct {
	Nodes []*Server

	sql, peer []string // addresses
	options   ClusterOptions
	mu        sync.Mutex
	silent    map[int]bool // paused or ended: not to be asked
}

// StartCluster starts the first node, and then the others at once, and waits until
// all are ready. They may not have their votes yet: see AwaitVoters.
func StartCluster(o ClusterOptions) (*Cluster, error) {
	if _, err := Binary(); err != nil {
		return nil, err
	}
	c := &Cluster{options: o, silent: map[int]bool{}}
	for _, h := range o.Hosts {
		c.sql, c.peer = append(c.sql, h.Addr+":5433"), append(c.peer, h.Addr+":5533")
	}
	if o.Hosts == nil {
		ports, err := freePorts(2 * o.Nodes)
		if err != nil {
			return nil, err
		}
		c.sql, c.peer = ports[:o.Nodes], ports[o.Nodes:]
	}
	for i := range o.Nodes {
		c.Nodes = append(c.Nodes, &Server{opts: c.optionsOf(i)})
	}
	err := c.Nodes[0].Restart()
	if err == nil {
		err = c.each(1, func(s *Server) error { return s.Restart() })
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for i, s := range c.Nodes {
		if s.opts.DataDir != "" {
			s.opts.Args = c.argsOf(i) // a restart needs to be told of nobody
		}
	}
	return c, nil
}

func (c *Cluster) optionsOf(i int) Options {
	o := Options{Listen: c.sql[i], Args: c.argsOf(i), Binary: c.options.Binary}
	if c.options.DataDir != "" {
		o.DataDir = filepath.Join(c.options.DataDir, NodeID(i))
	}
	if i > 0 {
		o.Args = append(o.Args, "--join", c.peer[0])
	}
	if c.options.Hosts != nil {
		o.Prefix = c.options.Hosts[i].Prefix
	}
	return o
}

func (c *Cluster) argsOf(i int) []string {
	args := append([]string{"--node-id", NodeID(i), "--cluster-listen", c.peer[i]}, c.options.Args...)
	if c.options.Hosts != nil {
		args = append(args, c.options.Hosts[i].Args...)
	}
	return args
}

// NodeID is the name of node i.
func NodeID(i int) string { return fmt.Sprintf("node%d", i+1) }

// Ports that the kernel hands out by itself (from 32768 on) are no good for a node
// that comes back after a while: any connection may have taken its port meanwhile.
const (
	firstPort = 10000
	lastPort  = 32000
	blockSize = 1000
)

// block is the ports that this process alone takes: tests of several packages run at
// the same time. It listens on the first of them for as long as it lives.
var block struct {
	sync.Mutex
	claim net.Listener
	first int
	used  int
}

// freePorts returns addresses on which nobody listens.
func freePorts(n int) (addrs []string, err error) {
	block.Lock()
	defer block.Unlock()
	const blocks = (lastPort - firstPort) / blockSize
	for i := 0; block.claim == nil; i++ {
		if i == blocks {
			return nil, errors.New("all blocks of ports are taken")
		}
		first := firstPort + (os.Getpid()+i)%blocks*blockSize
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first)); err == nil {
			block.claim, block.first = l, first
		}
	}
	for range blockSize {
		addr := fmt.Sprintf("127.0.0.1:%d", block.first+1+block.used%(blockSize-1))
		block.used++
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		_ = l.Close()
		if addrs = append(addrs, addr); len(addrs) == n {
			return addrs, nil
		}
	}
	return nil, fmt.Errorf("fewer than %d free ports", n)
}

// each calls f for all nodes from the first one on at once.
func (c *Cluster) each(first int, f func(*Server) error) error {
	errs := make([]error, len(c.Nodes))
	var wg sync.WaitGroup
	for i := first; i < len(c.Nodes); i++ {
		wg.Go(func() { errs[i] = f(c.Nodes[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// DSN is a connection URL of node i, the same for ever.
func (c *Cluster) DSN(i int) string {
	return "postgres://postgres@" + c.sql[i] + "/postgres?sslmode=disable"
}

func (c *Cluster) setSilent(i int, silent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent[i] = silent
}

// Kill9 kills node i.
func (c *Cluster) Kill9(i int) error {
	c.setSilent(i, true)
	return c.Nodes[i].Kill9()
}

// KillAll kills all nodes at once.
func (c *Cluster) KillAll() error {
	for i := range c.Nodes {
		c.setSilent(i, true)
	}
	return c.each(0, (*Server).Kill9)
}

// Stop asks node i to end and waits until it has.
func (c *Cluster) Stop(i int) error {
	c.setSilent(i, true)
	return c.Nodes[i].Stop()
}

// Restart starts node i again.
func (c *Cluster) Restart(i int) error {
	err := c.Nodes[i].Restart()
	c.setSilent(i, err != nil)
	return err
}

// RestartAll starts all nodes again, at once: none is ready before a majority runs.
func (c *Cluster) RestartAll() error {
	err := c.each(0, (*Server).Restart)
	for i := range c.Nodes {
		c.setSilent(i, err != nil)
	}
	return err
}

// Pause stops node i where it stands (SIGSTOP).
func (c *Cluster) Pause(i int) error {
	c.setSilent(i, true)
	return c.Nodes[i].proc.Signal(syscall.SIGSTOP)
}

// Resume lets a paused node i go on.
func (c *Cluster) Resume(i int) error {
	err := c.Nodes[i].proc.Signal(syscall.SIGCONT)
	c.setSilent(i, err != nil)
	return err
}

// Command runs `seqd cluster …` by way of node i and returns what it prints.
func (c *Cluster) Command(i int, args ...string) (string, error) {
	bin, err := Binary()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	args = slices.Concat([]string{"cluster", "--node", c.peer[i]}, c.options.CommandArgs, args)
	out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("seqd %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

var leaderLine = regexp.MustCompile(`(?m)^leader: +node([0-9]+)$`)

var termLine = regexp.MustCompile(`(?m)^term: +([0-9]+)$`)

// Term is the number of the newest leadership that node i knows of.
func (c *Cluster) Term(i int) (int, error) {
	status, err := c.Command(i, "status")
	m := termLine.FindStringSubmatch(status)
	if err != nil || m == nil {
		return 0, errors.Join(err, fmt.Errorf("no term in %q", status))
	}
	return strconv.Atoi(m[1])
}

// Leader is the node that leads, and knows it; it waits for one.
func (c *Cluster) Leader() (int, error) {
	var last error
	for deadline := time.Now().Add(StartTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for i := range c.Nodes {
			c.mu.Lock()
			silent := c.silent[i]
			c.mu.Unlock()
			if silent {
				continue
			}
			status, err := c.Command(i, "status")
			if m := leaderLine.FindStringSubmatch(status); err == nil && m != nil && "node"+m[1] == NodeID(i) {
				return i, nil
			}
			last = errors.Join(err, errors.New(status))
		}
	}
	return 0, fmt.Errorf("no leader within %v: %w\n%s", StartTimeout, last, c.Tail())
}

// AwaitVoters waits until all nodes have their votes and have all that is committed.
func (c *Cluster) AwaitVoters() error {
	want := regexp.MustCompile(`(?m)^node\d+ .* (voter|leader) +0 `)
	var status string
	for deadline := time.Now().Add(StartTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		leader, err := c.Leader()
		if err != nil {
			return err
		}
		if status, err = c.Command(leader, "status"); err == nil && len(want.FindAllString(status, -1)) == len(c.Nodes) {
			return nil
		}
	}
	return fmt.Errorf("not all nodes have kept up and a vote after %v:\n%s", StartTimeout, status)
}

// AwaitApplied waits until every node has applied what the leader has applied by
// now: before a node says that a name does not exist, it does just that.
func (c *Cluster) AwaitApplied() error {
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	for i := range c.Nodes {
		conn, err := pgconn.Connect(ctx, c.DSN(i))
		if err != nil {
			return fmt.Errorf("%s: %w", NodeID(i), err)
		}
		_, err = conn.Exec(ctx, "DROP SEQUENCE IF EXISTS there_is_none").ReadAll()
		if err = errors.Join(err, conn.Close(ctx)); err != nil {
			return fmt.Errorf("%s: %w", NodeID(i), err)
		}
	}
	return nil
}

// Tail is the last output of all nodes.
func (c *Cluster) Tail() string {
	var b strings.Builder
	for i, s := range c.Nodes {
		if s.proc != nil {
			fmt.Fprintf(&b, "--- %s ---\n%s\n", NodeID(i), s.Tail())
		}
	}
	return b.String()
}

// Close kills all nodes that still run.
func (c *Cluster) Close() error {
	return c.each(0, func(s *Server) error {
		if s.proc == nil {
			return nil
		}
		return s.Kill9()
	})
}
