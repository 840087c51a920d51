package session

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A script of messages has no bytes: it is answered the general way. Answers that come
// as bytes it takes apart.

func (c *script) Await() error      { return nil }
func (c *script) Ahead() []byte     { return nil }
func (c *script) Skip(int)          {}
func (c *script) Message() []byte   { return nil }
func (c *script) Output(int) []byte { return nil }

func (c *script) SetOutput(b []byte) {
	f := pgproto3.NewFrontend(bytes.NewReader(b), nil)
	for {
		msg, err := f.Receive()
		if err != nil {
			return
		}
		c.Send(msg)
	}
}
