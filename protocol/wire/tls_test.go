package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// testTLS is a server's configuration.
func testTLS(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}},
		MinVersion:   tls.VersionTLS12, NextProtos: []string{ALPN},
	}
}

func withTLS(t testing.TB) Config {
	config := testTLS(t)
	return Config{TLS: func() *tls.Config { return config }}
}

func echo(c *Conn) {
	startup, ok := serveStartup(c)
	if !ok {
		return
	}
	c.Send(&pgproto3.ParameterStatus{Name: "user", Value: startup.User})
	for c.Flush() == nil {
		msg, err := c.Receive()
		if err != nil {
			return
		}
		if q, ok := msg.(*pgproto3.Query); ok {
			c.Send(&pgproto3.CommandComplete{CommandTag: []byte(q.String)})
		}
	}
}

func upgrade(t *testing.T, conn net.Conn, config *tls.Config) (*tls.Conn, error) {
	t.Helper()
	config.InsecureSkipVerify = true
	c := tls.Client(conn, config)
	return c, c.Handshake()
}

// TestTLS: both ways to begin it, long messages in both directions, and the goodbye.
func TestTLS(t *testing.T) {
	if judge != "" {
		return // a judge has its own certificates: cmd/seqd/e2e/auth compares
	}
	for _, direct := range []bool{false, true} {
		conn := dial(t, withTLS(t), echo)
		if !direct {
			if _, err := conn.Write(sslRequest); err != nil {
				t.Fatal(err)
			}
			if b := readByte(t, conn); b != 'S' {
				t.Fatalf("answer %q", b)
			}
		}
		c, err := upgrade(t, conn, &tls.Config{NextProtos: []string{ALPN}})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("x", 300_000)
		go func() { _, _ = c.Write(join(ordinary, message('Q', text, "\x00"))) }()
		lines := transcript(c, func(line string) bool { return line == "C" })
		if !slices.Equal(lines, []string{"Authentication 0", "S", "C"}) {
			t.Errorf("direct %v: %q", direct, lines)
		}
		_, _ = c.Write(raw("?")) // an unknown message ends the connection
		if lines := transcript(c, func(string) bool { return false }); len(lines) != 1 || lines[0] != "closed" {
			t.Errorf("direct %v: %q", direct, lines)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("direct %v: no goodbye but %v", direct, err)
		}
	}
}

func readByte(t *testing.T, conn net.Conn) byte {
	t.Helper()
	b := make([]byte, 1)
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatal(err)
	}
	return b[0]
}

// TestTLSRefused: what must not lead to an encrypted session.
func TestTLSRefused(t *testing.T) {
	if judge != "" {
		return
	}
	t.Run("direct without ALPN", func(t *testing.T) {
		conn := dial(t, withTLS(t), echo)
		c, err := upgrade(t, conn, &tls.Config{})
		if err == nil {
			_, _ = c.Write(ordinary)
			_, err = c.Read(make([]byte, 1))
		}
		if err == nil {
			t.Error("answered")
		}
	})
	t.Run("another protocol", func(t *testing.T) {
		conn := dial(t, withTLS(t), echo)
		if _, err := upgrade(t, conn, &tls.Config{NextProtos: []string{"http/1.1"}}); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		conn := dial(t, withTLS(t), echo)
		if _, err := upgrade(t, conn, &tls.Config{NextProtos: []string{ALPN}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("direct, and no TLS here", func(t *testing.T) {
		conn := dial(t, Config{}, echo)
		if _, err := upgrade(t, conn, &tls.Config{NextProtos: []string{ALPN}}); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("a configuration that is none", func(t *testing.T) {
		conn := dial(t, Config{TLS: func() *tls.Config { return nil }}, echo)
		if got := startupDialogue(t, conn, [][]byte{sslRequest, ordinary}); !slices.Equal(got, []string{"N", "Authentication 0"}) {
			t.Errorf("got %q", got)
		}
	})
	// CVE-2021-23214: what came before the handshake must not be taken for the
	// encrypted client's.
	t.Run("plain bytes behind the request", func(t *testing.T) {
		conn := dial(t, withTLS(t), echo)
		if _, err := conn.Write(join(sslRequest, ordinary)); err != nil {
			t.Fatal(err)
		}
		if b := readByte(t, conn); b != 'S' {
			t.Fatalf("answer %q", b)
		}
		want := []string{"FATAL 08P01 received unencrypted data after SSL request" + mitmDetail, "closed"}
		if got := transcript(conn, func(string) bool { return false }); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("encryption within encryption", func(t *testing.T) {
		for code, request := range map[string][]byte{"1234.5679": sslRequest, "1234.5680": gssRequest} {
			c, err := upgrade(t, dial(t, withTLS(t), echo), &tls.Config{NextProtos: []string{ALPN}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			if got := transcript(c, func(string) bool { return false }); len(got) != 2 || !strings.Contains(got[0], code) {
				t.Errorf("got %q", got)
			}
		}
	})
}

// TestTLSFacts: what is kept of the handshake.
func TestTLSFacts(t *testing.T) {
	if judge != "" {
		return
	}
	facts := make(chan *TLS, 1)
	config := withTLS(t)
	conn := dial(t, config, func(c *Conn) {
		serveStartup(c)
		facts <- c.TLS()
	})
	c, err := upgrade(t, conn, &tls.Config{NextProtos: []string{ALPN}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(ordinary); err != nil {
		t.Fatal(err)
	}
	f := <-facts
	if f == nil || f.Version != tls.VersionTLS13 || f.NegotiatedProtocol != ALPN || !bytes.Equal(f.Certificate.Raw, config.TLS().Certificates[0].Certificate[0]) {
		t.Errorf("%+v", f)
	}
	if c := New(&fakeConn{in: ordinary}, config); c.TLS() != nil {
		t.Error("facts of nothing")
	}
}

// TestPeerGoneTLS: the goodbye of TLS is input that nobody reads while a statement
// runs.
func TestPeerGoneTLS(t *testing.T) {
	if judge != "" {
		return
	}
	ready, gone := make(chan bool), make(chan bool)
	conn := dial(t, withTLS(t), func(c *Conn) {
		serveStartup(c)
		ready <- c.PeerGone()
		for deadline := time.Now().Add(10 * time.Second); !c.PeerGone(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				gone <- false
				return
			}
		}
		gone <- true
	})
	c, err := upgrade(t, conn, &tls.Config{NextProtos: []string{ALPN}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(ordinary); err != nil {
		t.Fatal(err)
	}
	if <-ready {
		t.Error("a client that is there is taken for gone")
	}
	c.Close()
	if !<-gone {
		t.Error("a client that closed is taken for present")
	}
}

// TestSlowHandshake: a deadline ends a handshake too.
func TestSlowHandshake(t *testing.T) {
	config := withTLS(t)
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, config)
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = client.Write([]byte{tlsRecord, 3}) }()
	if _, _, err := c.Startup(); !errors.Is(err, ErrHangup) || !IsTimeout(err) {
		t.Errorf("got %v", err)
	}
}
