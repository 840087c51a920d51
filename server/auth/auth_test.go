package auth

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/scram"
	"seqd/server"
)

const (
	wrongJoe = `28P01 password authentication failed for user "joe"`
	noEntry  = `28000 no pg_hba.conf entry for host "127.0.0.1", user "joe", database "d", `
)

// TestOutcomes: what becomes of a login. cmd/seqd/e2e/auth compares such outcomes with
// PostgreSQL's; here roles can have everything.
func TestOutcomes(t *testing.T) {
	const scramAll = "host all all all scram-sha-256"
	for _, tt := range []struct {
		rules  string
		login  attempt
		want   string
		reason string // in the log
	}{
		{"host all all all trust", attempt{user: "joe"}, "in", ""},
		{"host all all all trust", attempt{user: "nobody"}, `28000 role "nobody" does not exist`, ""},
		{"host all all all trust", attempt{user: "nologin"}, `28000 role "nologin" is not permitted to log in`, ""},
		{"host all all all trust", attempt{user: "none"}, `53300 too many connections for role "none"`, ""},
		{"host all all all trust", attempt{user: "postgres"}, "in", ""}, // limits are not for superusers
		{"host all all all reject", attempt{user: "joe"},
			`28000 pg_hba.conf rejects connection for host "127.0.0.1", user "joe", database "d", SSL encryption`, ""},
		{"host all all all reject", attempt{user: "joe", plain: true},
			`28000 pg_hba.conf rejects connection for host "127.0.0.1", user "joe", database "d", no encryption`, ""},
		{"host all all ::1/128 trust", attempt{user: "joe"}, noEntry + "SSL encryption", ""},
		{"hostssl all all all trust", attempt{user: "joe", plain: true}, noEntry + "no encryption", ""},
		{"hostnossl all all all trust", attempt{user: "joe"}, noEntry + "SSL encryption", ""},
		{"host all +staff all trust", attempt{user: "joe"}, noEntry + "SSL encryption", ""},
		{"host all +staff all trust", attempt{user: "ann"}, "in", ""},

		{scramAll, attempt{user: "joe", password: "secret"}, "in", ""},
		{scramAll, attempt{user: "joe", password: "secret", plain: true}, "in", ""},
		{scramAll, attempt{user: "joe", password: "Secret"}, wrongJoe, "Password does not match"},
		{scramAll, attempt{user: "joe", password: "wrong", plain: true}, wrongJoe, "Password does not match"},
		{scramAll, attempt{user: "nobody", password: "secret"}, `28P01 password authentication failed for user "nobody"`, "does not exist."},
		{scramAll, attempt{user: "empty", password: "secret"}, `28P01 password authentication failed for user "empty"`, "has no password assigned."},
		{scramAll, attempt{user: "expired", password: "secret"}, `28P01 password authentication failed for user "expired"`, "has an expired password."},
		{scramAll, attempt{user: "md5", password: "secret"}, `28P01 password authentication failed for user "md5"`, "does not have a valid SCRAM secret."},
		{scramAll, attempt{user: "nologin", password: "secret"}, `28000 role "nologin" is not permitted to log in`, ""},
		{scramAll, attempt{user: "nologin", password: "x"}, `28P01 password authentication failed for user "nologin"`, ""},
		{"host all all all md5", attempt{user: "joe", password: "secret"}, "in", ""},
		{"host all all all md5", attempt{user: "joe", password: "x"}, wrongJoe, ""},

		{"host all all all password", attempt{user: "joe", password: "secret"}, "in", ""},
		{"host all all all password", attempt{user: "joe", password: "x"}, wrongJoe, "Password does not match"},
		{"host all all all password", attempt{user: "nobody", password: "secret"}, `28P01 password authentication failed for user "nobody"`, "does not exist."},
		{"host all all all password", attempt{user: "expired", password: "secret"}, `28P01 password authentication failed for user "expired"`, ""},
		{"host all all all password", attempt{user: "joe"}, "28P01 empty password returned by client", ""},
		{"host all all all password", attempt{user: "joe", password: "secret", plain: true}, "28000 password authentication needs an encrypted connection", ""},

		{"hostssl all all all cert", attempt{user: "joe", certificate: "joe"}, "in", ""},
		{"hostssl all all all cert", attempt{user: "joe", certificate: "ann"}, `28000 certificate authentication failed for user "joe"`,
			"provided user name (joe) and authenticated user name (ann) do not match"},
		{"hostssl all all all cert", attempt{user: "joe"}, "28000 connection requires a valid client certificate", ""},
		{"hostssl all all all cert map=m", attempt{user: "joe", certificate: "joe@example.org"}, "in", ""},
		{"hostssl all all all cert map=m", attempt{user: "joe", certificate: "joe"}, `28000 certificate authentication failed for user "joe"`, "no match in usermap"},
		{"hostssl all all all cert map=m clientname=DN", attempt{user: "ann", certificate: "ann"}, "in", ""},
		{"hostssl all all all trust clientcert=verify-ca", attempt{user: "joe", certificate: "ann"}, "in", ""},
		{"hostssl all all all trust clientcert=verify-ca", attempt{user: "joe"}, "28000 connection requires a valid client certificate", ""},
		{"hostssl all all all trust clientcert=verify-full", attempt{user: "joe", certificate: "ann"}, `28000 "trust" authentication failed for user "joe"`, ""},
		{"hostssl all all all scram-sha-256 clientcert=verify-full", attempt{user: "joe", password: "secret", certificate: "joe"}, "in", ""},
		{"hostssl all all all scram-sha-256 clientcert=verify-full", attempt{user: "joe", password: "secret", certificate: "ann"}, wrongJoe, "do not match"},
		{"hostssl all all all scram-sha-256 clientcert=verify-full", attempt{user: "joe", password: "x", certificate: "joe"}, wrongJoe, "Password does not match"},
		{"hostssl all all all scram-sha-256 clientcert=verify-full", attempt{user: "joe", password: "secret"}, "28000 connection requires a valid client certificate", ""},
	} {
		s := start(t, tt.rules, "m /^(.*)@example\\.org$ \\1\nm CN=ann ann\n", nil)
		if got := s.outcome(tt.login); got != tt.want {
			t.Errorf("%s: %+v: %s", tt.rules, tt.login, got)
		}
		log := s.logged()
		if refused := strings.Count(log, `event="login refused"`); (refused == 1) != (tt.want != "in") || refused > 1 {
			t.Errorf("%s: %+v: %d refusals in the log: %s", tt.rules, tt.login, refused, log)
		}
		if !strings.Contains(log, tt.reason) || strings.Contains(strings.ToLower(log), "secret"+`"`) || strings.Contains(log, "=Secret") || strings.Contains(log, "SCRAM-SHA-256$") {
			t.Errorf("%s: %+v: %s", tt.rules, tt.login, log)
		}
	}
}

