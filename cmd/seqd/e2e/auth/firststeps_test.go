package auth

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/proc"
)

// TestFirstSteps does what somebody does who wants seqd on a network: is refused, and
// types the two lines that the refusal names.
func TestFirstSteps(t *testing.T) {
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	command := func(line string) *exec.Cmd {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"), "SEQD_CLUSTER_LISTEN=off")
		return cmd
	}
	out, err := command(fmt.Sprintf("%s --listen 0.0.0.0:%d", filepath.Base(bin), port)).CombinedOutput()
	if err == nil {
		t.Fatalf("open to everybody:\n%s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("a refused start left %v", left)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "  seqd ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines to type:\n%s", len(lines), out)
	}
	if out, err := command(lines[0]).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("ca.pem")) {
		t.Fatalf("%s: %v\n%s", lines[0], err, out)
	}
	ready := make(chan struct{}, 1)
	server, err := proc.Start(command("exec "+lines[1]), syscall.SIGKILL, func(line string) {
		if strings.Contains(line, " ready: ") {
			ready <- struct{}{}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.End(syscall.SIGKILL, 10*time.Second) }()
	select {
	case <-ready:
	case <-server.Done():
		t.Fatalf("%s:\n%s", lines[1], server.Tail())
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: never ready\n%s", lines[1], server.Tail())
	}
	connect := func(host, options string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres password=x sslrootcert=%s %s",
			host, port, filepath.Join(dir, "seqd-tls", "ca.pem"), options))
		if err != nil {
			return err.Error()
		}
		_ = conn.Close(ctx)
		return "in"
	}
	for _, options := range []string{"sslmode=disable", "sslmode=verify-full", "sslmode=verify-full sslnegotiation=direct"} {
		if got := connect("localhost", options); got != "in" {
			t.Errorf("on this machine, %s: %s", options, got)
		}
	}
	// SIGHUP: the rules without the lines for this machine.
	rules := filepath.Join(dir, "seqd-tls", "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("hostssl all all all scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(server.PID(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); connect("localhost", "sslmode=disable") == "in"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("SIGHUP changes nothing")
		}
	}
	outside := otherAddress()
	if outside == "" {
		t.Log("this machine has no address but loopback: a login from the network was not tried")
		return
	}
	if got := connect(outside, "sslmode=disable"); !strings.Contains(got, "no pg_hba.conf entry") || !strings.Contains(got, "no encryption") {
		t.Errorf("from the network, unencrypted: %s", got)
	}
	if got := connect(outside, "sslmode=require"); !strings.Contains(got, "28P01") {
		t.Errorf("from the network, a wrong password: %s", got)
	}
}

// otherAddress is an address of this machine that is not loopback.
func otherAddress() string {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return ""
}

// TestNewCertificate: a certificate made anew is served without a restart.
func TestNewCertificate(t *testing.T) {
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certify := func(hosts ...string) {
		t.Helper()
		if out, err := exec.Command(bin, append([]string{"cert", "--dir", dir}, hosts...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	certify()
	s, err := seqdserver.Start(seqdserver.Options{Args: []string{"--cluster-listen", "off",
		"--tls-cert", filepath.Join(dir, "server.pem"), "--tls-key", filepath.Join(dir, "server.key")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, port := s.HostPort()
	connect := func(name string) error {
		config, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%s user=postgres dbname=postgres sslmode=verify-full sslrootcert=%s",
			name, port, filepath.Join(dir, "ca.pem")))
		if err != nil {
			t.Fatal(err)
		}
		config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		conn, err := pgconn.ConnectConfig(ctx, config)
		if err == nil {
			_ = conn.Close(ctx)
		}
		return err
	}
	if err := connect("localhost"); err != nil {
		t.Fatal(err)
	}
	if err := connect("db.example.org"); err == nil {
		t.Error("a certificate for another name was taken")
	}
	certify("db.example.org")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := connect("db.example.org")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
