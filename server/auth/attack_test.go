package auth

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	xdg "github.com/xdg-go/scram"

	"seqd/protocol/scram"
	"seqd/server"
)

// encrypted connects by hand over TLS and returns the mechanisms offered.
func (r *running) encrypted(user string) (*pgproto3.Frontend, *tls.Conn, []string) {
	r.t.Helper()
	conn := tls.Client(r.dial(), r.clientTLS("")) // at once: libpq 17's direct start
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user}})
	if err := f.Flush(); err != nil {
		r.t.Fatal(err)
	}
	return f, conn, receive[*pgproto3.AuthenticationSASL](r.t, f).AuthMechanisms
}

// finish plays a client's side and returns "in" or SQLSTATE and message.
func finish(t *testing.T, f *pgproto3.Frontend, mechanism string, c *xdg.ClientConversation) string {
	t.Helper()
	step, err := c.Step("")
	if err != nil {
		t.Fatal(err)
	}
	f.Send(&pgproto3.SASLInitialResponse{AuthMechanism: mechanism, Data: []byte(step)})
	for {
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		msg, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := msg.(type) {
		case *pgproto3.AuthenticationSASLContinue:
			if step, err = c.Step(string(m.Data)); err != nil {
				t.Fatal(err)
			}
			f.Send(&pgproto3.SASLResponse{Data: []byte(step)})
		case *pgproto3.AuthenticationSASLFinal:
			if _, err := c.Step(string(m.Data)); err != nil || !c.Valid() {
				t.Errorf("the server did not prove that it knows the password: %v", err)
			}
		case *pgproto3.AuthenticationOk:
			return "in"
		case *pgproto3.ErrorResponse:
			return m.Code + " " + m.Message
		default:
			t.Fatalf("got %T", msg)
		}
	}
}

