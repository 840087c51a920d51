package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// openIdle opens connections that log in, draw one value and then say nothing. They are
// bare sockets, so that this process needs little for them.
func openIdle(addr string, n int) ([]net.Conn, error) {
	conns := make([]net.Conn, n)
	errs := make([]error, n)
	slots := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			conns[i], errs[i] = openOne(addr)
		})
	}
	wg.Wait()
	open := conns[:0]
	for _, c := range conns {
		if c != nil {
			open = append(open, c)
		}
	}
	return open, errors.Join(errs...)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		_ = c.Close()
	}
}

func openOne(addr string) (net.Conn, error) {
	hello, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber,
		Parameters: map[string]string{"user": "postgres", "database": "postgres"}}).Encode(nil)
	if err != nil {
		return nil, err
	}
	query, err := (&pgproto3.Query{String: "SELECT nextval('s')"}).Encode(nil)
	if err != nil {
		return nil, err
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	for _, message := range [][]byte{hello, query} {
		if _, err = c.Write(message); err == nil {
			err = untilReady(c)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// untilReady reads up to ReadyForQuery.
func untilReady(r io.Reader) error {
	var head [5]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		size := int64(head[1])<<24 | int64(head[2])<<16 | int64(head[3])<<8 | int64(head[4])
		body, err := io.ReadAll(io.LimitReader(r, size-4))
		switch {
		case err != nil:
			return err
		case head[0] == 'E':
			return fmt.Errorf("the server says %q", body)
		case head[0] == 'Z':
			return nil
		}
	}
}
