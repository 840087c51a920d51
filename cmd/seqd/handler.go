package main

import (
	"context"
	"log/slog"

	"seqd/engine/query"
	"seqd/server"
	"seqd/server/session"
	"seqd/server/session/settings"
)

// handler makes a session for every client of the server.
type handler struct {
	backend    session.Backend
	statements *session.StatementCache
	logger     *slog.Logger
	settings   map[string]string
	defaults   []settings.Parameter
	directory  *session.Directory
	access     *access
}

// Begin implements server.Handler.
func (h *handler) Begin(_ context.Context, c *server.Client) (server.Session, error) {
	parameters := make([]settings.Parameter, len(c.Startup.Parameters))
	for i, p := range c.Startup.Parameters {
		parameters[i] = settings.Parameter(p)
	}
	address, port := session.SplitAddress(c.Conn.RemoteAddr())
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

// clientTLS is what pg_stat_ssl shows of a connection, nil if it is in the clear.
func clientTLS(c *server.Client) *query.TLS {
	s, ok := c.SSL()
	if !ok {
		return nil
	}
	return &query.TLS{Version: s.Version, Cipher: s.Cipher, Bits: int32(s.Bits), ClientDN: s.ClientDN, Serial: s.ClientSerial, Issuer: s.IssuerDN}
}
