// Package auth decides who gets in: it puts a connection to the rules of pg_hba.conf,
// asks for a password or looks at a certificate, and refuses in PostgreSQL's words.
//
// What a refused client is told never says why a password did not do: an unknown
// user, one without a password and one whose password has expired get the same
// messages after the same work as a wrong password. The reason is in the audit log.
package auth

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"seqd/protocol/sqlstate"
	"seqd/protocol/wire"
	"seqd/server"
	"seqd/server/audit"
	"seqd/server/hba"
)

// Role is what is to be known of a role that wants in.
type Role struct {
	CanLogin  bool
	Superuser bool
	Verifier  string // SCRAM-SHA-256$…; "": no password
	// Expired tells whether the password's VALID UNTIL has passed.
	Expired         bool
	ConnectionLimit int // -1: none
}

// Roles looks roles up. Its methods are called from many goroutines.
type Roles interface {
	// Role finds a role by name, at this moment.
	Role(name string, now time.Time) (Role, bool)
	// Member tells whether user is role, or directly or indirectly a member of it; a
	// superuser is not by that a member.
	Member(user, role string) bool
}

// Config is what an Authenticator is made of.
type Config struct {
	Roles Roles
	// HBAFile and IdentFile are pg_hba.conf and pg_ident.conf. Without HBAFile
	// everybody is believed, without IdentFile there are no maps.
	HBAFile, IdentFile string
	// TLS tells whether clients can have TLS, ClientCA whether their certificates are
	// verified.
	TLS, ClientCA bool
	// MockSecret is what salts for users who have none are made of. It must be the same
	// on all nodes and after every restart, and nobody else's to know.
	MockSecret func() []byte
	Audit      audit.Sink
	Logger     *slog.Logger
}

// Authenticator implements server.Authenticator.
type Authenticator struct {
	cfg      Config
	log      *slog.Logger
	rules    atomic.Pointer[rules]
	throttle *throttle
}

// New reads the files, and fails if one has an error: a server that starts has rules.
func New(cfg Config) (*Authenticator, error) {
	a := &Authenticator{cfg: cfg, log: cfg.Logger, throttle: newThrottle()}
	r := a.load()
	if err := r.err(); err != nil {
		return nil, err
	}
	a.rules.Store(r)
	return a, nil
}

// conversation is one client's authentication.
type conversation struct {
	*Authenticator
	client *server.Client
	addr   netip.Addr // invalid for a Unix socket
	rule   *hba.Rule
	reason string // why it is refused, for the log alone
}

// Authenticate implements server.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, client *server.Client) error {
	r := a.rules.Load()
	if r.hba == nil {
		return nil
	}
	c := &conversation{Authenticator: a, client: client, addr: address(client.Conn.RemoteAddr())}
	err := c.run(ctx, r)
	if err != nil {
		c.record(err)
	}
	return err
}

// Admit implements server.Authenticator: what PostgreSQL checks when it knows who
// the client is.
func (a *Authenticator) Admit(client *server.Client, sessions int) error {
	if a.cfg.Roles == nil {
		return nil
	}
	user := client.Startup.User
	role, ok := a.cfg.Roles.Role(user, time.Now())
	var err *sqlstate.Error
	switch {
	case !ok:
		err = sqlstate.Fatalf(sqlstate.InvalidAuthorization, `role "%s" does not exist`, user)
	case !role.CanLogin:
		err = sqlstate.Fatalf(sqlstate.InvalidAuthorization, `role "%s" is not permitted to log in`, user)
	case role.ConnectionLimit >= 0 && !role.Superuser && sessions > role.ConnectionLimit:
		err = sqlstate.Fatalf(sqlstate.TooManyConnections, `too many connections for role "%s"`, user)
	default:
		return nil
	}
	a.Refused(client, err)
	return err
}

// Refused writes down that a client which has proved who it is does not get in.
func (a *Authenticator) Refused(client *server.Client, err error) {
	(&conversation{Authenticator: a, client: client, addr: address(client.Conn.RemoteAddr())}).record(err)
}