// TestConnectionLimit counts sessions, of all that a role has.
func TestConnectionLimit(t *testing.T) {
	s := start(t, "host all all all trust", "", nil)
	first, err := s.connect(attempt{user: "one"})
	if err != nil {
		t.Fatal(err)
	}
	const tooMany = `53300 too many connections for role "one"`
	if got := s.outcome(attempt{user: "one"}); got != tooMany {
		t.Error(got)
	}
	if got := s.outcome(attempt{user: "joe"}); got != "in" {
		t.Error(got)
	}
	_ = first.Close(context.Background())
	eventually(t, "room for another", func() bool { return s.outcome(attempt{user: "one"}) == "in" })
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// sslOf keeps what the server knows of the encryption.
type sslOf struct {
	idle
	seen chan server.SSL
}

func (h sslOf) Begin(ctx context.Context, c *server.Client) (server.Session, error) {
	facts, _ := c.SSL()
	h.seen <- facts
	return h.idle.Begin(ctx, c)
}

// TestSSLFacts: what pg_stat_ssl shows.
func TestSSLFacts(t *testing.T) {
	h := sslOf{seen: make(chan server.SSL, 1)}
	s := start(t, "host all all all trust", "", func(c *server.Config) { c.Handler = h })
	for _, a := range []attempt{{user: "joe", certificate: "joe"}, {user: "joe"}, {user: "joe", plain: true}} {
		if got := s.outcome(a); got != "in" {
			t.Fatal(got)
		}
		f := <-h.seen
		if (f.Version == "TLSv1.3" && f.Bits >= 128 && strings.HasPrefix(f.Cipher, "TLS_")) == a.plain {
			t.Errorf("%+v: %+v", a, f)
		}
		if own := a.certificate != ""; own != (f.ClientDN == "/CN=joe") || own != (f.ClientSerial != "") || own != strings.HasPrefix(f.IssuerDN, "/CN=seqd authority ") {
			t.Errorf("%+v: %+v", a, f)
		}
	}
}

// TestNoRules: without a file everybody is believed, but must be somebody.
func TestNoRules(t *testing.T) {
	s := start(t, "", "", nil)
	if got := s.outcome(attempt{user: "joe"}); got != "in" {
		t.Error(got)
	}
	if got := s.outcome(attempt{user: "nobody"}); got != `28000 role "nobody" does not exist` {
		t.Error(got)
	}
	if !s.Reload() || s.FileRules() != nil || s.FileMappings() != nil {
		t.Error("rules out of nothing")
	}
}

// TestReload: a good file comes into force for those who come, a broken one does not,
// and every mistake in it is logged.
func TestReload(t *testing.T) {
	s := start(t, "host all all all trust\n", "m a b\n", nil)
	stays, err := s.connect(attempt{user: "joe"})
	if err != nil {
		t.Fatal(err)
	}
	s.write("host all all all reject\n")
	if got := s.outcome(attempt{user: "joe"}); got != "in" {
		t.Errorf("before the reload: %s", got)
	}
	s.logged()
	if !s.Reload() || !strings.Contains(s.logged(), "were reloaded") {
		t.Error("not reloaded")
	}
	if got := s.outcome(attempt{user: "joe"}); !strings.HasPrefix(got, "28000 pg_hba.conf rejects connection") {
		t.Error(got)
	}
	if _, err := stays.Exec(t.Context(), "").ReadAll(); err != nil {
		t.Errorf("a session that was there: %v", err)
	}
	s.write("host all all all trust\nremote all all all trust\nhost all all example.org trust\n")
	s.logged()
	if s.Reload() {
		t.Error("a broken file was taken")
	}
	log := s.logged()
	for _, want := range []string{`invalid connection type \"remote\"`, "line=2", `host name \"example.org\" is not supported`, "line=3", "the old ones stay in force"} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log: %s", want, log)
		}
	}
	if got := s.outcome(attempt{user: "joe"}); !strings.HasPrefix(got, "28000 pg_hba.conf rejects connection") {
		t.Errorf("after a broken file: %s", got)
	}
	if rows := s.FileRules(); len(rows) != 3 || rows[1].Error == "" || rows[0].Method != "trust" {
		t.Errorf("%+v", rows)
	}
	if rows := s.FileMappings(); len(rows) != 1 || rows[0].User != "b" {
		t.Errorf("%+v", rows)
	}
	if err := os.Remove(s.file); err != nil {
		t.Fatal(err)
	}
	if s.Reload() {
		t.Error("a missing file was taken")
	}
	if got := s.outcome(attempt{user: "joe"}); !strings.HasPrefix(got, "28000") {
		t.Errorf("after a missing file: %s", got)
	}
}

