package auth

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/scram"
	"seqd/protocol/sqlstate"
	"seqd/server/hba"
)

// password asks for one, by SCRAM or in clear.
func (c *conversation) password(ctx context.Context) error {
	verifier := c.verifier()
	if c.rule.Method == hba.Password {
		return c.clear(ctx, verifier)
	}
	return c.sasl(ctx, verifier)
}

// verifier is what to compare with. Where there is none to compare with, it is one
// that nothing fits, so that all goes its usual way; c.reason then says why it fails
// in the end (get_role_password).
func (c *conversation) verifier() scram.Verifier {
	user := c.client.Startup.User
	role, ok := c.role(user)
	verifier, isVerifier := scram.ParseVerifier(role.Verifier)
	switch {
	case !ok:
		c.reason = `Role "` + user + `" does not exist.`
	case role.Verifier == "":
		c.reason = `User "` + user + `" has no password assigned.`
	case !isVerifier:
		c.reason = `User "` + user + `" does not have a valid SCRAM secret.`
	case role.Expired:
		c.reason = `User "` + user + `" has an expired password.`
		return verifier
	default:
		return verifier
	}
	return scram.Mock(c.cfg.MockSecret(), user)
}

func (c *conversation) role(user string) (Role, bool) {
	if c.cfg.Roles == nil {
		return Role{}, false
	}
	return c.cfg.Roles.Role(user, time.Now())
}

// judge says whether a password did, and takes its time for saying no. check is what
// the password can be found out by.
func (c *conversation) judge(ctx context.Context, check func() (bool, error)) error {
	doomed := c.reason != ""
	var broken error
	err := c.throttle.attempt(ctx, c.addr, c.client.Startup.User, func() bool {
		ok, err := check()
		broken = err
		return ok && !doomed && err == nil
	})
	switch {
	case broken != nil:
		return broken
	case err == errWrong:
		if !doomed {
			c.reason = `Password does not match for user "` + c.client.Startup.User + `".`
		}
		return c.failed(c.reason)
	}
	return err
}

// clear is CheckPasswordAuth. PostgreSQL would take a password from the network
// unencrypted; seqd does not ask for it.
func (c *conversation) clear(ctx context.Context, verifier scram.Verifier) error {
	if c.addr.IsValid() && c.client.Conn.TLS() == nil {
		return sqlstate.Fatalf(sqlstate.InvalidAuthorization, "password authentication needs an encrypted connection").
			WithHint("Connect with sslmode=verify-full, or use scram-sha-256 in pg_hba.conf.")
	}
	answer, err := c.ask(&pgproto3.AuthenticationCleartextPassword{}, pgproto3.AuthTypeCleartextPassword)
	if err != nil {
		return err
	}
	password := answer.(*pgproto3.PasswordMessage).Password
	if password == "" {
		return sqlstate.Fatalf(sqlstate.InvalidPassword, "empty password returned by client")
	}
	return c.judge(ctx, func() (bool, error) { return verifier.Matches(password), nil })
}

// sasl is CheckSASLAuth.
func (c *conversation) sasl(ctx context.Context, verifier scram.Verifier) error {
	var binding []byte
	if t := c.client.Conn.TLS(); t != nil {
		binding = scram.EndPoint(t.Certificate)
	}
	answer, err := c.ask(&pgproto3.AuthenticationSASL{AuthMechanisms: scram.Mechanisms(binding)}, pgproto3.AuthTypeSASL)
	if err != nil {
		return err
	}
	initial := answer.(*pgproto3.SASLInitialResponse)
	exchange, err := scram.NewExchange(verifier, initial.AuthMechanism, binding)
	if err != nil {
		return err
	}
	first := initial.Data
	if len(first) == 0 { // the client begins with the next message
		if first, err = c.challenge(nil); err != nil {
			return err
		}
	}
	challenge, err := exchange.First(first)
	if err != nil {
		return err
	}
	final, err := c.challenge(challenge)
	if err != nil {
		return err
	}
	var proof []byte
	err = c.judge(ctx, func() (bool, error) {
		proof, err = exchange.Final(final)
		return proof != nil, err
	})
	if err == nil {
		c.client.Conn.Send(&pgproto3.AuthenticationSASLFinal{Data: proof})
	}
	return err
}

func (c *conversation) challenge(data []byte) ([]byte, error) {
	answer, err := c.ask(&pgproto3.AuthenticationSASLContinue{Data: data}, pgproto3.AuthTypeSASLContinue)
	if err != nil {
		return nil, err
	}
	return answer.(*pgproto3.SASLResponse).Data, nil
}

// ask sends a request and waits for the answer to it.
func (c *conversation) ask(request pgproto3.BackendMessage, kind uint32) (pgproto3.FrontendMessage, error) {
	c.client.Conn.Send(request)
	if err := c.client.Conn.Flush(); err != nil {
		return nil, err
	}
	return c.client.Conn.ReceivePassword(kind)
}
