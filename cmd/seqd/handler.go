package main

import (
	"context"
	"log/slog"
	"net"

	"seqd/engine/query"
	"seqd/server"
	"seqd/server/session"
	"seqd/server/session/settings"
)

// handler runs a session for every client of the server.
type handler struct {
	backend    session.Backend
	statements *session.StatementCache
	logger     *slog.Logger
	settings   map[string]string
	defaults   []settings.Parameter
	directory  *session.Directory
	access     *access
}

// Serve implements server.Handler. Its frame stays for the session's life, so it is
// small.
func (h *handler) Serve(_ context.Context, c *server.Client) error {
	s, err := h.session(c)
	if err != nil {
		return err
	}
	return s.Run()
}

// session is a client's session, ready to run.
//
//go:noinline
func (h *handler) session(c *server.Client) (*session.Session, error) {
	parameters := make([]settings.Parameter, len(c.Startup.Parameters))
	for i, p := range c.Startup.Parameters {
		parameters[i] = settings.Parameter(p)
	}
	address, port := clientAddress(c.Conn.RemoteAddr())
	s, err := session.New(session.Config{
		Directory: h.directory, Address: address, Port: port, TLS: clientTLS(c),
		Backend: h.backend, Conn: c.Conn, Statements: h.statements, Logger: h.logger,
		PID: c.PID, Secret: c.Secret,
		User: c.Startup.User, Database: c.Startup.Database, Options: c.Startup.Options, Parameters: parameters,
		ServerSettings: h.settings, Defaults: h.defaults, Access: h.access, Audit: h.access.audit,
	})
	if err != nil {
		h.access.Refused(c, err)
		return nil, err
	}
	c.OnCancel(s.Cancel)
	c.OnTerminate(s.Terminate)
	return s, nil
}

// clientAddress is where a client comes from, nothing for a Unix socket.
func clientAddress(addr net.Addr) (string, int) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "", 0
	}
	return tcp.IP.String(), tcp.Port
}

// clientTLS is what pg_stat_ssl shows of a connection, nil if it is in the clear.
func clientTLS(c *server.Client) *query.TLS {
	s, ok := c.SSL()
	if !ok {
		return nil
	}
	return &query.TLS{Version: s.Version, Cipher: s.Cipher, Bits: int32(s.Bits), ClientDN: s.ClientDN, Serial: s.ClientSerial, Issuer: s.IssuerDN}
}
