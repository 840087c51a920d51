package auth

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// pipeline sends simple queries without waiting for answers, and returns what came back
// for each: rows, notices, errors and changed settings, as text.
func pipeline(t *testing.T, addr string, queries []string) []string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": "postgres", "database": "postgres"}})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := answer(f); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		out := pgproto3.NewFrontend(nil, conn) // Send and Receive of one Frontend share no state, but say so nowhere
		for i, q := range queries {
			out.Send(&pgproto3.Query{String: q})
			if i%64 == 63 || i+1 == len(queries) {
				if err := out.Flush(); err != nil {
					sent <- err
					return
				}
			}
		}
		sent <- nil
	}()
	answers := make([]string, len(queries))
	for i := range queries {
		if answers[i], err = answer(f); err != nil {
			t.Fatalf("%s: %v", queries[i], err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	return answers
}

// answer reads up to ReadyForQuery.
func answer(f *pgproto3.Frontend) (string, error) {
	var b strings.Builder
	for {
		msg, err := f.Receive()
		if err != nil {
			return "", err
		}
		switch m := msg.(type) {
		case *pgproto3.ReadyForQuery:
			return b.String() + string(m.TxStatus), nil
		case *pgproto3.RowDescription:
			for _, field := range m.Fields {
				fmt.Fprintf(&b, "%s:%d ", field.Name, field.DataTypeOID)
			}
		case *pgproto3.DataRow:
			b.WriteString("(")
			for i, v := range m.Values {
				if i > 0 {
					b.WriteString(",")
				}
				if v == nil {
					b.WriteString("NULL")
				}
				b.Write(v)
			}
			b.WriteString(") ")
		case *pgproto3.CommandComplete:
			fmt.Fprintf(&b, "%s; ", m.CommandTag)
		case *pgproto3.ParameterStatus:
			fmt.Fprintf(&b, "%s=%s; ", m.Name, m.Value)
		case *pgproto3.ErrorResponse:
			b.WriteString(complaint(*m))
		case *pgproto3.NoticeResponse:
			b.WriteString(complaint(pgproto3.ErrorResponse(*m)))
		}
	}
}

func complaint(e pgproto3.ErrorResponse) string {
	return fmt.Sprintf("%s %s %s|%s|%s|%d; ", e.Severity, e.Code, e.Message, e.Detail, e.Hint, e.Position)
}
