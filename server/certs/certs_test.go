package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const alpn = "postgresql"

// newSet makes a set with a server's certificate and a client's.
func newSet(t *testing.T) *Set {
	t.Helper()
	s, err := OpenSet(filepath.Join(t.TempDir(), "tls"), 30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Server([]string{"db.example.org", "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client("joe"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Set) files() Files {
	return Files{Cert: s.Path(ServerCert), Key: s.Path(ServerKey), ClientCA: s.Path(CACert)}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// handshake is what a client and the server think of each other.
func handshake(t *testing.T, server *tls.Config, client *tls.Config) (*tls.ConnectionState, error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	served := make(chan error, 1)
	srv := tls.Server(b, server)
	go func() {
		err := srv.Handshake()
		if err == nil {
			_, err = srv.Write([]byte("x"))
		}
		served <- err
		b.Close()
	}()
	cli := tls.Client(a, client)
	if err := cli.Handshake(); err != nil {
		a.Close()
		<-served
		return nil, err
	}
	_, err := cli.Read(make([]byte, 1)) // a refusal of TLS 1.3 comes after the handshake
	a.Close()
	<-served
	state := srv.ConnectionState()
	return &state, err
}

func (s *Set) pool(t *testing.T) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(s.Path(CACert))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

// TestSet: what is made works in both directions, and for those names alone.
func TestSet(t *testing.T) {
	set := newSet(t)
	for name, mode := range map[string]fs.FileMode{
		CACert: 0o644, CAKey: 0o600, ServerCert: 0o644, ServerKey: 0o600, "joe.pem": 0o644, "joe.key": 0o600, "joe.pk8": 0o600,
	} {
		if info, err := os.Stat(set.Path(name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(set.Path(".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	store, err := NewStore(set.files(), alpn, discard())
	if err != nil {
		t.Fatal(err)
	}
	joe, err := tls.LoadX509KeyPair(set.Path("joe.pem"), set.Path("joe.key"))
	if err != nil {
		t.Fatal(err)
	}
	strange := stranger(t)
	for _, tt := range []struct {
		name   string
		client *tls.Config
		ok     bool
	}{
		{"by name", &tls.Config{RootCAs: set.pool(t), ServerName: "db.example.org"}, true},
		{"by address", &tls.Config{RootCAs: set.pool(t), ServerName: "192.0.2.1"}, true},
		{"by another name", &tls.Config{RootCAs: set.pool(t), ServerName: "example.org"}, false},
		{"unknown authority", &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "db.example.org"}, false},
		{"TLS 1.2", &tls.Config{RootCAs: set.pool(t), ServerName: "db.example.org", MaxVersion: tls.VersionTLS12}, true},
		{"TLS 1.1", &tls.Config{RootCAs: set.pool(t), ServerName: "db.example.org", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"with a certificate", &tls.Config{RootCAs: set.pool(t), ServerName: "db.example.org", Certificates: []tls.Certificate{joe}}, true},
		{"with a stranger's certificate", &tls.Config{RootCAs: set.pool(t), ServerName: "db.example.org",
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &strange, nil }}, false},
	} {
		state, err := handshake(t, store.Config(), tt.client)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.name == "with a certificate" && (len(state.PeerCertificates) != 1 || state.PeerCertificates[0].Subject.CommonName != "joe") {
			t.Errorf("%s: %v", tt.name, state.PeerCertificates)
		}
	}
}

func stranger(t *testing.T) tls.Certificate {
	t.Helper()
	set := newSet(t)
	c, err := tls.LoadX509KeyPair(set.Path("joe.pem"), set.Path("joe.key"))
	if err != nil {
		t.Fatal(err)
	}
	c.Certificate = append(c.Certificate, set.cert.Raw)
	return c
}

// TestSetAgain: the authority stays, so that clients that know it go on.
func TestSetAgain(t *testing.T) {
	set := newSet(t)
	again, err := OpenSet(set.Dir, 30)
	if err != nil || again.Created || !set.Created {
		t.Fatalf("%+v, %v", again, err)
	}
	if _, err := again.Server([]string{"other.example.org"}); err != nil {
		t.Fatal(err)
	}
	store, err := NewStore(set.files(), alpn, discard())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, store.Config(), &tls.Config{RootCAs: set.pool(t), ServerName: "other.example.org"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{CAKey, CACert} {
		content, _ := os.ReadFile(set.Path(name))
		if err := os.Remove(set.Path(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSet(set.Dir, 30); err == nil {
			t.Errorf("another authority was made when %s was lost", name)
		}
		if err := os.WriteFile(set.Path(name), []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSet(set.Dir, 30); err == nil {
			t.Errorf("%s of nonsense", name)
		}
		if err := os.WriteFile(set.Path(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "a/b", "..", ".hidden", "ca", "server"} {
		if _, err := set.Client(name); err == nil {
			t.Errorf("client %q", name)
		}
	}
}

// TestReload: another certificate in the files is served without a restart; while the
// files do not fit together, the old one is.
func TestReload(t *testing.T) {
	set, other := newSet(t), newSet(t)
	var log bytes.Buffer
	store, err := NewStore(set.files(), alpn, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string { return store.Config().Certificates[0].Leaf.SerialNumber.String() }
	later := func() { store.looked = time.Time{} }
	before := serial()
	later()
	if serial() != before || log.Len() > 0 {
		t.Errorf("changed without a change: %s", &log)
	}
	move := func(name string) {
		t.Helper()
		if err := os.Rename(other.Path(name), set.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	move(ServerCert)
	later()
	if serial() != before || !strings.Contains(log.String(), "not reloaded") {
		t.Errorf("a certificate without its key: %s", &log)
	}
	log.Reset()
	later()
	if serial(); log.Len() > 0 {
		t.Errorf("said twice: %s", &log)
	}
	move(ServerKey)
	later()
	after := serial()
	if after == before || !strings.Contains(log.String(), "certificates were reloaded") {
		t.Errorf("not reloaded: %s", &log)
	}
	if err := os.Remove(set.Path(CACert)); err != nil {
		t.Fatal(err)
	}
	if store.Reload() || serial() != after {
		t.Error("a missing file was taken for a change")
	}
}

func TestBadFiles(t *testing.T) {
	set := newSet(t)
	good := set.files()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	open := filepath.Join(t.TempDir(), "open.key")
	key, _ := os.ReadFile(good.Key)
	if err := os.WriteFile(open, key, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string]Files{
		"--tls-cert":      {Cert: missing, Key: good.Key},
		"--tls-key":       {Cert: good.Cert, Key: missing},
		"group or world":  {Cert: good.Cert, Key: open},
		"--tls-client-ca": {Cert: good.Cert, Key: good.Key, ClientCA: missing},
		"no certificate":  {Cert: good.Cert, Key: good.Key, ClientCA: good.Key},
		"does not match":  {Cert: set.Path(CACert), Key: good.Key},
	} {
		if _, err := NewStore(files, alpn, discard()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
