package wire

import (
	"crypto/tls"
	"crypto/x509"
	"net"
)

// ALPN is the protocol's name in TLS: a client that begins with TLS at once must
// offer it, one that asks first may.
const ALPN = "postgresql"

// tlsRecord is the first byte of a TLS handshake. No start-up packet begins with
// it: that would be its length's highest byte.
const tlsRecord = 0x16

// TLS is what is known of an encrypted connection.
type TLS struct {
	tls.ConnectionState
	// Certificate is the one that the client was shown: channel binding needs it.
	Certificate *x509.Certificate
}

// TLS returns nil for a connection without encryption.
func (c *Conn) TLS() *TLS { return c.tls }

// tlsConfig is what to encrypt with, nil if there is nothing. A Unix socket is
// never encrypted, as in PostgreSQL.
func (c *Conn) tlsConfig() *tls.Config {
	if c.cfg.TLS == nil {
		return nil
	}
	if _, unix := c.net.RemoteAddr().(*net.UnixAddr); unix {
		return nil
	}
	return c.cfg.TLS()
}

// acceptTLS answers an SSLRequest with yes, and encrypts.
func (c *Conn) acceptTLS(config *tls.Config) error {
	if err := c.answerEncryption('S', "SSL request"); err != nil {
		return err
	}
	return c.startTLS(config, c.net)
}

// directTLS encrypts a connection whose first bytes are TLS already (libpq 17's
// sslnegotiation=direct). The protocol must be named in the handshake: it is what
// keeps a client of another protocol from being led here.
func (c *Conn) directTLS(config *tls.Config) error {
	received := append([]byte(nil), c.in.bytes()...)
	c.in.discard(len(received))
	if err := c.startTLS(config, &replay{Conn: c.net, first: received}); err != nil {
		return err
	}
	if c.tls.NegotiatedProtocol != ALPN {
		return hangup("received direct SSL connection request without ALPN protocol negotiation extension", nil)
	}
	return nil
}

// startTLS does the handshake over conn, which is c.net or stands for it. Deadlines
// and closing stay with c.net.
func (c *Conn) startTLS(config *tls.Config, conn net.Conn) error {
	c.out.extendDeadline()
	encrypted := tls.Server(conn, config)
	if err := encrypted.Handshake(); err != nil {
		return hangup("could not accept SSL connection", err)
	}
	c.in.release()
	c.in, c.out.dst, c.out.socket = newInput(encrypted, nil), encrypted, nil
	c.tls = &TLS{ConnectionState: encrypted.ConnectionState()}
	if len(config.Certificates) > 0 {
		c.tls.Certificate = config.Certificates[0].Leaf
	}
	return nil
}

// sayGoodbyeTLS tells the client that the end is no accident (close_notify).
func (c *Conn) sayGoodbyeTLS() {
	if encrypted, ok := c.out.dst.(*tls.Conn); ok {
		_ = encrypted.CloseWrite() // the client may be gone
	}
}

// replay is a connection of which something was read already.
type replay struct {
	net.Conn
	first []byte
}

func (r *replay) Read(b []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(b, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(b)
}
