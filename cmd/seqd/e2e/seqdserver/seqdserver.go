// Package seqdserver runs the real seqd binary for the end-to-end tests.
package seqdserver

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"seqd/cmd/seqd/proc"
)

// BinEnv names a built binary to test; without it, one is built from the sources.
const BinEnv = "SEQD_BIN"

// StartTimeout and StopTimeout bound a start, and a clean stop.
const (
	StartTimeout = 20 * time.Second
	StopTimeout  = 20 * time.Second
)

var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Binary is the path of the seqd to test, built on first use.
func Binary() (string, error) {
	if p := os.Getenv(BinEnv); p != "" {
		_, err := os.Stat(p) // also tells go test's cache that the result depends on it
		return p, err
	}
	built.once.Do(func() {
		if built.err = dependOnSources(); built.err != nil {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "seqd-bin-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "seqd")
		out, err := exec.Command("go", "build", "-o", built.path, "seqd/cmd/seqd").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("go build seqd/cmd/seqd: %w\n%s", err, out)
		}
	})
	return built.path, built.err
}

// dependOnSources looks at every source file. The tests import none of them, so
// that without it go test would answer from its cache when the server has changed.
func dependOnSources() error {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return err
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			_, err = os.Stat(path)
		}
		return err
	})
}

// CleanUp deletes the binary that Binary has built. TestMain calls it at the end.
func CleanUp() {
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
}

// Options says how seqd is started.
type Options struct {
	DataDir string   // "" is --ephemeral
	Listen  string   // "" is another port at each start
	Args    []string // further flags
	Prefix  []string // of the command, if it has to be run otherwise than by itself
	Binary  string   // "" is Binary()
}

// Server is a seqd process, or one that has ended and may be started again.
type Server struct {
	// StartTime is how long the last start took, up to the ready line.
	StartTime time.Duration

	opts  Options
	addr  string
	proc  *proc.Process
	stale string // output of the processes before this one
}

// Start runs seqd and waits until it is ready.
func Start(opts Options) (*Server, error) {
	s := &Server{opts: opts}
	return s, s.Restart()
}

// Restart starts seqd again, after Kill9 or Stop, on the same data and another port.
func (s *Server) Restart() error {
	began := time.Now()
	ready, err := s.launch()
	if err != nil {
		return err
	}
	select {
	case s.addr = <-ready:
		s.StartTime = time.Since(began)
		return nil
	case <-s.proc.Done():
		return fmt.Errorf("seqd ended at start, exit code %d\n%s", s.proc.ExitCode(), s.proc.Tail())
	case <-time.After(StartTimeout):
		_ = s.Kill9()
		return fmt.Errorf("no ready line within %v\n%s", StartTimeout, s.proc.Tail())
	}
}

// KillAtStart starts seqd and kills it after d, ready or not.
func (s *Server) KillAtStart(d time.Duration) error {
	if _, err := s.launch(); err != nil {
		return err
	}
	select {
	case <-s.proc.Done():
		return fmt.Errorf("seqd ended at start, exit code %d\n%s", s.proc.ExitCode(), s.proc.Tail())
	case <-time.After(d):
		return s.Kill9()
	}
}

// launch forks the process; the channel gets the address once it is ready.
func (s *Server) launch() (<-chan string, error) {
	bin := s.opts.Binary
	if bin == "" {
		var err error
		if bin, err = Binary(); err != nil {
			return nil, err
		}
	}
	args := []string{"--listen", cmp.Or(s.opts.Listen, "127.0.0.1:0")}
	if s.opts.DataDir == "" {
		args = append(args, "--ephemeral")
	} else {
		args = append(args, "--data-dir", s.opts.DataDir)
	}
	args = append(args, s.opts.Args...)
	if s.proc != nil {
		s.stale = s.proc.Tail()
	}
	line := slices.Concat(s.opts.Prefix, []string{bin}, args)
	cmd := exec.Command(line[0], line[1:]...)
	var ready <-chan string
	var err error
	s.proc, ready, err = proc.StartSeqd(cmd)
	return ready, err
}

// Addr is host:port of the running server.
func (s *Server) Addr() string { return s.addr }

// DSN is a connection URL, as the superuser.
func (s *Server) DSN() string {
	return "postgres://postgres@" + s.addr + "/postgres?sslmode=disable"
}

// HostPort is the address in two parts, as command line clients want it.
func (s *Server) HostPort() (host, port string) {
	host, port, _ = net.SplitHostPort(s.addr)
	return host, port
}

// PID is the process id.
func (s *Server) PID() int { return s.proc.PID() }

// Done is closed when the process has ended.
func (s *Server) Done() <-chan struct{} { return s.proc.Done() }

// Kill9 kills the process and waits for its end.
func (s *Server) Kill9() error { return s.proc.End(syscall.SIGKILL, StopTimeout) }

// Stop asks the process to end (SIGTERM). An exit code other than 0 is an error.
func (s *Server) Stop() error {
	if err := s.proc.End(syscall.SIGTERM, StopTimeout); err != nil {
		return fmt.Errorf("SIGTERM: %w\n%s", err, s.proc.Tail())
	}
	if code := s.proc.ExitCode(); code != 0 {
		return fmt.Errorf("exit code %d after SIGTERM\n%s", code, s.proc.Tail())
	}
	return nil
}

// Tail is the last output, of the process before a restart too.
func (s *Server) Tail() string {
	if s.proc == nil {
		return s.stale
	}
	return s.stale + "\n--- restart ---\n" + s.proc.Tail()
}

// Close kills the process, if it still runs.
func (s *Server) Close() error {
	if s.proc == nil {
		return errors.New("seqd was never started")
	}
	return s.Kill9()
}
