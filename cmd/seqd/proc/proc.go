// Package proc runs a server as a child process, for the end-to-end tests and seqd bench: it
// collects what the child writes, tells when it ended, signals it by its own id,
// and (on Linux) makes the kernel end it when this process dies, so that a
// timed-out test or a killed benchmark leaves nothing running.
package proc

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tailLines is how much of a child's output is kept for a failure report.
const tailLines = 400

// Process is a started child.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; valid once done is closed

	mu     sync.Mutex
	tail   []string
	onLine func(string)
}

// Start runs cmd with stdout and stderr collected. Each line is also given to
// onLine, when that is not nil. orphan is sent to the child if this process dies first.
func Start(cmd *exec.Cmd, orphan syscall.Signal, onLine func(string)) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{}), onLine: onLine}
	pr, pw := io.Pipe()
	cmd.Stdout, cmd.Stderr = pw, pw
	diesWithParent(cmd, orphan)

	lines := make(chan struct{})
	go func() {
		defer close(lines)
		p.collect(pr)
	}()
	started := make(chan error)
	go func() {
		// The kernel ties the death signal to the thread that forked, so this
		// goroutine keeps its thread until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			pw.Close()
			return
		}
		p.err = cmd.Wait()
		pw.Close()
		<-lines
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

func (p *Process) collect(r io.Reader) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), 16<<20)
	for sc.Scan() {
		line := sc.Text()
		p.mu.Lock()
		if len(p.tail) == tailLines {
			p.tail = p.tail[1:]
		}
		p.tail = append(p.tail, line)
		p.mu.Unlock()
		if p.onLine != nil {
			p.onLine(line)
		}
	}
	// A line beyond the buffer must not block the child: drop the rest.
	_, _ = io.Copy(io.Discard, r)
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends sig to the child.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// ExitCode is the child's exit code once Done is closed; -1 if a signal ended it.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Wait waits for the end of the child, at most for d.
func (p *Process) Wait(d time.Duration) error {
	select {
	case <-p.done:
		return nil
	case <-time.After(d):
		return fmt.Errorf("process %d still runs after %v", p.PID(), d)
	}
}

// End sends sig, waits up to d, and then kills.
func (p *Process) End(sig syscall.Signal, d time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.Signal(sig); err != nil {
		return err
	}
	err := p.Wait(d)
	if err != nil {
		_ = p.Signal(syscall.SIGKILL)
		<-p.done
	}
	return err
}

// Tail is the last output of the child.
func (p *Process) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}