// TestBrokenFileAtStart: a server does not start with half of its rules.
func TestBrokenFileAtStart(t *testing.T) {
	s := start(t, "host all all all trust\n", "", nil)
	cfg := s.cfg
	s.write("x\nhost all all all y\n")
	_, err := New(cfg)
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "line 2 of") {
		t.Error(err)
	}
}

// TestNamesInLogs: a name can't forge a line, or a message to the next client.
func TestNamesInLogs(t *testing.T) {
	s := start(t, "host all all all reject\n", "", nil)
	for _, name := range []string{`a"b`, "a\nlevel=ERROR msg=forged", "a\rb", "\x1b[2Jx", "a b=c", "x\xffy", "\u202egnp"} {
		got := s.outcome(attempt{user: name, database: name})
		if !strings.HasPrefix(got, `28000 pg_hba.conf rejects connection for host "127.0.0.1", user "`) {
			t.Errorf("%q: %s", name, got)
		}
		log := s.logged()
		if lines := strings.Count(log, "\n"); lines != 1 || strings.ContainsAny(log, "\r\x1b\u202e") || strings.Contains(log, "\nlevel=ERROR") {
			t.Errorf("%q: %d lines: %q", name, lines, log)
		}
	}
}

// frontend connects by hand.
func (r *running) frontend(user string) *pgproto3.Frontend {
	r.t.Helper()
	conn := r.dial()
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user, "database": "d"}})
	if err := f.Flush(); err != nil {
		r.t.Fatal(err)
	}
	return f
}

