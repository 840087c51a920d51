package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// profiles writes what seqd's processor time and allocations go to under the standard
// loads: LOAD.cpu.pb.gz and LOAD.allocs.pb.gz, the latter since the server's start.
func (s *suite) profiles(dir string) (err error) {
	if s.folder, err = os.MkdirTemp("", "seqd-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	loads := []struct {
		name string
		run  func(*server) error
	}{
		{"prepared32", func(v *server) error { _, err := s.pgbench(v, 32, 1); return err }},
		{"pipelined100", func(v *server) error { _, err := s.pgbench(v, 8, 100); return err }},
		{"lean100", s.profiledDrive(drive.Load{Clients: 8, Protocol: result.Pipelined, Depth: 100, Batch: 1})},
		{"series1000", s.profiledDrive(drive.Load{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1000})},
		{"connect", s.profiledDrive(drive.Load{Clients: 8, Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Reconnect, Every: 1})},
	}
	for i, l := range loads {
		if s.stopped.Load() {
			return errStopped
		}
		s.progress("%d/%d %s", i+1, len(loads), l.name)
		if err := s.profile(dir, l.name, l.run); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	fmt.Printf("Profiles are in %s: go tool pprof -top bin/seqd %s\n", dir, filepath.Join(dir, loads[0].name+".cpu.pb.gz"))
	return nil
}

func (s *suite) profiledDrive(load drive.Load) func(*server) error {
	return func(v *server) error { _, _, err := s.drive(v, load); return err }
}

// profile runs one load on a server of its own. The CPU profile ends with the load or a
// little before.
func (s *suite) profile(dir, name string, run func(*server) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().String()
	_ = l.Close()
	v, err := startSeqd(seqdserver.Options{DataDir: filepath.Join(s.folder, name), Args: []string{"--admin-listen", port}})
	if err != nil {
		return err
	}
	defer v.stop()
	if err := execute(v.dsn(), "CREATE SEQUENCE s"); err != nil {
		return err
	}
	base, file := "http://"+port+"/debug/pprof/", filepath.Join(dir, name)
	taken := make(chan error, 1)
	go func() {
		taken <- fetch(fmt.Sprintf("%sprofile?seconds=%d", base, max(1, int(s.span/time.Second))), file+".cpu.pb.gz")
	}()
	if err := run(v); err != nil {
		return err
	}
	if err := <-taken; err != nil {
		return err
	}
	return fetch(base+"allocs", file+".allocs.pb.gz")
}

func fetch(url, file string) error {
	r, err := http.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, body)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}
