// Package nullserver is two servers that answer every query from a canned buffer:
// the floor under what a PostgreSQL server in Go can cost. Raw is written by hand
// and allocates nothing; Proto reads and writes with pgproto3. They know no SQL, so
// nothing but a benchmark may talk to them.
package nullserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Kind is which of the servers.
type Kind string

// The kinds.
const (
	Raw   Kind = "raw"
	Proto Kind = "pgproto3"
)

// env asks this test binary to be a null server: each is a process of its own, so
// that its CPU time can be told from the client's.
const env = "SEQD_NULL_SERVER"

// RunIfAsked makes this process a null server if it was started as one. TestMain
// calls it first.
func RunIfAsked() {
	kind := Kind(os.Getenv(env))
	if kind == "" {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening on", l.Addr())
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		if kind == Raw {
			go serveRaw(conn)
		} else {
			go serveProto(conn)
		}
	}
}

// Server is a null server in a process of its own.
type Server struct {
	cmd  *exec.Cmd
	addr string
}

// Start starts one.
func Start(kind Kind) (*Server, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+string(kind))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line := make([]byte, 256)
	n, err := out.Read(line)
	addr, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	if err != nil || !ok {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("null server says %q: %v", line[:n], err)
	}
	return &Server{cmd: cmd, addr: addr}, nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// PID is its process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop ends it.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// seriesRows is how many rows the answer to a generate_series has.
const seriesRows = 1000

// canned are the answers.
var canned = func() (a struct{ hello, parse, bind, describe, columns, execute, sync, query, series, done []byte }) {
	add := func(to *[]byte, msgs ...pgproto3.BackendMessage) {
		for _, m := range msgs {
			var err error
			if *to, err = m.Encode(*to); err != nil {
				panic(err)
			}
		}
	}
	columns := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("nextval"), DataTypeOID: 20, DataTypeSize: 8, TypeModifier: -1}}}
	row := &pgproto3.DataRow{Values: [][]byte{[]byte("1234567")}}
	ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
	add(&a.hello, &pgproto3.AuthenticationOk{},
		&pgproto3.ParameterStatus{Name: "server_version", Value: "15.0"},
		&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"},
		&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"},
		&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}}, ready)
	add(&a.parse, &pgproto3.ParseComplete{})
	add(&a.bind, &pgproto3.BindComplete{})
	add(&a.describe, &pgproto3.ParameterDescription{}, columns)
	add(&a.columns, columns)
	add(&a.execute, row, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
	add(&a.sync, ready)
	add(&a.query, columns, row, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, ready)
	add(&a.series, columns)
	for range seriesRows {
		add(&a.series, row)
	}
	add(&a.series, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1000")}, ready)
	add(&a.done, &pgproto3.CloseComplete{})
	return a
}()