func receive[M pgproto3.BackendMessage](t *testing.T, f *pgproto3.Frontend) M {
	t.Helper()
	msg, err := f.Receive()
	if err != nil {
		t.Fatal(err)
	}
	m, ok := msg.(M)
	if !ok {
		t.Fatalf("got %T %+v", msg, msg)
	}
	return m
}

// challengeOf is the server's first message to a user; the client's nonce is always
// the same.
func (r *running) challengeOf(user string) (f *pgproto3.Frontend, nonce, rest string) {
	r.t.Helper()
	f = r.frontend(user)
	if m := receive[*pgproto3.AuthenticationSASL](r.t, f); len(m.AuthMechanisms) != 1 || m.AuthMechanisms[0] != scram.SHA256 {
		r.t.Errorf("mechanisms %q", m.AuthMechanisms)
	}
	f.Send(&pgproto3.SASLInitialResponse{AuthMechanism: scram.SHA256, Data: []byte("n,,n=,r=abc")})
	if err := f.Flush(); err != nil {
		r.t.Fatal(err)
	}
	data := receive[*pgproto3.AuthenticationSASLContinue](r.t, f).Data
	nonce, rest, ok := strings.Cut(string(data), ",")
	if !ok || !strings.HasPrefix(nonce, "r=abc") {
		r.t.Fatalf("challenge %q", data)
	}
	return f, nonce, rest
}

// TestUnknownUsersLookReal: their salt is always the same, on every node with the
// same secret, and none is another's.
func TestUnknownUsersLookReal(t *testing.T) {
	s, other := start(t, "host all all all scram-sha-256", "", nil), start(t, "host all all all scram-sha-256", "", nil)
	salts := map[string]string{}
	for _, user := range []string{"joe", "nobody", "empty", "md5", "noone"} {
		_, nonce, salt := s.challengeOf(user)
		_, again, same := s.challengeOf(user)
		if salt != same || nonce == again || !strings.HasSuffix(salt, ",i=4096") || len(salt) != len("s=")+24+len(",i=4096") {
			t.Errorf("%s: %q, then %q", user, salt, same)
		}
		salts[salt] = user
		if _, _, there := other.challengeOf(user); user != "joe" && there != salt {
			t.Errorf("%s: %q here, %q there", user, salt, there)
		}
	}
	if len(salts) != 5 {
		t.Errorf("%v", salts)
	}
}

// TestNoInitialResponse: a client may begin with the second message.
func TestNoInitialResponse(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", nil)
	f := s.frontend("joe")
	receive[*pgproto3.AuthenticationSASL](t, f)
	f.Send(&pgproto3.SASLInitialResponse{AuthMechanism: scram.SHA256})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if m := receive[*pgproto3.AuthenticationSASLContinue](t, f); len(m.Data) != 0 {
		t.Errorf("%q", m.Data)
	}
	f.Send(&pgproto3.SASLResponse{Data: []byte("n,,n=,r=abc")})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if m := receive[*pgproto3.AuthenticationSASLContinue](t, f); !bytes.HasPrefix(m.Data, []byte("r=abc")) {
		t.Errorf("%q", m.Data)
	}
}

// TestSlowClients: who stops in the middle is let go when the time is up, without a
// word, and is in the log.
func TestSlowClients(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", func(c *server.Config) { c.AuthTimeout = 200 * time.Millisecond })
	f, _, _ := s.challengeOf("joe")
	if msg, err := f.Receive(); err == nil {
		t.Errorf("told %+v", msg)
	}
	eventually(t, "a line in the log", func() bool { return strings.Contains(s.logged(), "canceling authentication due to timeout") })
}

// TestClientAsksItsUser: psql leaves when it is asked for a password, and comes again
// with one. That is no refusal.
func TestClientAsksItsUser(t *testing.T) {
	s := start(t, "host all all all scram-sha-256", "", nil)
	conn := s.dial()
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "joe"}})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	receive[*pgproto3.AuthenticationSASL](t, f)
	conn.Close()
	eventually(t, "the end", func() bool { return s.Stats().Pending == 0 })
	if log := s.logged(); strings.Contains(log, "refused") {
		t.Error(log)
	}
}
