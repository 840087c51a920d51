package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"

	"seqd/engine/query"
	"seqd/protocol/wire"
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
}

// Serve implements server.Handler.
func (h *handler) Serve(_ context.Context, c *server.Client) error {
	parameters := make([]settings.Parameter, len(c.Startup.Parameters))
	for i, p := range c.Startup.Parameters {
		parameters[i] = settings.Parameter(p)
	}
	address, port := clientAddress(c.Conn.RemoteAddr())
	s, err := session.New(session.Config{
		Directory: h.directory, Address: address, Port: port, TLS: clientTLS(c.Conn.TLS()),
		Backend: h.backend, Conn: c.Conn, Statements: h.statements, Logger: h.logger,
		PID: c.PID, Secret: c.Secret,
		User: c.Startup.User, Database: c.Startup.Database, Options: c.Startup.Options, Parameters: parameters,
		ServerSettings: h.settings, Defaults: h.defaults,
	})
	if err != nil {
		return err
	}
	c.OnCancel(s.Cancel)
	c.OnTerminate(s.Terminate)
	return s.Run()
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
func clientTLS(t *wire.TLS) *query.TLS {
	if t == nil {
		return nil
	}
	out := &query.TLS{Version: strings.Replace(tls.VersionName(t.Version), "TLS ", "TLSv", 1), Cipher: tls.CipherSuiteName(t.CipherSuite), Bits: cipherBits(t.CipherSuite)}
	if len(t.PeerCertificates) > 0 {
		c := t.PeerCertificates[0]
		out.ClientDN, out.Issuer, out.Serial = "/"+strings.ReplaceAll(c.Subject.String(), ",", "/"), "/"+strings.ReplaceAll(c.Issuer.String(), ",", "/"), c.SerialNumber.String()
	}
	return out
}

// cipherBits is the length of the symmetric key.
func cipherBits(suite uint16) int32 {
	if name := tls.CipherSuiteName(suite); strings.Contains(name, "_256_") || strings.Contains(name, "CHACHA20") {
		return 256
	}
	return 128
}
