package drive

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/bench/result"
)

// messages are the bytes that every client sends.
type messages struct {
	draw   []byte // a pipeline of draws, up to its Sync
	parse  []byte // makes the prepared statement; nil: none
	binary bool   // values come in binary
}

// statementName is that of the prepared statement.
const statementName = "draw"

var discardAll = must((&pgproto3.Query{String: "DISCARD ALL"}).Encode(nil))

// Statement is the SQL that draws n values.
func Statement(sequence string, n int) string {
	sql := "SELECT nextval('" + strings.ReplaceAll(sequence, "'", "''") + "')"
	if n > 1 {
		sql += fmt.Sprintf(" FROM generate_series(1, %d)", n)
	}
	return sql
}

// makeMessages makes what libpq would send: PQexec, PQexecParams, PQexecPrepared, or
// its pipeline mode with one PQpipelineSync behind each pipeline.
func makeMessages(load Load) *messages {
	sql := Statement(load.Sequence, load.Batch)
	sync := must((&pgproto3.Sync{}).Encode(nil))
	if load.Protocol == result.Simple {
		return &messages{draw: must((&pgproto3.Query{String: sql}).Encode(nil))}
	}
	m := messages{binary: true}
	name := statementName
	if load.Protocol == result.Extended {
		name = ""
	}
	parse := must((&pgproto3.Parse{Name: name, Query: sql}).Encode(nil))
	for range load.Depth {
		if load.Protocol == result.Extended {
			m.draw = append(m.draw, parse...)
		}
		m.draw = must((&pgproto3.Bind{PreparedStatement: name, ResultFormatCodes: []int16{pgproto3.BinaryFormat}}).Encode(m.draw))
		m.draw = must((&pgproto3.Describe{ObjectType: 'P'}).Encode(m.draw))
		m.draw = must((&pgproto3.Execute{}).Encode(m.draw))
	}
	m.draw = append(m.draw, sync...)
	if load.Protocol != result.Extended {
		m.parse = append(parse, sync...)
	}
	return &m
}

// must is for messages that always fit into their length field.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
