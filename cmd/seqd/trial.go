package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"seqd/cmd/seqd/config"
)

// trialNodes is how many nodes `seqd trial` runs.
const trialNodes = 3

// trial runs three nodes as processes of their own until Ctrl-C, or until one of
// them can't start.
func trial(c *config.Trial, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "seqd-trial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out = &lineWriter{to: out}
	var nodes []*trialNode
	defer func() {
		for _, n := range nodes {
			_ = n.Process.Signal(syscall.SIGTERM)
		}
		for _, n := range nodes {
			<-n.ended
		}
	}()
	for i := range trialNodes {
		n, err := startTrialNode(self, dir, c.Port, i, out)
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
		select {
		case <-n.ready:
		case <-n.ended:
			return fmt.Errorf("node %d has ended", i+1)
		case <-ctx.Done():
			return nil
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d nodes are ready; Ctrl-C stops them and throws their data away.\n", trialNodes)
	for i := range trialNodes {
		fmt.Fprintf(&b, "  psql -h 127.0.0.1 -p %d -U postgres\n", c.Port+i)
	}
	fmt.Fprintf(&b, "  %s cluster status --node 127.0.0.1:%d\n\n", self, trialPeerPort(c.Port, 0))
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func trialPeerPort(port, i int) int { return port + 100 + i }

type trialNode struct {
	*exec.Cmd
	ready chan struct{} // closed at the ready line
	ended chan struct{}
}

func startTrialNode(self, dir string, port, i int, out io.Writer) (*trialNode, error) {
	name := fmt.Sprintf("node%d", i+1)
	args := []string{
		"serve", "--node-id", name, "--data-dir", filepath.Join(dir, name),
		"--listen", fmt.Sprintf("127.0.0.1:%d", port+i),
		"--cluster-listen", fmt.Sprintf("127.0.0.1:%d", trialPeerPort(port, i)),
	}
	if i > 0 {
		args = append(args, "--join", fmt.Sprintf("127.0.0.1:%d", trialPeerPort(port, 0)))
	}
	n := &trialNode{Cmd: exec.Command(self, args...), ready: make(chan struct{}), ended: make(chan struct{})}
	// A group of its own: Ctrl-C at the terminal reaches the nodes through us, once.
	n.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := n.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := n.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(n.ended)
		var once sync.Once
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			fmt.Fprintf(out, "%s | %s\n", name, lines.Text())
			if strings.Contains(lines.Text(), " ready: ") {
				once.Do(func() { close(n.ready) })
			}
		}
		if err := n.Wait(); err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				fmt.Fprintf(out, "%s | ended: %v\n", name, err)
			}
		}
	}()
	return n, nil
}

// lineWriter keeps lines of several writers apart.
type lineWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}