// run is ClientAuthentication of PostgreSQL's auth.c.
func (c *conversation) run(ctx context.Context, r *rules) error {
	startup, encrypted := c.client.Startup, c.client.Conn.TLS()
	c.rule = r.hba.Match(hba.Conn{
		Local: !c.addr.IsValid(), Addr: c.addr, TLS: encrypted != nil,
		User: startup.User, Database: startup.Database,
		Member:     func(role string) bool { return c.cfg.Roles != nil && c.cfg.Roles.Member(startup.User, role) },
		Interfaces: interfaces,
	})
	if c.rule == nil {
		return c.refuse(sqlstate.InvalidAuthorization, `no pg_hba.conf entry for host "%s", user "%s", database "%s", %s`,
			c.host(), startup.User, startup.Database, encryption(encrypted))
	}
	if c.rule.ClientCert != hba.CertOff {
		if !c.cfg.ClientCA {
			return c.refuse(sqlstate.ConfigFileError, "client certificates can only be checked if a root certificate store is available")
		}
		if len(encrypted.PeerCertificates) == 0 {
			return c.refuse(sqlstate.InvalidAuthorization, "connection requires a valid client certificate")
		}
	}
	switch c.rule.Method {
	case hba.Reject:
		return c.refuse(sqlstate.InvalidAuthorization, `pg_hba.conf rejects connection for host "%s", user "%s", database "%s", %s`,
			c.host(), startup.User, startup.Database, encryption(encrypted))
	case hba.SCRAM, hba.MD5, hba.Password:
		if err := c.password(ctx); err != nil {
			return err
		}
	}
	if c.rule.ClientCert == hba.VerifyFull {
		return c.certificate(r.ident, encrypted)
	}
	return nil
}

// refuse is an error that says it all.
func (c *conversation) refuse(code sqlstate.Code, format string, args ...any) error {
	return sqlstate.Fatalf(code, format, args...)
}

// failed is auth_failed: the client is told no more than the method.
func (c *conversation) failed(reason string) error {
	c.reason = reason
	user := c.client.Startup.User
	switch c.rule.Method {
	case hba.Password, hba.MD5, hba.SCRAM:
		return c.refuse(sqlstate.InvalidPassword, `password authentication failed for user "%s"`, user)
	case hba.Cert:
		return c.refuse(sqlstate.InvalidAuthorization, `certificate authentication failed for user "%s"`, user)
	}
	return c.refuse(sqlstate.InvalidAuthorization, `"trust" authentication failed for user "%s"`, user)
}

// record writes a refusal down. A client that leaves instead of giving a password is
// none: psql does that to ask its user for one.
func (c *conversation) record(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return
	}
	var e *sqlstate.Error
	var details []slog.Attr
	switch {
	case errors.As(err, &e):
		details = append(details, slog.String("error", e.Message), slog.String("sqlstate", string(e.Code)))
		if e.Detail != "" {
			details = append(details, slog.String("detail", e.Detail))
		}
	case wire.IsTimeout(err):
		details = append(details, slog.String("error", "canceling authentication due to timeout"))
	default:
		details = append(details, slog.String("error", err.Error()))
	}
	if c.reason != "" {
		details = append(details, slog.String("reason", c.reason))
	}
	if c.rule != nil {
		details = append(details, slog.Int("hba_line", c.rule.Line))
	}
	c.cfg.Audit.Record(audit.Event{
		Kind: audit.LoginRefused, Details: details,
		Actor: audit.Actor{Role: c.client.Startup.User, Database: c.client.Startup.Database, Address: c.host()},
	})
}

// host is how messages name the client's address.
func (c *conversation) host() string {
	if !c.addr.IsValid() {
		return "[local]"
	}
	return c.addr.String()
}

func encryption(t *wire.TLS) string {
	if t != nil {
		return "SSL encryption"
	}
	return "no encryption"
}

// address is a client's IP address, invalid for a Unix socket.
func address(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}

// interfaces are this machine's addresses, for samehost and samenet.
func interfaces() []netip.Prefix {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var prefixes []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}