// TestMiddle: somebody between client and server, who has a certificate of their own
// or hides what the server offers, gets nobody in.
func TestMiddle(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", nil)
	secret, err := xdg.SHA256.NewClient("", "secret", "")
	if err != nil {
		t.Fatal(err)
	}
	own, err := xdg.NewTLSServerEndpointBinding(func() *tls.ConnectionState {
		_, conn, _ := s.encrypted("joe")
		state := conn.ConnectionState()
		return &state
	}())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, mechanism string
		client          *xdg.ClientConversation
		want            string
	}{
		{"nobody between", scram.SHA256Plus, secret.NewConversationWithChannelBinding(own), "in"},
		{"unbound", scram.SHA256, secret.NewConversation(), "in"},
		{"another certificate", scram.SHA256Plus,
			secret.NewConversationWithChannelBinding(xdg.ChannelBinding{Type: xdg.ChannelBindingTLSServerEndpoint, Data: bytes.Repeat([]byte("x"), 32)}),
			"28000 SCRAM channel binding check failed"},
		{"PLUS was hidden", scram.SHA256, secret.NewConversationAdvertisingChannelBinding(), "28000 SCRAM channel binding negotiation error"},
		{"another type of binding", scram.SHA256Plus,
			secret.NewConversationWithChannelBinding(xdg.ChannelBinding{Type: xdg.ChannelBindingTLSExporter, Data: own.Data}),
			`08P01 unsupported SCRAM channel-binding type "tls-exporter"`},
		{"an unknown mechanism", "SCRAM-SHA-1", secret.NewConversation(), "08P01 client selected an invalid SASL authentication mechanism"},
	} {
		f, _, offered := s.encrypted("joe")
		if strings.Join(offered, " ") != "SCRAM-SHA-256-PLUS SCRAM-SHA-256" {
			t.Errorf("offered %q", offered)
		}
		if got := finish(t, f, tt.mechanism, tt.client); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// TestReplay: an overheard proof opens nothing.
func TestReplay(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", nil)
	_, nonce, _ := s.challengeOf("joe")
	overheard := []byte("c=biws," + nonce + ",p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)))
	f, other, _ := s.challengeOf("joe")
	f.Send(&pgproto3.SASLResponse{Data: overheard})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if e := receive[*pgproto3.ErrorResponse](t, f); e.Code != "08P01" || e.Message != "invalid SCRAM response" || e.Detail != "Nonce does not match." {
		t.Errorf("%+v, nonce %s", e, other)
	}
}

// TestBrokenMessages: what is no answer to the request ends the connection, and
// nothing else.
func TestBrokenMessages(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", nil)
	for name, send := range map[string]struct {
		bytes string
		want  string // "": closed without a word
	}{
		"a query":           {"Q\x00\x00\x00\x0dselect 1\x00", "08P01 expected SASL response, got message type 81"},
		"another start-up":  {"\x00\x00\x00\x08\x00\x03\x00\x00", "08P01 expected SASL response, got message type 0"},
		"a password":        {"p\x00\x00\x00\x0bsecret\x00", "08P01"},
		"too long":          {"p\x00\x00\x04\x01", "08P01 invalid message length"},
		"too short":         {"p\x00\x00\x00\x03", "08P01 invalid message length"},
		"endless":           {"p\xff\xff\xff\xff", "08P01 invalid message length"},
		"no mechanism":      {"p\x00\x00\x00\x09\x00\xff\xff\xff\xff", "08P01 client selected an invalid SASL authentication mechanism"},
		"more than it says": {"p\x00\x00\x00\x16SCRAM-SHA-256\x00\x00\x00\x00\x63", "08P01"},
		"half of one":       {"p\x00\x00\x00\x16SCRAM", ""},
	} {
		got := s.raw("joe", []byte(send.bytes))
		if got != send.want && (send.want != "08P01" || !strings.HasPrefix(got, "08P01 ")) {
			t.Errorf("%s: %q", name, got)
		}
	}
	eventually(t, "a login afterwards", func() bool { return s.outcome(attempt{user: "joe", password: "secret"}) == "in" })
}

// raw begins to log in, answers the request for a password with any bytes and hangs up.
func (r *running) raw(user string, answer []byte) string {
	r.t.Helper()
	conn := r.dial()
	body := append(binary.BigEndian.AppendUint32(nil, pgproto3.ProtocolVersion30), "user\x00"+user+"\x00\x00"...)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		r.t.Fatal(err)
	}
	f := pgproto3.NewFrontend(conn, conn)
	receive[*pgproto3.AuthenticationSASL](r.t, f)
	if _, err := conn.Write(answer); err != nil {
		r.t.Fatal(err)
	}
	_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	msg, err := f.Receive()
	if err != nil {
		return ""
	}
	if e, ok := msg.(*pgproto3.ErrorResponse); ok {
		return e.Code + " " + e.Message
	}
	return "answered"
}

// TestIdleCrowd: ten thousand connections that say nothing, or stop in the middle of
// the authentication, keep nobody out; the server keeps no more than it may.
func TestIdleCrowd(t *testing.T) {
	crowd := 10000
	if testing.Short() {
		crowd = 2000
	}
	s := start(t, "host all all all scram-sha-256", "", func(c *server.Config) { c.MaxPending = 500 })
	stays, err := s.connect(attempt{user: "joe", password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	var dialing sync.WaitGroup
	for range 20 {
		dialing.Go(func() {
			for i := range crowd / 20 {
				conn := s.dial()
				if i%2 == 0 {
					continue
				}
				// A start-up packet, drop by drop: here the first ones.
				_, _ = conn.Write([]byte{0, 0, 0, 99, 0}) // it may have been closed already
			}
		})
	}
	for range 20 {
		began := time.Now()
		if _, err := stays.Exec(t.Context(), "").ReadAll(); err != nil {
			t.Fatalf("a session that was there: %v", err)
		}
		// Among so many who connect at once one may be pushed out; not again and again.
		eventually(t, "a login", func() bool { return s.outcome(attempt{user: "joe", password: "secret", plain: true}) == "in" })
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("a login took %v", took)
		}
	}
	dialing.Wait()
	if n := s.Stats().Pending; n > 500 {
		t.Errorf("%d are pending", n)
	}
	eventually(t, "a login afterwards", func() bool { return s.outcome(attempt{user: "joe", password: "secret"}) == "in" })
}
