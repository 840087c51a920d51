package nullserver

import (
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

var (
	protoColumns = &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("nextval"), DataTypeOID: 20, DataTypeSize: 8, TypeModifier: -1}}}
	protoRow  = &pgproto3.DataRow{Values: [][]byte{[]byte("1234567")}}
	protoOne  = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}
	protoMany = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1000")}
	ready     = &pgproto3.ReadyForQuery{TxStatus: 'I'}
)

// serveProto does what serveRaw does, with pgproto3's messages.
func serveProto(conn net.Conn) {
	defer conn.Close()
	if !greet(conn, make([]byte, 16<<10)) {
		return
	}
	b := pgproto3.NewBackend(conn, conn)
	for {
		msg, err := b.Receive()
		if err != nil {
			return
		}
		if !protoAnswer(b, msg) {
			return
		}
	}
}

func protoAnswer(b *pgproto3.Backend, msg pgproto3.FrontendMessage) bool {
	switch msg := msg.(type) {
	case *pgproto3.Terminate:
		return false
	case *pgproto3.Parse:
		b.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Bind:
		b.Send(&pgproto3.BindComplete{})
	case *pgproto3.Describe:
		if msg.ObjectType == 'S' {
			b.Send(&pgproto3.ParameterDescription{})
		}
		b.Send(protoColumns)
	case *pgproto3.Execute:
		b.Send(protoRow)
		b.Send(protoOne)
	case *pgproto3.Close:
		b.Send(&pgproto3.CloseComplete{})
	case *pgproto3.Sync:
		b.Send(ready)
		return b.Flush() == nil
	case *pgproto3.Query:
		rows, done := 1, protoOne
		if strings.Contains(msg.String, "generate_series") {
			rows, done = seriesRows, protoMany
		}
		b.Send(protoColumns)
		for range rows {
			b.Send(protoRow)
		}
		b.Send(done)
		b.Send(ready)
		return b.Flush() == nil
	case *pgproto3.Flush:
		return b.Flush() == nil
	}
	return true
}
