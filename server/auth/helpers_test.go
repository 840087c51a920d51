package auth

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/scram"
	"seqd/protocol/wire"
	"seqd/server"
	"seqd/server/audit"
	"seqd/server/certs"
)

// roles are those of a test.
type roles map[string]Role

func (r roles) Role(name string, _ time.Time) (Role, bool) { role, ok := r[name]; return role, ok }
func (r roles) Member(user, role string) bool {
	return user == role || (role == "staff" && user == "ann")
}

// theRoles: all passwords are "secret".
func theRoles() roles {
	verifier := scram.NewVerifier("secret").String()
	login := func(change func(*Role)) Role {
		r := Role{CanLogin: true, Verifier: verifier, ConnectionLimit: -1}
		if change != nil {
			change(&r)
		}
		return r
	}
	return roles{
		"joe": login(nil), "ann": login(nil),
		"postgres":                         login(func(r *Role) { r.Superuser = true; r.ConnectionLimit = 0 }),
		"nologin":                          login(func(r *Role) { r.CanLogin = false }),
		"expired":                          login(func(r *Role) { r.Expired = true }),
		"empty":                            login(func(r *Role) { r.Verifier = "" }),
		"md5":                              login(func(r *Role) { r.Verifier = "md5" + strings.Repeat("0", 32) }),
		"one":                              login(func(r *Role) { r.ConnectionLimit = 1 }),
		"none":                             login(func(r *Role) { r.ConnectionLimit = 0 }),
		`a"b` + "\nlevel=ERROR msg=forged": login(nil),
	}
}

// running is a server whose sessions can do nothing.
type running struct {
	*server.Server
	*Authenticator
	t    *testing.T
	addr *net.TCPAddr
	set  *certs.Set
	file string // pg_hba.conf

	mu  sync.Mutex
	log bytes.Buffer
}

func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(b)
}

// logged returns what was logged since the last call.
func (r *running) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.log.String()
	r.log.Reset()
	return text
}

type idle struct{}

func (idle) Begin(_ context.Context, c *server.Client) (server.Session, error) {
	return idleSession{c}, nil
}

// idleSession answers everything with nothing.
type idleSession struct{ *server.Client }

func (c idleSession) Run() (bool, error) { return false, c.answer() }

func (c idleSession) answer() error {
	c.Conn.Send(&pgproto3.BackendKeyData{ProcessID: c.PID, SecretKey: c.Secret})
	c.Conn.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for {
		if err := c.Conn.Flush(); err != nil {
			return err
		}
		if _, err := c.Conn.Receive(); err != nil {
			return err
		}
		c.Conn.Send(&pgproto3.EmptyQueryResponse{})
		c.Conn.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	}
}

// start serves with these rules; "" for none.
func start(t *testing.T, rules, maps string, change func(*server.Config)) *running {
	t.Helper()
	r := &running{t: t}
	dir := t.TempDir()
	var err error
	if r.set, err = certs.OpenSet(filepath.Join(dir, "tls"), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := r.set.Server([]string{"localhost", "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(r, nil))
	store, err := certs.NewStore(certs.Files{
		Cert: r.set.Path(certs.ServerCert), Key: r.set.Path(certs.ServerKey), ClientCA: r.set.Path(certs.CACert)}, wire.ALPN, logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Roles: theRoles(), TLS: true, ClientCA: true, MockSecret: func() []byte { return []byte("k") }, Audit: audit.Log{Logger: logger}, Logger: logger}
	if rules != "" {
		r.file = filepath.Join(dir, "pg_hba.conf")
		r.write(rules)
		cfg.HBAFile = r.file
	}
	if maps != "" {
		cfg.IdentFile = filepath.Join(dir, "pg_ident.conf")
		if err := os.WriteFile(cfg.IdentFile, []byte(maps), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r.Authenticator, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	serverConfig := server.Config{Handler: idle{}, Authenticator: r.Authenticator, Logger: logger, Wire: wire.Config{TLS: store.Config}}
	if change != nil {
		change(&serverConfig)
	}
	r.Server = server.New(serverConfig)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().(*net.TCPAddr)
	go func() { _ = r.Serve(ln) }() // ends with Shutdown
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return r
}

func (r *running) write(rules string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(rules), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// attempt is a login.
type attempt struct {
	user, password, database string
	plain                    bool   // without TLS
	certificate              string // of which user
}

// connect logs in with a real client; the session lasts as long as the test.
func (r *running) connect(a attempt) (*pgconn.PgConn, error) {
	r.t.Helper()
	config, err := pgconn.ParseConfig("host=127.0.0.1 user=x database=d sslmode=disable")
	if err != nil {
		r.t.Fatal(err)
	}
	config.Port, config.User, config.Password = uint16(r.addr.Port), a.user, a.password
	if a.database != "" {
		config.Database = a.database
	}
	if !a.plain {
		config.TLSConfig = r.clientTLS(a.certificate)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err == nil {
		r.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func (r *running) clientTLS(user string) *tls.Config {
	r.t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{wire.ALPN}}
	if user != "" {
		if _, err := r.set.Client(user); err != nil {
			r.t.Fatal(err)
		}
		c, err := tls.LoadX509KeyPair(r.set.Path(user+".pem"), r.set.Path(user+".key"))
		if err != nil {
			r.t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{c}
	}
	return config
}

// outcome is "in", or SQLSTATE and message.
func (r *running) outcome(a attempt) string {
	r.t.Helper()
	conn, err := r.connect(a)
	if err == nil {
		_ = conn.Close(context.Background())
		return "in"
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code + " " + e.Message
	}
	return err.Error()
}

// dial connects and says nothing.
func (r *running) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr.String())
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(20 * time.Second))
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	return conn
}
