// Package pgserver starts a throw-away PostgreSQL 15, the judge of what seqd
// answers: a fresh cluster in a temporary folder, on a free loopback port,
// superuser postgres, no passwords, UTF8 and locale C.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/required"
	"seqd/cmd/seqd/proc"
)

// Major is the PostgreSQL that seqd is compared with.
const Major = 15

// ErrNotFound says that this machine has no PostgreSQL 15.
var ErrNotFound = errors.New("PostgreSQL 15 (initdb, postgres) was not found on PATH nor in /usr/lib/postgresql/15/bin")

// Options says how the server runs. The zero value is the fast one for tests.
type Options struct {
	// Fsync turns durability on; a benchmark without it would compare a disk with none.
	Fsync bool
	// Settings are further server settings, given as -c name=value.
	Settings map[string]string
	// Files are made in the server's folder before it starts: see WriteFile.
	Files map[string]string
}

// Server is a running PostgreSQL.
type Server struct {
	Port    int
	Version string // as in "15.18"

	bin  string
	dir  string
	opts Options
	proc *proc.Process
}

// Find returns the folder of PostgreSQL 15's programs, and its full version.
func Find() (bin, version string, err error) {
	var candidates []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		candidates = append(candidates, filepath.Dir(p))
	}
	candidates = append(candidates, fmt.Sprintf("/usr/lib/postgresql/%d/bin", Major))
	for _, dir := range candidates {
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		f := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (…)
		if len(f) >= 3 && strings.HasPrefix(f[2], strconv.Itoa(Major)+".") {
			return dir, f[2], nil
		}
	}
	return "", "", ErrNotFound
}

// ForTest starts a server that ends with the test. Without PostgreSQL it fails
// the test under required.Postgres, and otherwise skips it after saying so on stderr.
func ForTest(tb testing.TB, opts Options) *Server {
	tb.Helper()
	s, err := Start(opts)
	if errors.Is(err, ErrNotFound) {
		Missing(tb)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Stop() })
	return s
}

// Missing ends a test that cannot run without PostgreSQL: see ForTest.
func Missing(tb testing.TB) {
	tb.Helper()
	required.Missing(tb, required.Postgres, ErrNotFound)
}

// Start makes a new cluster and serves it.
func Start(opts Options) (*Server, error) {
	bin, version, err := Find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "seqd-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{Version: version, bin: bin, dir: dir, opts: opts}
	if err := s.initdb(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	for name, content := range opts.Files {
		if err := s.WriteFile(name, content); err != nil {
			os.RemoveAll(dir)
			return nil, err
		}
	}
	if err := s.Restart(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// WriteFile makes or replaces a file in the server's folder, as the server wants a
// private key: its own, and nobody else's to read. A setting names it as ../name,
// because PostgreSQL looks in its data folder.
func (s *Server) WriteFile(name, content string) error {
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	cred, err := unprivileged()
	if err != nil {
		return err
	}
	return os.Chown(path, int(cred.Uid), int(cred.Gid))
}

// Path is where a file of WriteFile lies.
func (s *Server) Path(name string) string { return filepath.Join(s.dir, name) }

// Host is where the server listens.
func (s *Server) Host() string { return "127.0.0.1" }

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host(), strconv.Itoa(s.Port)) }

// DSN is a connection URL for a database, as the superuser.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.Addr(), database)
}

// PID is the postmaster's process.
func (s *Server) PID() int { return s.proc.PID() }

// Log is the tail of the server's log.
func (s *Server) Log() string { return s.proc.Tail() }

// Crash stops the server as a power cut would: no checkpoint, buffers lost.
func (s *Server) Crash() error { return s.proc.End(syscall.SIGQUIT, 10*time.Second) }

// Shutdown stops the server cleanly, closing all sessions.
func (s *Server) Shutdown() error { return s.proc.End(syscall.SIGINT, 30*time.Second) }

// Stop ends the server and deletes its folder.
func (s *Server) Stop() error {
	err := s.Crash()
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Restart starts the server again after Crash or Shutdown, on the same data.
func (s *Server) Restart() error {
	var err error
	for range 3 { // another process may take the free port before postgres does
		if err = s.startOnce(); err == nil {
			return nil
		}
	}
	return err
}

func (s *Server) startOnce() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Port = port
	args := []string{"-D", s.dataDir(), "-h", s.Host(), "-p", strconv.Itoa(port), "-k", s.dir}
	for _, name := range sortedKeys(s.settings()) {
		args = append(args, "-c", name+"="+s.settings()[name])
	}
	cmd, err := s.command("postgres", args...)
	if err != nil {
		return err
	}
	if s.proc, err = proc.Start(cmd, syscall.SIGQUIT, nil); err != nil {
		return err
	}
	if err := s.waitReady(); err != nil {
		_ = s.Crash()
		return fmt.Errorf("%w\n%s", err, s.Log())
	}
	return nil
}

// settings are those that keep runs alike: no autovacuum, checkpoint or WAL write
// by the clock may fall into a test, since log_cnt and what a crash loses show them.
func (s *Server) settings() map[string]string {
	m := map[string]string{
		"autovacuum":          "off",
		"checkpoint_timeout":  "1d",
		"max_wal_size":        "4GB",
		"wal_writer_delay":    "10s",
		"timezone":            "UTC",
		"log_timezone":        "UTC",
		"log_min_messages":    "panic",
		"log_checkpoints":     "off",
		"lc_messages":         "C",
		"max_connections":     "100",
		"restart_after_crash": "off",
	}
	if !s.opts.Fsync {
		m["fsync"] = "off"
		m["full_page_writes"] = "off"
	}
	for k, v := range s.opts.Settings {
		m[k] = v
	}
	return m
}

func (s *Server) dataDir() string { return filepath.Join(s.dir, "data") }

func (s *Server) initdb() error {
	if os.Geteuid() == 0 {
		cred, err := unprivileged()
		if err != nil {
			return err
		}
		if err := os.Chown(s.dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return err
		}
	}
	cmd, err := s.command("initdb", "-D", s.dataDir(), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C", "--no-sync")
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// command prepares a program of PostgreSQL, which refuses to run as root.
func (s *Server) command(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "PG") || strings.HasPrefix(kv, "LC_") || strings.HasPrefix(kv, "LANG")
	}), "LC_ALL=C")
	if os.Geteuid() == 0 {
		cred, err := unprivileged()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	}
	return cmd, nil
}

func (s *Server) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, s.DSN("template1"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.proc.Done():
			return errors.New("postgres ended at start")
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// unprivileged is the user that PostgreSQL runs as when the tests run as root.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
