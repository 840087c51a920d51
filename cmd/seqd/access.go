package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/engine"
	"seqd/protocol/wire"
	"seqd/server/audit"
	"seqd/server/auth"
	"seqd/server/certs"
)

// access is who gets in, and how.
type access struct {
	*auth.Authenticator
	audit        audit.Sink
	certificates *certs.Store // nil: no TLS
	reloads      bool         // there are files that may change
	member       *member      // set before the first client comes
}

// openAccess reads the files, before a port or the data folder is touched.
func openAccess(cfg *config.Serve, logger *slog.Logger) (*access, error) {
	a := &access{reloads: cfg.HBAFile != "" || cfg.TLSCert != "", audit: audit.Log{Logger: logger}}
	var err error
	if cfg.TLSCert != "" {
		files := certs.Files{Cert: cfg.TLSCert, Key: cfg.TLSKey, ClientCA: cfg.TLSClientCA}
		if a.certificates, err = certs.NewStore(files, wire.ALPN, logger); err != nil {
			return nil, err
		}
	}
	a.Authenticator, err = auth.New(auth.Config{
		Roles: a, HBAFile: cfg.HBAFile, IdentFile: cfg.IdentFile,
		TLS: cfg.TLSCert != "", ClientCA: cfg.TLSClientCA != "",
		MockSecret: a.mockSecret, Audit: a.audit, Logger: logger,
	})
	return a, err
}

// tls is what wire.Config wants.
func (a *access) tls() func() *tls.Config {
	if a.certificates == nil {
		return nil
	}
	return a.certificates.Config
}

// Reload reads all files again: SIGHUP and pg_reload_conf().
func (a *access) Reload() bool {
	ok := a.Authenticator.Reload()
	if a.certificates != nil {
		ok = a.certificates.Reload() && ok
	}
	return ok
}

// reloadOnSignal has SIGHUP do it. Without files SIGHUP keeps its meaning: the
// terminal is gone.
func (a *access) reloadOnSignal() (stop func()) {
	if !a.reloads {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-signals:
				a.Reload()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// mockSecret is known to all nodes of a cluster and to nobody who only sends SQL: its
// random name, which no statement shows.
func (a *access) mockSecret() []byte {
	mac := hmac.New(sha256.New, []byte(a.member.node.Status().ClusterID))
	mac.Write([]byte("mock authentication"))
	return mac.Sum(nil)
}

// Role implements auth.Roles with this node's catalog. The leader is not asked: it
// would take longer for unknown users.
func (a *access) Role(name string, now time.Time) (auth.Role, bool) {
	r, ok := a.member.backend.Catalog().Role(name)
	if !ok {
		return auth.Role{}, false
	}
	return auth.Role{
		CanLogin: r.CanLogin, Superuser: r.Superuser, Verifier: r.Password,
		Expired: r.ValidUntil.Set && r.ValidUntil.Micros < postgresTime(now), ConnectionLimit: int(r.ConnectionLimit),
	}, true
}

// Member implements auth.Roles.
func (a *access) Member(user, role string) bool {
	catalog := a.member.backend.Catalog()
	u, ok := catalog.Role(user)
	r, ok2 := catalog.Role(role)
	return ok && ok2 && engine.Access{Catalog: catalog}.IsMemberNotSuper(u.OID, r.OID)
}

// postgresTime counts microseconds from 2000-01-01, as engine.Time does.
func postgresTime(t time.Time) int64 {
	return t.UnixMicro() - time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
}
